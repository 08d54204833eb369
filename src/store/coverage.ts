// Indexed and missing heights: read from one row per chain, never counted.
// Imports only domain and its neighbours in the store.
import type { ChainIds } from "./chain-ids.js";
import { readMultirange, writeMultirange } from "./multirange.js";
import type { Store } from "./port.js";
import { verifyRange, invalidateRanges } from "./verify-range.js";
import type { Database } from "./sql.js";

/** Dependencies of the coverage reads. */
export interface CoverageDeps {
  readonly database: Database;
  readonly chainIds: ChainIds;
}

interface HeightsRow {
  readonly heights: string;
}

/** Creates the reads and invalidation of coverage. */
export function createCoverage({
  database,
  chainIds,
}: CoverageDeps): Pick<Store, "indexed" | "missing" | "unfinished" | "verifyCoverage" | "invalidate"> {
  return {
    async indexed(chain, { from, to } = {}) {
      const chainId = await chainIds.idOf(chain);
      if (chainId === undefined || (from ?? 0) > (to ?? Infinity)) return [];
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
    async unfinished(chain, range) {
      const chainId = await chainIds.idOf(chain);
      if (chainId === undefined) return [range];
      const [row] = await database.query<HeightsRow>({
        name: "unfinished",
        text: `select ($2::int8multirange
                 - coalesce((select heights from coverage where chain_id = $1::int4), '{}')
                 - coalesce((select range_agg(int8range(height, height, '[]')) from quarantine
                             where chain_id = $1::int4 and height between $3::int8 and $4::int8), '{}'))::text as heights`,
        values: [chainId, writeMultirange([range]), range.from, range.to],
      });
      return readMultirange(row?.heights ?? "{}");
    },
    async verifyCoverage(chain, range) {
      const chainId = await chainIds.idOf(chain);
      if (chainId !== undefined) return verifyRange(database, chainId, range);
      return {
        range,
        complete: false,
        blocks: 0n,
        transactions: 0n,
        missingBlocks: [range],
        missingTransactions: [],
      };
    },
    async invalidate(chain, ranges) {
      const chainId = await chainIds.idOf(chain);
      if (chainId !== undefined) await invalidateRanges(database, chainId, ranges);
    },
  };
}
