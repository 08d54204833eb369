// What can be searched for and how pages are cut. Pure values; imports only domain; never does I/O.
import type { ChainRef } from "./chain.js";
import type { Height } from "./height.js";
import type { UnixNanos } from "./time.js";

/** Bounds that are given are all met. */
export interface Bounds<T> {
  readonly eq?: T;
  readonly gte?: T;
  readonly gt?: T;
  readonly lte?: T;
  readonly lt?: T;
}

/** Holds when at least one is there (any), or when each is there (all). Never empty. */
export type ListFilter = { readonly any: readonly string[] } | { readonly all: readonly string[] };

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
  /** Words in web search style: quotes, or, -not. */
  readonly memo?: string;
  readonly hasErrors?: boolean;
}

export interface BlockFilter {
  readonly chain: ChainRef;
  readonly heights?: Bounds<Height>;
  readonly time?: Bounds<UnixNanos>;
  readonly epoch?: string;
  readonly hasTransactions?: boolean;
}

export type Order = "NEWEST_FIRST" | "OLDEST_FIRST";

/** A place in the total order of transactions: (height, index), then chain. */
export interface TransactionPosition {
  readonly height: Height;
  readonly index: number;
  readonly chain: ChainRef;
}

/** A place in the order of one chain's blocks. */
export interface BlockPosition {
  readonly height: Height;
}

/** `limit` items after a position, or before one, in the order of the question; never both. */
export interface PageRequest<Position> {
  readonly order: Order;
  readonly limit: number;
  /** Where `last` was asked: the page is cut from the other end and still given in the question's order. */
  readonly fromEnd?: boolean;
  readonly after?: Position;
  readonly before?: Position;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
}

/** A number of things; an estimate unless exact. */
export interface Count {
  readonly value: bigint;
  readonly exact: boolean;
}
