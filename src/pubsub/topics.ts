// The listeners of topics in this process.

/** Listeners by topic. */
export interface Topics {
  subscribe(topic: string, listener: (message: string) => void): () => void;
  deliver(topic: string, message: string): void;
  /** The topics that have listeners. */
  names(): readonly string[];
  clear(): void;
}

/** Creates an empty set of topics. */
export function createTopics(): Topics {
  const topics = new Map<string, Set<(message: string) => void>>();
  return {
    subscribe(topic, listener) {
      // Wrapped, so that a function that subscribes twice is removed once at a time.
      const own = (message: string): void => listener(message);
      const listeners = topics.get(topic) ?? new Set();
      topics.set(topic, listeners.add(own));
      return () => {
        listeners.delete(own);
        if (listeners.size === 0 && topics.get(topic) === listeners) topics.delete(topic);
      };
    },
    deliver(topic, message) {
      for (const listener of topics.get(topic) ?? []) listener(message);
    },
    names: () => [...topics.keys()],
    clear: () => topics.clear(),
  };
}
