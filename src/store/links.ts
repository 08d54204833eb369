// Checks links between stored blocks: a block's parent hash must be the hash of the block below.
import type { Height } from "../domain/height.js";
import { arrayLiteral, type SqlTransaction } from "./sql.js";

interface HeightRow {
  readonly height: bigint;
}

/** Neighbours of these heights that do not link with them. Either side may be wrong, so the neighbour leaves the coverage. */
export async function unlinkedBy(
  sql: SqlTransaction,
  chainId: number,
  heights: readonly Height[],
): Promise<Height[]> {
  if (heights.length === 0) return [];
  const rows = await sql.query<HeightRow>({
    name: "unlinked-by",
    text: `with written as (select b.height, b.hash, b.parent_hash from block b
                            where b.chain_id = $1 and b.height = any($2::int8[]))
           select below.height from written join block below on below.chain_id = $1 and below.height = written.height - 1
             where written.parent_hash is not null and below.hash <> written.parent_hash
           union
           select above.height from written join block above on above.chain_id = $1 and above.height = written.height + 1
             where above.parent_hash is not null and above.parent_hash <> written.hash`,
    values: [chainId, arrayLiteral(heights)],
  });
  return rows.map(({ height }) => Number(height));
}

/** Heights of blocks that descend from replaced blocks, ascending. */
export async function orphansOf(
  sql: SqlTransaction,
  chainId: number,
  replaced: readonly { readonly height: Height; readonly hash: string }[],
): Promise<Height[]> {
  if (replaced.length === 0) return [];
  const rows = await sql.query<HeightRow>({
    text: `with recursive orphan as (
             select b.height, b.hash from unnest($2::int8[], $3::text[]) as gone (height, hash)
               join block b on b.chain_id = $1 and b.height = gone.height + 1 and b.parent_hash = gone.hash
             union
             select b.height, b.hash from orphan
               join block b on b.chain_id = $1 and b.height = orphan.height + 1 and b.parent_hash = orphan.hash)
           select distinct height from orphan order by height`,
    values: [
      chainId,
      arrayLiteral(replaced.map(({ height }) => height)),
      arrayLiteral(replaced.map(({ hash }) => hash)),
    ],
  });
  return rows.map(({ height }) => Number(height));
}
