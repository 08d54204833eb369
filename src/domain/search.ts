// Filters of searches and positions of pages. Pure values; imports only domain; never does I/O.
import type { ChainRef } from "./chain.js";
import type { Height } from "./height.js";
import type { UnixNanos } from "./time.js";

/** Bounds of a value: a value must meet all that are set. */
export interface Bounds<T> {
  readonly eq?: T;
  readonly gte?: T;
  readonly gt?: T;
  readonly lte?: T;
  readonly lt?: T;
}

/** Matches if at least one value is present (any), or all values are (all). Never empty. */
export type ListFilter = { readonly any: readonly string[] } | { readonly all: readonly string[] };

/** Conditions on transactions: a transaction must meet all that are set. */
export interface TransactionFilter {
  readonly network?: string;
  readonly chainIds?: readonly string[];
  readonly epoch?: string;
  readonly heights?: Bounds<Height>;
  readonly time?: Bounds<UnixNanos>;
  readonly hash?: string;
  readonly blockHash?: string;
  readonly types?: ListFilter;
  readonly accounts?: ListFilter;
  readonly senders?: ListFilter;
  readonly recipients?: ListFilter;
  /** Search terms in web search syntax: "phrase", or, -excluded. */
  readonly memo?: string;
  readonly hasErrors?: boolean;
}

/** Conditions on the blocks of one chain: a block must meet all that are set. */
export interface BlockFilter {
  readonly chain: ChainRef;
  readonly heights?: Bounds<Height>;
  readonly time?: Bounds<UnixNanos>;
  readonly epoch?: string;
  readonly hasTransactions?: boolean;
}

/** The order of a page, by height. */
export type Order = "NEWEST_FIRST" | "OLDEST_FIRST";

/** A position in the total order of transactions: (height, index), then chain. */
export interface TransactionPosition {
  readonly height: Height;
  readonly index: number;
  readonly chain: ChainRef;
}

/** A position in the order of one chain's blocks. */
export interface BlockPosition {
  readonly height: Height;
}

/** `limit` items after a position, or before one, in the requested order; never both. */
export interface PageRequest<Position> {
  readonly order: Order;
  readonly limit: number;
  /** Set for `last`: the page is taken from the other end; its items remain in the requested order. */
  readonly fromEnd?: boolean;
  readonly after?: Position;
  readonly before?: Position;
}

/** One page of a search. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
}

/** A number of search results; an estimate unless `exact`. */
export interface Count {
  readonly value: bigint;
  readonly exact: boolean;
}
