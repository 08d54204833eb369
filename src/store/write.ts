// The write path: one transaction per batch. It claims heights, copies rows, then links, covers and announces under the
// chain's lock. Imports only domain, lib and its neighbours in the store.
import { chainName } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import { rangesFromHeights, type Height } from "../domain/height.js";
import type { BlockData } from "../domain/transaction.js";
import type { Logger } from "../lib/logger.js";
import { checkBatch } from "./batch-check.js";
import { recordProgress } from "./chunk-progress.js";
import { prepareHeight, type PreparedHeight } from "./batch-rows.js";
import type { ChainIds } from "./chain-ids.js";
import { claimHeights, type ClaimedHeight } from "./claim-heights.js";
import type { Tally } from "./clean-text.js";
import { sqlStateOf } from "./failures.js";
import { orphansOf, unlinkedBy } from "./links.js";
import { writePartialBlocks, type PartialResult } from "./partial-blocks.js";
import { writeMultirange } from "./multirange.js";
import type { Store, WriteBatch, WriteResult } from "./port.js";
import { updateQuarantine } from "./quarantine.js";
import type { Database, SqlTransaction } from "./sql.js";
import { copyRows, deleteHeights, deleteRows, purgeRows } from "./stored-rows.js";
import { checkTimeOrder, keepsBlockTime } from "./time-order.js";

/** Dependencies of the writer. */
export interface WriteDeps {
  readonly database: Database;
  readonly chainIds: ChainIds;
  readonly logger: Logger;
  /** Receives the number of characters that a commit removed because PostgreSQL rejects them. */
  readonly onRemoved: (characters: number) => void;
}

/** Attempts of a batch after a conflict at the same heights or a deadlock. */
const attempts = 5;
const lostRace = new Set(["40001", "40P01"]);
const uniqueViolation = "23505";

/** Creates `Store.write`. */
export function createWrite({ database, chainIds, logger, onRemoved }: WriteDeps): Store["write"] {
  return async (batch) => {
    checkBatch(batch);
    const chainId = await chainIds.ensure(batch.chain);
    const tally = { removed: 0 };
    const prepared = batch.heights
      .map((data) => prepareHeight(chainId, data, tally))
      .sort((a, b) => a.block.height - b.block.height);
    let purge = false;
    for (let attempt = 1; ; attempt += 1) {
      const work = { chainId, prepared, batch, purge, tally: { ...tally } };
      try {
        const result = await database.transaction((sql) => writeBatch(sql, work));
        const { removed } = work.tally;
        if (removed > 0) {
          onRemoved(removed);
          logger.warn(
            { chain: chainName(batch.chain), removed },
            "Removed characters that PostgreSQL cannot store.",
          );
        }
        return result;
      } catch (error) {
        const state = sqlStateOf(error);
        // Rows without their block exist only after manual changes.
        purge ||= state === uniqueViolation;
        if (attempt >= attempts || state === undefined || !(lostRace.has(state) || state === uniqueViolation))
          throw error;
      }
    }
  };
}

interface Work {
  readonly chainId: number;
  /** Ascending. */
  readonly prepared: readonly PreparedHeight[];
  readonly batch: WriteBatch;
  readonly purge: boolean;
  readonly tally: Tally;
}

async function writeBatch(
  sql: SqlTransaction,
  { chainId, prepared, batch, purge, tally }: Work,
): Promise<WriteResult> {
  const claimed = await claimHeights(sql, chainId, prepared);
  const changed = claimed.filter(({ change }) => change !== "none");
  if (purge) await purgeRows(sql, chainId, heightsOf(changed));
  else await deleteRows(sql, chainId, heightsOf(changed.filter(({ change }) => change !== "new")));
  await copyRows(
    sql,
    changed.map((each) => each.prepared.lines),
  );
  const partial = await writePartialBlocks(sql, batch.partialBlocks ?? [], { chainId, tally });
  const whole = heightsOf(claimed);
  await updateQuarantine(sql, chainId, { whole, quarantined: batch.quarantined ?? [] });

  const touched = [...heightsOf(changed), ...partial.changed];
  await recordProgress(sql, batch.progress ?? []);
  if (touched.length === 0 && (await isCovered(sql, chainId, whole))) return nothingChanged;
  const { orphans, unlinked } = await finish(sql, chainId, { claimed, partial, touched, batch });
  // A batch's own partial block may descend from a replaced block: its height is then in both lists.
  const replaced = new Set([...replacedBlocks(claimed, partial).map(({ height }) => height), ...orphans]);
  return {
    blocks: changed.length,
    transactions: changed.reduce(
      (sum, { prepared: { transactions } }) => sum + transactions,
      partial.transactions,
    ),
    replaced: [...replaced].sort(ascending),
    unlinked: [...unlinked].sort(ascending),
  };
}

