// Limits of requests, subscriptions and sockets, with their defaults. Pure values. Imports nothing.

/** Limits of requests, subscriptions and sockets. Each can be set. */
export interface Limits {
  /** Bytes of a request body, and of a WebSocket message. */
  readonly bodyBytes: number;
  /** Tokens of a document. */
  readonly tokens: number;
  /** Levels of nested fields, with fragments expanded. Introspection has its own rule. */
  readonly depth: number;
  /** Aliased fields, with fragments expanded. */
  readonly aliases: number;
  /** Root fields, with fragments expanded. */
  readonly rootFields: number;
  /** All fields, with fragments expanded. Limits the time to compute the cost. */
  readonly fields: number;
  /** The cost: about one for each object in the response. */
  readonly cost: number;
  /** Characters of an HTTP response: about its bytes. */
  readonly responseBytes: number;
  /** Heights of one Query.fetch. */
  readonly queryFetchHeights: number;
  /** Heights of one Subscription.fetch. */
  readonly subscriptionFetchHeights: number;
  /** Time limit of a fetch, in milliseconds. */
  readonly fetchMs: number;
  /** Events in the buffer of one subscriber. */
  readonly waitingEvents: number;
  /** Estimated bytes in the buffer of one subscriber. */
  readonly waitingBytes: number;
  /** Milliseconds that a fetch waits for a subscriber with a full buffer. */
  readonly fetchStallMs: number;
  /** Milliseconds that other subscriptions wait for a subscriber with a full buffer. */
  readonly watchStallMs: number;
  /** Operations on one WebSocket. */
  readonly subscriptionsPerSocket: number;
  /** Open WebSockets, and separately open streams of server-sent events. */
  readonly sockets: number;
  /** Milliseconds within which a new WebSocket must send connection_init. */
  readonly connectionInitMs: number;
  /** Milliseconds between pings. */
  readonly pingMs: number;
}

/** The default limits. */
export const defaultLimits: Limits = {
  bodyBytes: 256 * 1024,
  tokens: 2_000,
  depth: 12,
  aliases: 30,
  rootFields: 15,
  fields: 5_000,
  cost: 10_000,
  responseBytes: 16 * 1024 * 1024,
  queryFetchHeights: 1_000,
  subscriptionFetchHeights: 100_000,
  fetchMs: 10 * 60_000,
  waitingEvents: 256,
  waitingBytes: 1024 * 1024,
  fetchStallMs: 10_000,
  watchStallMs: 2_000,
  subscriptionsPerSocket: 20,
  sockets: 1_000,
  connectionInitMs: 3_000,
  pingMs: 12_000,
};
