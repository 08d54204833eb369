// The write path: one transaction a batch. Blocks claim their heights, rows follow by COPY, and the short tail that the writers
// of a chain take in turn links, covers and announces. Imports only domain and its neighbours in the store.
import { rangesOf, type Height } from "../domain/height.js";
import type { BlockData } from "../domain/transaction.js";
import { checkBatch } from "./batch-check.js";
import {
  blockColumns,
  copyTargets,
  prepareHeight,
  transactionLines,
  type PreparedHeight,
  type TransactionLines,
} from "./batch-rows.js";
import type { ChainIds } from "./chain-ids.js";
import { claimHeights, type ClaimedHeight } from "./claim-heights.js";
import { sqlStateOf } from "./failures.js";
import { orphansOf, unlinkedBy } from "./links.js";
import { writeMultirange } from "./multirange.js";
import type { Store, WriteBatch, WriteResult } from "./port.js";
import { writeQuarantine } from "./quarantine.js";
import { arrayLiteral, type Database, type Session } from "./sql.js";
import { checkTimeOrder, keepsBlockTime } from "./time-order.js";

export interface WriteDeps {
  readonly database: Database;
  readonly chainIds: ChainIds;
}

/** Writers that met at the same heights, or deadlocked, try again so often. */
const attempts = 5;

export function createWrite({ database, chainIds }: WriteDeps): Store["write"] {
  return async (batch) => {
    checkBatch(batch);
    const chainId = await chainIds.ensure(batch.chain);
    const prepared = batch.heights
      .map((data) => prepareHeight(chainId, data))
      .sort((a, b) => a.block.height - b.block.height);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await database.transaction((session) => writeBatch(session, { chainId, prepared, batch }));
      } catch (error) {
        const state = sqlStateOf(error);
        if (attempt >= attempts || (state !== "40001" && state !== "40P01")) throw error;
      }
    }
  };
}

interface Work {
  readonly chainId: number;
  readonly prepared: readonly PreparedHeight[];
  readonly batch: WriteBatch;
}

async function writeBatch(session: Session, { chainId, prepared, batch }: Work): Promise<WriteResult> {
  const claimed = await claimHeights(session, chainId, prepared);
  const changed = claimed.filter(({ change }) => change !== "none");
  await deleteRows(session, chainId, heightsOf(changed.filter(({ change }) => change !== "new")));
  await copyRows(session, changed);
  const loose = await writeLoose(session, chainId, batch.loose ?? []);

  const whole = heightsOf(claimed);
  const touched = [...heightsOf(changed), ...loose.changed];
  if (!(await needsTail(session, chainId, { whole, touched, quarantined: batch.quarantined ?? [] })))
    return nothingChanged;

  // From here on the writers of a chain take turns: what is read below includes all that was committed before.
  await session.query({ text: "select id from chain where id = $1 for update", values: [chainId] });
  const orphans = await orphansOf(session, chainId, [...replacedHashes(claimed), ...loose.replaced]);
  await deleteHeights(session, chainId, orphans);
  const unlinked = await unlinkedBy(session, chainId, whole);
  const ordered = keepsBlockTime([...batch.heights, ...(batch.loose ?? []).map(asData)]);
  await checkTimeOrder(session, chainId, { heights: touched, ordered });
  await writeQuarantine(session, chainId, { whole, quarantined: batch.quarantined ?? [] });
  await cover(session, chainId, { add: whole, remove: [...unlinked, ...orphans, ...loose.uncovered] });
  await announce(session, chainId, [...touched, ...orphans]);

  return {
    blocks: changed.length,
    transactions: changed.reduce(
      (sum, { prepared: { transactions } }) => sum + transactions,
      loose.transactions,
    ),
    replaced: [...changed.filter(({ change }) => change === "replaced").map(heightOf), ...orphans].sort(
      ascending,
    ),
    unlinked: [...unlinked].sort(ascending),
  };
}

function asData({ block, transaction }: NonNullable<WriteBatch["loose"]>[number]): BlockData {
  return { block, transactions: [transaction] };
}

const nothingChanged: WriteResult = { blocks: 0, transactions: 0, replaced: [], unlinked: [] };

function heightOf({ prepared }: ClaimedHeight): Height {
  return prepared.block.height;
}

function heightsOf(claimed: readonly ClaimedHeight[]): Height[] {
  return claimed.map(heightOf);
}

function ascending(a: number, b: number): number {
  return a - b;
}

function replacedHashes(claimed: readonly ClaimedHeight[]): { height: Height; hash: string }[] {
  return claimed.flatMap((each) =>
    each.replacedHash === undefined ? [] : [{ height: heightOf(each), hash: each.replacedHash }],
  );
}

