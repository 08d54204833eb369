// Reads what a question filters by into the domain's filters, and refuses what makes no sense.
// Imports domain and the inputs; never builds a query.
import type { ChainRef } from "../domain/chain.js";
import { heightRange, type HeightRange } from "../domain/height.js";
import type { BlockFilter, Bounds, ListFilter, TransactionFilter } from "../domain/search.js";
import { badInput, naming } from "./input-errors.js";
import type { BlockFilterInput, ListFilterInput, TransactionFilterInput } from "./inputs.js";

/** Values that one list of a filter may hold. */
const maxListed = 1_000;

type Given<T> = T | null | undefined;
type GivenBounds<T> = { readonly [K in keyof Bounds<T>]?: Given<T> };

function given<T>(value: Given<T>): value is T {
  return value !== null && value !== undefined;
}

/** A range, checked; what is wrong with it is told under the argument's name. */
export function readRange(range: HeightRange, argument: string): HeightRange {
  return naming(argument, () => heightRange(range.from, range.to));
}

/** The filter of blocks. */
export function readBlockFilter(filter: typeof BlockFilterInput.$inferInput): BlockFilter {
  const { chain, heights, time, epoch, hasTransactions } = filter;
  return {
    chain,
    ...(given(heights) && { heights: readHeights(heights, "filter.heights") }),
    ...(given(time) && { time: readTimes(time, "filter.time") }),
    ...(given(epoch) && { epoch }),
    ...(given(hasTransactions) && { hasTransactions }),
  };
}

/** The filter of transactions; none is a filter that everything meets. */
export function readTransactionFilter(
  filter: Given<typeof TransactionFilterInput.$inferInput>,
): TransactionFilter {
  if (!given(filter)) return {};
  const { network, chainIds, epoch, heights, time, memo, hasErrors } = filter;
  const fold = (text: string): string => canonical(text, network);
  return {
    ...(given(network) && { network }),
    ...(given(chainIds) && { chainIds: readTexts(chainIds, "filter.chainIds") }),
    ...(given(epoch) && { epoch }),
    ...(given(heights) && { heights: readHeights(heights, "filter.heights") }),
    ...(given(time) && { time: readTimes(time, "filter.time") }),
    ...(given(filter.hash) && { hash: canonicalHash(filter.hash, network) }),
    ...(given(filter.blockHash) && { blockHash: canonicalHash(filter.blockHash, network) }),
    ...(given(filter.types) && { types: readList(filter.types, "filter.types") }),
    ...(given(filter.accounts) && { accounts: readList(filter.accounts, "filter.accounts", fold) }),
    ...(given(filter.senders) && { senders: readList(filter.senders, "filter.senders", fold) }),
    ...(given(filter.recipients) && { recipients: readList(filter.recipients, "filter.recipients", fold) }),
    ...(given(memo) && { memo }),
    ...(given(hasErrors) && { hasErrors }),
  };
}

/** A hash as the network writes it: Ethereum's are the same in any case, and stored in lower case. */
export function canonicalHash(hash: string, network: Given<string>): string {
  return network === "ethereum" ? hash.toLowerCase() : hash;
}

/** An account as its network writes it: Ethereum's checksums by case are dropped. */
function canonical(account: string, network: Given<string>): string {
  if (network === "ethereum") return account.toLowerCase();
  return !given(network) && /^0x[0-9a-fA-F]{40}$/.test(account) ? account.toLowerCase() : account;
}

/** The one chain that a filter names, or nothing. */
export function onlyChain({ network, chainIds }: TransactionFilter): ChainRef | undefined {
  const [chainId, ...others] = new Set(chainIds);
  return network === undefined || chainId === undefined || others.length > 0
    ? undefined
    : { network, chainId };
}

function readHeights(bounds: GivenBounds<number>, argument: string): Bounds<number> {
  return readBounds(bounds, argument, (height) => height + 1);
}

function readTimes(bounds: GivenBounds<bigint>, argument: string): Bounds<bigint> {
  return readBounds(bounds, argument, (time) => time + 1n);
}

function readBounds<T extends number | bigint>(
  { eq, gte, gt, lte, lt }: GivenBounds<T>,
  argument: string,
  after: (value: T) => T,
): Bounds<T> {
  const lows = [eq, gte, given(gt) ? after(gt) : undefined].filter(given);
  const above = [eq, lte].filter(given).map(after);
  const ends = [...above, lt].filter(given);
  if (lows.some((low) => ends.some((end) => low >= end))) {
    throw badInput(argument, `No value meets the bounds of '${argument}': the lower is above the upper.`);
  }
  return {
    ...(given(eq) && { eq }),
    ...(given(gte) && { gte }),
    ...(given(gt) && { gt }),
    ...(given(lte) && { lte }),
    ...(given(lt) && { lt }),
  };
}

function readList(
  list: typeof ListFilterInput.$inferInput,
  argument: string,
  fold: (text: string) => string = (text) => text,
): ListFilter {
  if (given(list.any)) return { any: readTexts(list.any, `${argument}.any`).map(fold) };
  return { all: readTexts(list.all ?? [], `${argument}.all`).map(fold) };
}

function readTexts(texts: readonly string[], argument: string): readonly string[] {
  if (texts.length === 0) {
    throw badInput(
      argument,
      `'${argument}' is empty: nothing could meet it. Leave it out to meet everything.`,
    );
  }
  if (texts.length > maxListed) {
    throw badInput(argument, `'${argument}' holds ${texts.length} values, more than ${maxListed}.`, {
      limit: maxListed,
      actual: texts.length,
    });
  }
  return texts;
}
