// What is announced between managers: short wake-ups, never data. Those who hear look into the store.
// Imports only domain and lib; a lost message costs latency only.

export interface PubSub {
  /** `memory`, `postgres` or `redis`: shown as Manager.pubsub. */
  readonly kind: string;
  publish(topic: string, message: string): Promise<void>;
  /** Calls the listener for each message of the topic, from any manager, this one included; returns how to stop. */
  subscribe(topic: string, listener: (message: string) => void): () => void;
  close(): Promise<void>;
}
