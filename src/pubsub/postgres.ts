// Wake-ups by LISTEN and NOTIFY of PostgreSQL, over one connection that listens and publishes.
import pg from "pg";
import { systemClock, type Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import type { PubSub } from "./port.js";
import { createTopics } from "./topics.js";

/** The database and services of a PostgreSQL pubsub. */
export interface PostgresPubSubOptions {
  readonly databaseUrl: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** All topics share one channel, so that new topics need no LISTEN. */
const channel = "indexer";

/**
 * Connects in the background, and reconnects when the connection is lost. Without a connection, no message arrives and
 * `publish` does nothing; callers must poll as well.
 */
export function createPostgresPubSub({
  databaseUrl,
  logger,
  clock = systemClock,
}: PostgresPubSubOptions): PubSub {
  const topics = createTopics();
  const closing = new AbortController();
  let connected: pg.Client | undefined;

  const listen = async (): Promise<void> => {
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: "indexer pubsub",
      keepAlive: true,
    });
    const lost = new Promise<Error | undefined>((resolve) => {
      client.once("error", resolve);
      client.once("end", () => resolve(undefined));
    });
    // An "error" event without a listener would end the process. Later errors cause "end" as well.
    client.on("error", () => {});
    client.on("notification", ({ payload = "" }) => {
      const cut = payload.indexOf("\n");
      if (cut >= 0) topics.deliver(payload.slice(0, cut), payload.slice(cut + 1));
    });
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      connected = client;
      const stop = (): void => void client.end().catch(() => {});
      closing.signal.addEventListener("abort", stop, { once: true });
      if (closing.signal.aborted) stop();
      // Messages may have been lost before the connection, so all listeners are called.
      for (const topic of topics.names()) topics.deliver(topic, "");
      const error = await lost;
      closing.signal.removeEventListener("abort", stop);
      throw error ?? new Error("The connection ended.");
    } finally {
      connected = undefined;
      await client.end().catch(() => {});
    }
  };

  const keepListening = async (): Promise<void> => {
    let failures = 0;
    while (!closing.signal.aborted) {
      const began = clock.monotonic();
      try {
        await listen();
      } catch (error) {
        if (closing.signal.aborted) return;
        failures = clock.monotonic() - began > 10_000 ? 0 : failures + 1;
        logger.warn({ error, failures }, "The connection for wake-ups failed. It is retried.");
        await clock.sleep(backoffDelay({ first: 100, max: 5_000 }, failures), closing.signal).catch(() => {});
      }
    }
  };
  const running = keepListening();

  return {
    kind: "postgres",
    publish: async (topic, message) => {
      await connected?.query("select pg_notify($1, $2)", [channel, `${topic}\n${message}`]);
    },
    subscribe: topics.subscribe,
    close: async () => {
      closing.abort();
      topics.clear();
      await running;
    },
  };
}
