// Wake-ups inside one process: for the embedded database, which is for one process anyway.
import type { PubSub } from "./port.js";
import { createTopics } from "./topics.js";

export function createMemoryPubSub(): PubSub {
  const topics = createTopics();
  return {
    kind: "memory",
    publish: async (topic, message) => topics.deliver(topic, message),
    subscribe: topics.subscribe,
    close: async () => topics.clear(),
  };
}
