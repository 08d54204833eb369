// Which of a batch's heights are new, changed or known: each block's row is inserted or locked, in ascending order, so that writers
// who meet at a height wait for each other there and nowhere else.
import { IndexerError } from "../domain/errors.js";
import { blockColumns, type PreparedHeight } from "./batch-rows.js";
import { arrayLiteral, type Session } from "./sql.js";

export interface ClaimedHeight {
  readonly prepared: PreparedHeight;
  /** `replaced`: another block stood there; `refreshed`: the same block, whose rows differ or were not all there. */
  readonly change: "new" | "replaced" | "refreshed" | "none";
  /** The hash of the block that stood there. */
  readonly replacedHash?: string;
}

interface StoredBlock {
  readonly height: bigint;
  readonly hash: string;
  readonly digest: string | null;
}

const columns = `(chain_id, height, time_ns, transaction_count, hash, parent_hash, epoch, proposer, digest)`;
const given = `unnest($2::int8[], $3::int8[], $4::int4[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
               as given (height, time_ns, transaction_count, hash, parent_hash, epoch, proposer, digest)`;

/** Claims ascending heights. Afterwards the block rows are as the batch says; the rows that hang on them are not yet. */
export async function claimHeights(
  session: Session,
  chainId: number,
  prepared: readonly PreparedHeight[],
): Promise<ClaimedHeight[]> {
  if (prepared.length === 0) return [];
  const inserted = await session.query<{ height: bigint }>({
    name: "claim-heights",
    text: `insert into block ${columns}
           select $1::int4, height, time_ns, transaction_count, hash, parent_hash, epoch, proposer, decode(digest, 'hex')
           from ${given} order by height
           on conflict (chain_id, height) do nothing returning height`,
    values: blockValues(chainId, prepared),
  });
  const fresh = new Set(inserted.map(({ height }) => Number(height)));
  const known = prepared.filter(({ block }) => !fresh.has(block.height));
  const stored = await lockBlocks(session, chainId, known);
  const damaged = await damagedAt(session, chainId, [...stored.keys()]);

  const claimed = prepared.map((each): ClaimedHeight => {
    if (fresh.has(each.block.height)) return { prepared: each, change: "new" };
    const before = stored.get(each.block.height);
    // Deleted between the two statements by a writer who replaced a height below: the transaction starts anew.
    if (before === undefined) throw conflict(each.block.height);
    if (before.hash !== each.block.hash)
      return { prepared: each, change: "replaced", replacedHash: before.hash };
    const same = before.digest === each.digest && !damaged.has(each.block.height);
    return { prepared: each, change: same ? "none" : "refreshed" };
  });
  const rewritten = claimed.filter(({ change }) => change === "replaced" || change === "refreshed");
  await updateBlocks(
    session,
    chainId,
    rewritten.map((each) => each.prepared),
  );
  return claimed;
}

async function lockBlocks(
  session: Session,
  chainId: number,
  known: readonly PreparedHeight[],
): Promise<ReadonlyMap<number, StoredBlock>> {
  if (known.length === 0) return new Map();
  const rows = await session.query<StoredBlock>({
    text: `select height, hash, encode(digest, 'hex') as digest from block
           where chain_id = $1 and height = any($2::int8[]) order by height for update`,
    values: [chainId, arrayLiteral(known.map(({ block }) => block.height))],
  });
  return new Map(rows.map((row) => [Number(row.height), row]));
}

/** Heights out of coverage that do not hold what they say, as the proof counts it: what was written there is not there any more. */
async function damagedAt(
  session: Session,
  chainId: number,
  heights: readonly number[],
): Promise<ReadonlySet<number>> {
  if (heights.length === 0) return new Set();
  // The locks are held: a new statement sees what their former owners committed.
  const rows = await session.query<{ height: bigint }>({
    text: `select b.height from block b left join coverage c on c.chain_id = b.chain_id
           where b.chain_id = $1::int4 and b.height = any($2::int8[])
             and not coalesce(c.heights @> b.height, false)
             and (b.transaction_count, b.transaction_count - 1) <> (
               select count(*), coalesce(max(t."index"), -1) from "transaction" t
               where t.chain_id = b.chain_id and t.height = b.height)`,
    values: [chainId, arrayLiteral(heights)],
  });
  return new Set(rows.map(({ height }) => Number(height)));
}

async function updateBlocks(
  session: Session,
  chainId: number,
  list: readonly PreparedHeight[],
): Promise<void> {
  if (list.length === 0) return;
  await session.query({
    text: `update block set time_ns = given.time_ns, transaction_count = given.transaction_count, hash = given.hash,
             parent_hash = given.parent_hash, epoch = given.epoch, proposer = given.proposer, digest = decode(given.digest, 'hex')
           from ${given} where block.chain_id = $1::int4 and block.height = given.height`,
    values: blockValues(chainId, list),
  });
}

function blockValues(chainId: number, list: readonly PreparedHeight[]): unknown[] {
  const rows = list.map(({ block, digest }) => ({ ...blockColumns(block), digest }));
  return [
    chainId,
    arrayLiteral(rows.map((row) => row.height)),
    arrayLiteral(rows.map((row) => row.timeNs)),
    arrayLiteral(rows.map((row) => row.transactionCount)),
    arrayLiteral(rows.map((row) => row.hash)),
    arrayLiteral(rows.map((row) => row.parentHash)),
    arrayLiteral(rows.map((row) => row.epoch)),
    arrayLiteral(rows.map((row) => row.proposer)),
    arrayLiteral(rows.map((row) => row.digest)),
  ];
}

/** Looks to the retry like what PostgreSQL itself says of a lost race. */
function conflict(height: number): IndexerError {
  return new IndexerError(
    "OVERLOADED",
    "Too many writers at the same heights at once.",
    { height },
    { cause: Object.assign(new Error("A block was deleted while it was being claimed."), { code: "40001" }) },
  );
}
