// What one request may ask for. Pure values; imports nothing of this project; every number can be set.

/** Bounds of requests, subscriptions and sockets. */
export interface Limits {
  /** Bytes of a request's body, and of a message on a socket. */
  readonly bodyBytes: number;
  /** Tokens of a document. */
  readonly tokens: number;
  /** Fields inside fields, fragments followed. Introspection has a rule of its own. */
  readonly depth: number;
  /** Aliased fields, fragments followed. */
  readonly aliases: number;
  /** Fields of the root, fragments followed. */
  readonly rootFields: number;
  /** Fields in all, fragments followed: keeps the reckoning of the cost itself cheap. */
  readonly fields: number;
  /** The sum of weights: about one for each object that may come back. */
  readonly cost: number;
  /** Bytes of an answer over HTTP, about: characters are counted. */
  readonly answerBytes: number;
  /** Heights that Query.fetch takes. */
  readonly queryFetchHeights: number;
  /** Heights that Subscription.fetch takes. */
  readonly subscriptionFetchHeights: number;
  /** Milliseconds that a fetch may take. */
  readonly fetchMs: number;
  /** Events that wait for one subscriber at most. */
  readonly waitingEvents: number;
  /** Bytes that wait for one subscriber at most, as estimated. */
  readonly waitingBytes: number;
  /** Milliseconds that a fetch waits for a subscriber who takes nothing. */
  readonly fetchStallMs: number;
  /** Milliseconds that another subscription, its room full, waits for a subscriber who takes nothing. */
  readonly watchStallMs: number;
  /** Subscriptions on one socket. */
  readonly subscriptionsPerSocket: number;
  /** WebSockets, and streams of server-sent events, that are open at once. */
  readonly sockets: number;
  /** Milliseconds until a new socket must have sent connection_init. */
  readonly connectionInitMs: number;
  /** Milliseconds between pings. */
  readonly pingMs: number;
}

/** What holds where nothing is set. */
export const defaultLimits: Limits = {
  bodyBytes: 256 * 1024,
  tokens: 2_000,
  depth: 12,
  aliases: 30,
  rootFields: 15,
  fields: 5_000,
  cost: 10_000,
  answerBytes: 16 * 1024 * 1024,
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
