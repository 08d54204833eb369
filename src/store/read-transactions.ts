// Reads of transactions: by hash, by heights, and pages of a search over every chain.
// Imports only domain and its neighbours in the store; never writes.
import { sameChain, type ChainRef } from "../domain/chain.js";
import { mergeRanges } from "../domain/height.js";
import type { TransactionPosition } from "../domain/search.js";
import type { ChainIds } from "./chain-ids.js";
import type { StoredRow } from "./columns/table.js";
import { transactionTable } from "./columns/tables.js";
import { hashSpellings } from "./hash-spellings.js";
import type { Store, StoredTransaction } from "./port.js";
import type { ReadDeps } from "./read-blocks.js";
import { countRows } from "./read-count.js";
import { heightLimits } from "./read-heights.js";
import { selectPage, type Scan } from "./select-page.js";
import { createParameters } from "./read-parameters.js";
import { countStatement, scanStatement, transactionList, type ScanRange } from "./read-search.js";
import { arrayLiteral } from "./sql.js";

type TransactionRow = StoredRow & { readonly chain_id: number };

/** Creates the reads of transactions. */
export function createTransactionReads({
  database,
  chainIds,
}: ReadDeps): Pick<Store, "transactionByHash" | "transactionsAt" | "transactions" | "countTransactions"> {
  return {
    async transactionByHash(chain, hash, columns) {
      const id = await chainIds.idOf(chain);
      if (id === undefined) return null;
      const parameters = createParameters();
      const [row] = await database.query<StoredRow>({
        name: `transaction-by-hash-${transactionTable.selectionKey(columns)}`,
        // `offset 0` keeps the order out of the choice of the index: by hash, never from the newest downward.
        text: `select * from (select ${transactionList(columns)} from "transaction" t
                 where chain_id = ${parameters.int4(id)} and hash = any(${parameters.texts(hashSpellings(hash))}) offset 0) t
               order by height desc, "index" desc limit 1`,
        values: parameters.values,
      });
      return row === undefined ? null : transactionTable.read(chain, row);
    },

    async transactionsAt(chain, heights, columns) {
      const id = await chainIds.idOf(chain);
      if (id === undefined || heights.length === 0) return [];
      const ranges = mergeRanges(heights);
      const rows = await database.query<StoredRow>({
        name: `transactions-at-${transactionTable.selectionKey(columns)}`,
        // `offset 0` has each range looked up by itself: joined freely, the whole table looks cheaper to the planner.
        text: `select t.* from unnest($2::int8[], $3::int8[]) as range (first, last)
               cross join lateral (select ${transactionList(columns)} from "transaction" t
                 where t.chain_id = $1::int4 and t.height between range.first and range.last offset 0) t
               order by t.height, t."index"`,
        values: [id, arrayLiteral(ranges.map(({ from }) => from)), arrayLiteral(ranges.map(({ to }) => to))],
      });
      return rows.map((row) => transactionTable.read(chain, row));
    },

    async transactions(filter, request, columns) {
      const limits = heightLimits(filter);
      const scan = async (unnumbered: Scan<TransactionPosition>): Promise<readonly StoredTransaction[]> => {
        if (limits === undefined) return [];
        const range = await rangeOf(chainIds, unnumbered);
        const rows = await database.query<TransactionRow>(scanStatement({ filter, limits, columns, range }));
        return transactionsOf(chainIds, rows);
      };
      return selectPage(request, {
        scan,
        isAt: ({ chain, height, index }, at) =>
          height === at.height && index === at.index && sameChain(chain, at.chain),
      });
    },

    async countTransactions(filter, exact) {
      const limits = heightLimits(filter);
      const ids = await chainIds.matching(filter.network, filter.chainIds);
      if (limits === undefined || ids.length === 0) return { value: 0n, exact: true };
      return countRows(database, countStatement({ filter, limits, ids }), exact);
    },
  };
}

/** The scan with the numbers of its positions' chains; a chain that is no longer known stands before all others. */
async function rangeOf(
  chainIds: ChainIds,
  { from, until, ...scan }: Scan<TransactionPosition>,
): Promise<ScanRange> {
  const numbered = async (position: TransactionPosition) => ({
    position,
    chainId: (await chainIds.idOf(position.chain)) ?? 0,
  });
  return {
    ...scan,
    ...(from !== undefined && { from: await numbered(from) }),
    ...(until !== undefined && { until: await numbered(until) }),
  };
}

/** Rows of any chains as transactions. */
async function transactionsOf(
  chainIds: ChainIds,
  rows: readonly TransactionRow[],
): Promise<readonly StoredTransaction[]> {
  const refs = new Map<number, ChainRef>();
  const list: StoredTransaction[] = [];
  for (const row of rows) {
    const chain = refs.get(row.chain_id) ?? (await chainIds.refOf(row.chain_id));
    refs.set(row.chain_id, chain);
    list.push(transactionTable.read(chain, row));
  }
  return list;
}