const nothingChanged: WriteResult = { blocks: 0, transactions: 0, replaced: [], unlinked: [] };

interface Tail {
  readonly claimed: readonly ClaimedHeight[];
  readonly partial: PartialResult;
  readonly touched: readonly Height[];
  readonly batch: WriteBatch;
}

/** Runs serially per chain: each writer sees all earlier commits, and commits right after. */
async function finish(
  sql: SqlTransaction,
  chainId: number,
  { claimed, partial, touched, batch }: Tail,
): Promise<{ readonly orphans: readonly Height[]; readonly unlinked: readonly Height[] }> {
  const sequence = await lockChain(sql, chainId, touched.length > 0);
  const orphans = await orphansOf(sql, chainId, replacedBlocks(claimed, partial));
  await deleteHeights(sql, chainId, orphans);
  const whole = heightsOf(claimed);
  const unlinked = await unlinkedBy(sql, chainId, whole);
  if (touched.length > 0) {
    const ordered = keepsBlockTime([...batch.heights, ...(batch.partialBlocks ?? []).map(asData)]);
    await checkTimeOrder(sql, chainId, { heights: touched, ordered });
  }
  await coverAndAnnounce(sql, chainId, {
    add: whole,
    remove: [...unlinked, ...orphans, ...partial.replaced.map(({ height }) => height)],
    announced: sequence === undefined ? undefined : { sequence, heights: [...touched, ...orphans] },
  });
  return { orphans, unlinked };
}

function asData({ block, transaction }: NonNullable<WriteBatch["partialBlocks"]>[number]): BlockData {
  return { block, transactions: [transaction] };
}

function heightOf({ prepared }: ClaimedHeight): Height {
  return prepared.block.height;
}

function heightsOf(claimed: readonly ClaimedHeight[]): Height[] {
  return claimed.map(heightOf);
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** Heights that held another block, with that block's hash. */
function replacedBlocks(
  claimed: readonly ClaimedHeight[],
  partial: PartialResult,
): { height: Height; hash: string }[] {
  const whole = claimed.flatMap((each) =>
    each.replacedHash === undefined ? [] : [{ height: heightOf(each), hash: each.replacedHash }],
  );
  return [...whole, ...partial.replaced];
}

/** Whether all heights are covered: a repeated batch then skips the chain's lock. */
async function isCovered(sql: SqlTransaction, chainId: number, whole: readonly Height[]): Promise<boolean> {
  if (whole.length === 0) return true;
  const [row] = await sql.query<{ covered: boolean }>({
    text: "select $2::int8multirange <@ heights as covered from coverage where chain_id = $1",
    values: [chainId, writeMultirange(rangesFromHeights(whole))],
  });
  return row?.covered === true;
}

/** Waits for earlier writers of the chain. Returns the announcement's number, if the commit is announced. */
async function lockChain(
  sql: SqlTransaction,
  chainId: number,
  announces: boolean,
): Promise<bigint | undefined> {
  const [row] = await sql.query<{ sequence: bigint }>({
    name: announces ? "lock-chain" : "lock-chain-silently",
    text: announces
      ? "update chain set sequence = sequence + 1 where id = $1 returning sequence"
      : "select sequence from chain where id = $1 for update",
    values: [chainId],
  });
  if (row === undefined)
    throw new IndexerError("INTERNAL", `The database has no chain with id ${chainId}. Restart the manager.`);
  return announces ? row.sequence : undefined;
}

async function coverAndAnnounce(
  sql: SqlTransaction,
  chainId: number,
  {
    add,
    remove,
    announced,
  }: {
    readonly add: readonly Height[];
    readonly remove: readonly Height[];
    readonly announced: { readonly sequence: bigint; readonly heights: readonly Height[] } | undefined;
  },
): Promise<void> {
  await sql.query({
    name: "cover-and-announce",
    text: `with covered as (
             insert into coverage (chain_id, heights) values ($1::int4, $2::int8multirange - $3::int8multirange)
             on conflict (chain_id) do update set heights = (coverage.heights + $2::int8multirange) - $3::int8multirange)
           insert into outbox (chain_id, sequence, heights)
           select $1::int4, $4::int8, $5::int8multirange where $4::int8 is not null`,
    values: [
      chainId,
      writeMultirange(rangesFromHeights(add)),
      writeMultirange(rangesFromHeights(remove)),
      announced?.sequence ?? null,
      writeMultirange(rangesFromHeights(announced?.heights ?? [])),
    ],
  });
}
