// The rows of blocks: inserted, locked and updated by height.
// Imports only domain and its neighbours in the store; never touches rows of transactions.
import type { Block } from "../domain/block.js";
import type { Height } from "../domain/height.js";
import { blockTable } from "./columns/tables.js";
import { arrayLiteral, type SqlTransaction } from "./sql.js";

/** A block to write. Without a digest its height counts as partial. */
export interface BlockRow {
  readonly block: Block;
  /** SHA-256 in hex over the block and all of its transactions. */
  readonly digest?: string;
}

/** The contents of a locked block row. */
export interface LockedBlock {
  readonly hash: string;
  /** Null if not all transactions of the block are stored. */
  readonly digest: string | null;
}

const names = blockTable.names.join(", ");
const rows = `unnest(${blockTable.arrayParameters(2)}, $${blockTable.names.length + 2}::text[]) as input (${names}, digest)`;
const assignments = blockTable.names.map((name) => `${name} = input.${name}`).join(", ");

/** Inserts blocks of ascending heights where no block is stored; returns the inserted heights. */
export async function insertBlocks(
  sql: SqlTransaction,
  chainId: number,
  list: readonly BlockRow[],
): Promise<ReadonlySet<Height>> {
  const inserted = await sql.query<{ height: bigint }>({
    name: "insert-blocks",
    text: `insert into block (chain_id, ${names}, digest)
           select $1::int4, ${names}, decode(digest, 'hex') from ${rows} order by height
           on conflict (chain_id, height) do nothing returning height`,
    values: parameters(chainId, list),
  });
  return new Set(inserted.map(({ height }) => Number(height)));
}

/** Locks the stored blocks of these heights until the transaction ends, in ascending order. */
export async function lockBlocks(
  sql: SqlTransaction,
  chainId: number,
  heights: readonly Height[],
): Promise<ReadonlyMap<Height, LockedBlock>> {
  if (heights.length === 0) return new Map();
  const locked = await sql.query<LockedBlock & { readonly height: bigint }>({
    text: `select height, hash, encode(digest, 'hex') as digest from block
           where chain_id = $1 and height = any($2::int8[]) order by height for update`,
    values: [chainId, arrayLiteral(heights)],
  });
  return new Map(locked.map((row) => [Number(row.height), row]));
}

/** Overwrites stored blocks, their digests included. */
export async function updateBlocks(
  sql: SqlTransaction,
  chainId: number,
  list: readonly BlockRow[],
): Promise<void> {
  if (list.length === 0) return;
  await sql.query({
    text: `update block set ${assignments}, digest = decode(input.digest, 'hex')
           from ${rows} where block.chain_id = $1::int4 and block.height = input.height`,
    values: parameters(chainId, list),
  });
}

function parameters(chainId: number, list: readonly BlockRow[]): unknown[] {
  return [
    chainId,
    ...blockTable.arrays(list.map(({ block }) => block)),
    arrayLiteral(list.map(({ digest }) => digest ?? null)),
  ];
}
