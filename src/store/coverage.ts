// What is covered, what is missing, and the proof of it by counting.
import { cut, unite, type HeightRange } from "../domain/height.js";
import type { ChainIds } from "./chain-ids.js";
import { readMultirange, writeMultirange } from "./multirange.js";
import type { Store } from "./port.js";
import type { Database } from "./sql.js";

export interface CoverageDeps {
  readonly database: Database;
  readonly chainIds: ChainIds;
}

/** Heights that are counted by one statement. */
const slice = 10_000;

interface HeightsRow {
  readonly heights: string;
}

interface ProofRow {
  readonly blocks: bigint;
  readonly transactions: bigint;
  readonly missing_blocks: string;
  readonly missing_transactions: string;
}

export function createCoverage({
  database,
  chainIds,
}: CoverageDeps): Pick<Store, "indexed" | "missing" | "prove" | "uncover"> {
  const remove = async (chainId: number, ranges: readonly HeightRange[]): Promise<void> => {
    if (ranges.length === 0) return;
    await database.query({
      text: `update coverage set heights = heights - $2::int8multirange
             where chain_id = $1 and heights && $2::int8multirange`,
      values: [chainId, writeMultirange(ranges)],
    });
  };

  const proveSlice = async (chainId: number, { from, to }: HeightRange): Promise<ProofRow | undefined> => {
    const [row] = await database.query<ProofRow>({
      name: "prove-slice",
      text: `with counted as (
               select b.height, b.transaction_count, coalesce(t.stored, 0) as stored
               from block b left join (
                 select height, count(*) as stored from "transaction"
                 where chain_id = $1 and height between $2 and $3 group by height) t on t.height = b.height
               where b.chain_id = $1 and b.height between $2 and $3)
             select count(*) as blocks, coalesce(sum(stored), 0)::int8 as transactions,
               (int8multirange(int8range($2::int8, $3::int8, '[]'))
                 - coalesce(range_agg(int8range(height, height, '[]')), '{}'::int8multirange))::text as missing_blocks,
               coalesce(range_agg(int8range(height, height, '[]')) filter (where stored <> transaction_count),
                 '{}'::int8multirange)::text as missing_transactions
             from counted`,
      values: [chainId, from, to],
    });
    return row;
  };

  return {
    async indexed(chain, { from, to } = {}) {
      const chainId = await chainIds.idOf(chain);
      if (chainId === undefined) return [];
      const [row] = await database.query<HeightsRow>({
        name: "indexed",
        text: `select (heights * int8multirange(int8range($2::int8, $3::int8, '[]')))::text as heights
               from coverage where chain_id = $1`,
        values: [chainId, from ?? null, to ?? null],
      });
      return readMultirange(row?.heights ?? "{}");
    },
    async missing(chain, range) {
      const chainId = await chainIds.idOf(chain);
      if (chainId === undefined) return [range];
      const [row] = await database.query<HeightsRow>({
        name: "missing",
        text: `select ($2::int8multirange - coalesce((select heights from coverage where chain_id = $1), '{}'))::text as heights`,
        values: [chainId, writeMultirange([range])],
      });
      return readMultirange(row?.heights ?? "{}");
    },
    async prove(chain, range) {
      const chainId = await chainIds.idOf(chain);
      let blocks = 0n;
      let transactions = 0n;
      const missingBlocks: HeightRange[] = [];
      const missingTransactions: HeightRange[] = [];
      for (const part of chainId === undefined ? [] : cut([range], slice)) {
        const proof = await proveSlice(chainId as number, part);
        blocks += proof?.blocks ?? 0n;
        transactions += proof?.transactions ?? 0n;
        missingBlocks.push(...readMultirange(proof?.missing_blocks ?? "{}"));
        missingTransactions.push(...readMultirange(proof?.missing_transactions ?? "{}"));
      }
      if (chainId === undefined) missingBlocks.push(range);
      else await remove(chainId, [...missingBlocks, ...missingTransactions]);
      return {
        range,
        complete: missingBlocks.length + missingTransactions.length === 0,
        blocks,
        transactions,
        missingBlocks: unite(missingBlocks),
        missingTransactions: unite(missingTransactions),
      };
    },
    async uncover(chain, ranges) {
      const chainId = await chainIds.idOf(chain);
      if (chainId !== undefined) await remove(chainId, ranges);
    },
  };
}
