// Matches one transaction against a filter, for live subscriptions, with the same result as the store's search. Pure values;
// imports only domain; never does I/O.
import type { Bounds, ListFilter, TransactionFilter } from "./search.js";
import type { Participation, Transaction } from "./transaction.js";

/** Whether the transaction meets all conditions of the filter. Ignores `memo`: only the store can search it. */
export function matchesTransaction(
  filter: TransactionFilter,
  transaction: Transaction & Participation,
): boolean {
  const { chain, epoch, height, time, hash, blockHash, hasErrors } = transaction;
  return (
    (filter.network === undefined || filter.network === chain.network) &&
    (filter.chainIds === undefined || filter.chainIds.includes(chain.chainId)) &&
    (filter.epoch === undefined || filter.epoch === epoch) &&
    (filter.hash === undefined || filter.hash === hash) &&
    (filter.blockHash === undefined || filter.blockHash === blockHash) &&
    (filter.hasErrors === undefined || filter.hasErrors === hasErrors) &&
    within(filter.heights, height) &&
    within(filter.time, time) &&
    listed(filter.types, transaction.types) &&
    listed(filter.accounts, transaction.parties) &&
    listed(filter.senders, transaction.senders) &&
    listed(filter.recipients, transaction.recipients)
  );
}

function within<T extends number | bigint>(bounds: Bounds<T> | undefined, value: T): boolean {
  if (bounds === undefined) return true;
  const { eq, gte, gt, lte, lt } = bounds;
  return (
    (eq === undefined || value === eq) &&
    (gte === undefined || value >= gte) &&
    (gt === undefined || value > gt) &&
    (lte === undefined || value <= lte) &&
    (lt === undefined || value < lt)
  );
}

function listed(filter: ListFilter | undefined, values: readonly string[]): boolean {
  if (filter === undefined) return true;
  return "any" in filter
    ? filter.any.some((wanted) => values.includes(wanted))
    : filter.all.every((wanted) => values.includes(wanted));
}
