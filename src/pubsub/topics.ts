// Who listens to what inside this process.

export interface Topics {
  subscribe(topic: string, listener: (message: string) => void): () => void;
  deliver(topic: string, message: string): void;
  /** The topics that have listeners. */
  names(): readonly string[];
  clear(): void;
}

export function createTopics(): Topics {
  const topics = new Map<string, Set<(message: string) => void>>();
  return {
    subscribe(topic, listener) {
      // Wrapped, so that the same function may listen twice and stop once.
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
