// Wake-ups through Redis: one connection that listens and one that publishes.
// `@redis/client` is the client that the Redis project maintains; it has no dependencies.
import { createClient } from "@redis/client";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import type { PubSub } from "./port.js";
import { createTopics } from "./topics.js";

/** The server and services of a Redis pubsub. */
export interface RedisPubSubOptions {
  /** redis://user:password@host:6379, or rediss:// for TLS. */
  readonly redisUrl: string;
  readonly logger: Logger;
}

/** All topics share one channel, so that new topics need no SUBSCRIBE. */
const channel = "indexer";
/** A connection that is silently lost is found within this time. */
const pingIntervalMs = 10_000;

/**
 * Connects in the background, and reconnects when a connection is lost. Without a connection, no message arrives and `publish`
 * does nothing; callers must poll as well.
 */
export function createRedisPubSub({ redisUrl, logger }: RedisPubSubOptions): PubSub {
  const topics = createTopics();
  let closed = false;
  const connect = (role: string) => {
    const client = createClient({
      url: redisUrl,
      // A message that waits for a connection is late: its receivers have polled meanwhile.
      disableOfflineQueue: true,
      pingInterval: pingIntervalMs,
      socket: { reconnectStrategy: (retries) => backoffDelay({ first: 100, max: 5_000 }, retries) },
    });
    // Logged once for each lost connection, not for each attempt.
    let failing = false;
    client.on("error", (error: unknown) => {
      if (!failing && !closed) logger.warn({ error, role }, "The connection to Redis failed. It is retried.");
      failing = true;
    });
    client.on("ready", () => (failing = false));
    return client;
  };

  const publisher = connect("publisher");
  publisher.connect().catch(() => {});
  const subscriber = connect("subscriber");
  const listen = async (): Promise<void> => {
    await subscriber.connect();
    await subscriber.subscribe(channel, (payload) => {
      const cut = payload.indexOf("\n");
      if (cut >= 0) topics.deliver(payload.slice(0, cut), payload.slice(cut + 1));
    });
    const wakeAll = (): void => {
      for (const topic of topics.names()) topics.deliver(topic, "");
    };
    // Messages may have been lost before the connection, so all listeners are called. The client subscribes again itself.
    subscriber.on("ready", wakeAll);
    wakeAll();
  };
  const listening = listen().catch((error: unknown) => {
    if (!closed) logger.warn({ error }, "Listening to Redis failed.");
  });

  return {
    kind: "redis",
    publish: async (topic, message) => {
      if (publisher.isReady) await publisher.publish(channel, `${topic}\n${message}`);
    },
    subscribe: topics.subscribe,
    close: async () => {
      closed = true;
      topics.clear();
      publisher.destroy();
      subscriber.destroy();
      await listening;
    },
  };
}
