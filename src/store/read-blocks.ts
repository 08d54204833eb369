// Reads of one chain's blocks: by height, by hash, and pages of a search.
// Imports only domain and its neighbours in the store; never writes.
import type { Block } from "../domain/block.js";
import type { BlockFilter, BlockPosition } from "../domain/search.js";
import type { ChainIds } from "./chain-ids.js";
import type { StoredRow } from "./columns/table.js";
import { blockTable } from "./columns/tables.js";
import type { Store } from "./port.js";
import { countRows } from "./read-count.js";
import { heightConditions, heightLimits, timeConditions, type HeightLimits } from "./read-heights.js";
import { selectPage, type Scan } from "./select-page.js";
import { createParameters, type Parameters } from "./read-parameters.js";
import { hashSpellings } from "./hash-spellings.js";
import { arrayLiteral, type Database, type Statement } from "./sql.js";

/** Dependencies of the reads. */
export interface ReadDeps {
  readonly database: Database;
  readonly chainIds: ChainIds;
}

const selectList = blockTable.selectList("b");

/** Creates the reads of blocks. */
export function createBlockReads({
  database,
  chainIds,
}: ReadDeps): Pick<Store, "blocksAt" | "blockByHash" | "blocks" | "countBlocks"> {
  return {
    async blocksAt(chain, heights) {
      const id = await chainIds.idOf(chain);
      if (id === undefined || heights.length === 0) return [];
      const rows = await database.query<StoredRow>({
        name: "blocks-at",
        text: `select ${selectList} from block b where chain_id = $1::int4 and height = any($2::int8[]) order by height`,
        values: [id, arrayLiteral([...new Set(heights)])],
      });
      return rows.map((row) => blockTable.read(chain, row));
    },

    async blockByHash(chain, hash) {
      const id = await chainIds.idOf(chain);
      if (id === undefined) return null;
      const parameters = createParameters();
      const [row] = await database.query<StoredRow>({
        name: "block-by-hash",
        // `offset 0` keeps the order out of the choice of the index: by hash, never from the newest downward.
        text: `select * from (select ${selectList} from block b
                 where chain_id = ${parameters.int4(id)} and hash = any(${parameters.texts(hashSpellings(hash))}) offset 0) b
               order by height desc limit 1`,
        values: parameters.values,
      });
      return row === undefined ? null : blockTable.read(chain, row);
    },

    async blocks(filter, request) {
      const id = await chainIds.idOf(filter.chain);
      const limits = heightLimits(filter);
      const scan = async (scan: Scan<BlockPosition>): Promise<readonly Block[]> => {
        if (id === undefined || limits === undefined) return [];
        const rows = await database.query<StoredRow>(scanStatement({ id, filter, limits, scan }));
        return rows.map((row) => blockTable.read(filter.chain, row));
      };
      return selectPage(request, { scan, isAt: (block, { height }) => block.height === height });
    },

    async countBlocks(filter, exact) {
      const id = await chainIds.idOf(filter.chain);
      const limits = heightLimits(filter);
      if (id === undefined || limits === undefined) return { value: 0n, exact: true };
      const parameters = createParameters();
      const text = `select 1 from block b where ${conditions(parameters, { id, filter, limits }).join(" and ")}`;
      return countRows(database, { text, values: parameters.values }, exact);
    },
  };
}

interface Search {
  readonly id: number;
  readonly filter: BlockFilter;
  readonly limits: HeightLimits;
}

function scanStatement({ scan, ...search }: Search & { readonly scan: Scan<BlockPosition> }): Statement {
  const { ascending, from, until, limit } = scan;
  const parameters = createParameters();
  const where = conditions(parameters, search);
  if (from !== undefined) where.push(`b.height ${ascending ? ">=" : "<="} ${parameters.int8(from.height)}`);
  if (until !== undefined) where.push(`b.height ${ascending ? "<" : ">"} ${parameters.int8(until.height)}`);
  const text = `select ${selectList} from block b where ${where.join(" and ")}
                order by b.height ${ascending ? "asc" : "desc"} limit ${parameters.int4(limit)}`;
  return { text, values: parameters.values };
}

function conditions(parameters: Parameters, { id, filter, limits }: Search): string[] {
  const chain = parameters.int4(id);
  const terms = { id: chain, timeOrdered: `(select time_ordered from chain where id = ${chain})` };
  const { epoch, hasTransactions } = filter;
  return [
    `b.chain_id = ${chain}`,
    ...heightConditions(parameters, terms, limits)("b.height"),
    ...timeConditions(parameters, limits.times, "b.time_ns"),
    ...(epoch !== undefined ? [`b.epoch = ${parameters.text(epoch)}`] : []),
    ...(hasTransactions !== undefined ? [`b.transaction_count ${hasTransactions ? ">" : "="} 0`] : []),
  ];
}
