// Wake-ups between managers. A wake-up contains no data: its receiver reads the store.
// Imports only domain and lib.
// Never guarantees delivery: a lost message costs latency only.

/** Publishes wake-ups to all managers. */
export interface PubSub {
  /** `memory`, `postgres` or `redis`: the value of Manager.pubsub. */
  readonly kind: string;
  publish(topic: string, message: string): Promise<void>;
  /** Calls the listener for each message of the topic, from any manager including this one. Returns a function that removes the listener. */
  subscribe(topic: string, listener: (message: string) => void): () => void;
  close(): Promise<void>;
}