async function copyRows(session: Session, changed: readonly ClaimedHeight[]): Promise<void> {
  const joined = (kind: keyof TransactionLines): string =>
    changed.map(({ prepared }) => prepared.lines[kind]).join("");
  for (const kind of ["transactions", "accounts", "types"] as const) {
    const lines = joined(kind);
    if (lines !== "") await session.copy(copyTargets[kind], lines);
  }
}

/** Deletes what hangs on the blocks of these heights. */
async function deleteRows(session: Session, chainId: number, heights: readonly Height[]): Promise<void> {
  if (heights.length === 0) return;
  const values = [chainId, arrayLiteral(heights)];
  for (const table of [`"transaction"`, "account_transaction", "type_transaction"]) {
    await session.query({
      text: `delete from ${table} where chain_id = $1 and height = any($2::int8[])`,
      values,
    });
  }
}

async function deleteHeights(session: Session, chainId: number, heights: readonly Height[]): Promise<void> {
  if (heights.length === 0) return;
  await deleteRows(session, chainId, heights);
  await session.query({
    text: "delete from block where chain_id = $1 and height = any($2::int8[])",
    values: [chainId, arrayLiteral(heights)],
  });
}

interface LooseResult {
  readonly changed: readonly Height[];
  readonly replaced: readonly { height: Height; hash: string }[];
  readonly uncovered: readonly Height[];
  readonly transactions: number;
}

/** Stores single transactions: never over a whole height of the same block, and never as if they made one whole. */
async function writeLoose(
  session: Session,
  chainId: number,
  loose: NonNullable<WriteBatch["loose"]>,
): Promise<LooseResult> {
  const changed: Height[] = [];
  const replaced: { height: Height; hash: string }[] = [];
  for (const { block, transaction } of [...loose].sort((a, b) => a.block.height - b.block.height)) {
    const { height, timeNs, transactionCount, hash, parentHash, epoch, proposer } = blockColumns(block);
    const values = [chainId, height, timeNs, transactionCount, hash, parentHash, epoch, proposer];
    await session.query({
      text: `insert into block (chain_id, height, time_ns, transaction_count, hash, parent_hash, epoch, proposer)
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
      values,
    });
    const [stored] = await session.query<{ hash: string; whole: boolean }>({
      text: "select hash, digest is not null as whole from block where chain_id = $1 and height = $2 for update",
      values: [chainId, height],
    });
    if (stored?.hash === hash && stored.whole) continue;
    if (stored !== undefined && stored.hash !== hash) {
      replaced.push({ height, hash: stored.hash });
      await deleteRows(session, chainId, [height]);
      await session.query({
        text: `update block set time_ns = $3, transaction_count = $4, hash = $5, parent_hash = $6, epoch = $7, proposer = $8,
               digest = null where chain_id = $1 and height = $2`,
        values,
      });
    }
    const [known] = await session.query<{ one: number }>({
      text: `select 1 as one from "transaction" where chain_id = $1 and height = $2 and "index" = $3`,
      values: [chainId, height, transaction.index],
    });
    if (known !== undefined) continue;
    const lines = transactionLines(chainId, [transaction]);
    for (const kind of ["transactions", "accounts", "types"] as const) {
      if (lines[kind] !== "") await session.copy(copyTargets[kind], lines[kind]);
    }
    changed.push(height);
  }
  return { changed, replaced, uncovered: replaced.map(({ height }) => height), transactions: changed.length };
}

/** Whether anything is left to do after the rows: the same batch twice has nothing, and waits for nobody. */
async function needsTail(
  session: Session,
  chainId: number,
  {
    whole,
    touched,
    quarantined,
  }: { whole: readonly Height[]; touched: readonly Height[]; quarantined: readonly unknown[] },
): Promise<boolean> {
  if (touched.length > 0 || quarantined.length > 0) return true;
  const [row] = await session.query<{ covered: boolean }>({
    text: "select $2::int8multirange <@ heights as covered from coverage where chain_id = $1",
    values: [chainId, writeMultirange(rangesOf(whole))],
  });
  return row?.covered !== true;
}

async function cover(
  session: Session,
  chainId: number,
  { add, remove }: { add: readonly Height[]; remove: readonly Height[] },
): Promise<void> {
  await session.query({
    text: `insert into coverage (chain_id, heights) values ($1, $2::int8multirange - $3::int8multirange)
           on conflict (chain_id) do update set heights = (coverage.heights + $2::int8multirange) - $3::int8multirange`,
    values: [chainId, writeMultirange(rangesOf(add)), writeMultirange(rangesOf(remove))],
  });
}

async function announce(session: Session, chainId: number, heights: readonly Height[]): Promise<void> {
  if (heights.length === 0) return;
  await session.query({
    text: `with numbered as (update chain set sequence = sequence + 1 where id = $1 returning sequence)
           insert into outbox (chain_id, sequence, heights) select $1, sequence, $2::int8multirange from numbered`,
    values: [chainId, writeMultirange(rangesOf(heights))],
  });
}
