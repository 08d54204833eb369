// Wake-ups inside one process, for the embedded database, which serves only one process.
import type { PubSub } from "./port.js";
import { createTopics } from "./topics.js";

/** Creates a pubsub for this process only. */
export function createMemoryPubSub(): PubSub {
  const topics = createTopics();
  return {
    kind: "memory",
    publish: async (topic, message) => topics.deliver(topic, message),
    subscribe: topics.subscribe,
    close: async () => topics.clear(),
  };
}
