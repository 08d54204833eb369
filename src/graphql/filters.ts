// Converts filter arguments to the filters of the domain, and rejects filters that cannot match.
// Imports domain and the input types. Never builds a database query.
import type { ChainRef } from "../domain/chain.js";
import { heightRange, type HeightRange } from "../domain/height.js";
import type { BlockFilter, Bounds, ListFilter, TransactionFilter } from "../domain/search.js";
import { badInput, withArgument } from "./input-errors.js";
import type { BlockFilterInput, ListFilterInput, TransactionFilterInput } from "./inputs.js";

/** The most values in one list of a filter. */
const maxListed = 1_000;

type Optional<T> = T | null | undefined;
type OptionalBounds<T> = { readonly [K in keyof Bounds<T>]?: Optional<T> };

function isGiven<T>(value: Optional<T>): value is T {
  return value !== null && value !== undefined;
}

/** Checks a range of heights. Throws BAD_USER_INPUT that names the argument. */
export function readRange(range: HeightRange, argument: string): HeightRange {
  return withArgument(argument, () => heightRange(range.from, range.to));
}

/** Reads a filter of blocks. Throws BAD_USER_INPUT that names the argument. */
export function readBlockFilter(filter: typeof BlockFilterInput.$inferInput): BlockFilter {
  const { chain, heights, time, epoch, hasTransactions } = filter;
  return {
    chain,
    ...(isGiven(heights) && { heights: readHeights(heights, "filter.heights") }),
    ...(isGiven(time) && { time: readTimes(time, "filter.time") }),
    ...(isGiven(epoch) && { epoch }),
    ...(isGiven(hasTransactions) && { hasTransactions }),
  };
}

/** Reads a filter of transactions; without one, every transaction matches. Throws BAD_USER_INPUT that names the argument. */
export function readTransactionFilter(
  filter: Optional<typeof TransactionFilterInput.$inferInput>,
): TransactionFilter {
  if (!isGiven(filter)) return {};
  const { network, chainIds, epoch, heights, time, hash, blockHash, memo, hasErrors } = filter;
  const { types, accounts, senders, recipients } = filter;
  return {
    ...(isGiven(network) && { network }),
    ...(isGiven(chainIds) && { chainIds: readTexts(chainIds, "filter.chainIds") }),
    ...(isGiven(epoch) && { epoch }),
    ...(isGiven(heights) && { heights: readHeights(heights, "filter.heights") }),
    ...(isGiven(time) && { time: readTimes(time, "filter.time") }),
    ...(isGiven(hash) && { hash }),
    ...(isGiven(blockHash) && { blockHash }),
    ...(isGiven(types) && { types: readList(types, "filter.types") }),
    ...(isGiven(accounts) && { accounts: readList(accounts, "filter.accounts") }),
    ...(isGiven(senders) && { senders: readList(senders, "filter.senders") }),
    ...(isGiven(recipients) && { recipients: readList(recipients, "filter.recipients") }),
    ...(isGiven(memo) && { memo }),
    ...(isGiven(hasErrors) && { hasErrors }),
  };
}

/** The only chain that a filter matches; undefined if it matches several chains. */
export function onlyChain({ network, chainIds }: TransactionFilter): ChainRef | undefined {
  const [chainId, ...others] = new Set(chainIds);
  return network === undefined || chainId === undefined || others.length > 0
    ? undefined
    : { network, chainId };
}

function readHeights(bounds: OptionalBounds<number>, argument: string): Bounds<number> {
  return readBounds(bounds, argument, (height) => height + 1);
}

function readTimes(bounds: OptionalBounds<bigint>, argument: string): Bounds<bigint> {
  return readBounds(bounds, argument, (time) => time + 1n);
}

function readBounds<T extends number | bigint>(
  { eq, gte, gt, lte, lt }: OptionalBounds<T>,
  argument: string,
  next: (value: T) => T,
): Bounds<T> {
  const lowest = [eq, gte, isGiven(gt) ? next(gt) : undefined].filter(isGiven);
  const above = [...[eq, lte].filter(isGiven).map(next), lt].filter(isGiven);
  if (lowest.some((low) => above.some((end) => low >= end))) {
    throw badInput(
      argument,
      `${argument}: no value can match, because the lower bound is above the upper one.`,
    );
  }
  return {
    ...(isGiven(eq) && { eq }),
    ...(isGiven(gte) && { gte }),
    ...(isGiven(gt) && { gt }),
    ...(isGiven(lte) && { lte }),
    ...(isGiven(lt) && { lt }),
  };
}

function readList(list: typeof ListFilterInput.$inferInput, argument: string): ListFilter {
  if (isGiven(list.any)) return { any: readTexts(list.any, `${argument}.any`) };
  return { all: readTexts(list.all ?? [], `${argument}.all`) };
}

function readTexts(texts: readonly string[], argument: string): readonly string[] {
  if (texts.length === 0) {
    throw badInput(
      argument,
      `${argument}: the list is empty, so nothing can match. Omit it to match everything.`,
    );
  }
  if (texts.length > maxListed) {
    throw badInput(argument, `${argument}: ${texts.length} values listed, at most ${maxListed} allowed.`, {
      limit: maxListed,
      actual: texts.length,
    });
  }
  return texts;
}
