// Wake-ups through PostgreSQL's LISTEN and NOTIFY: one connection that listens, the pool's own for publishing.
import pg from "pg";
import { systemClock, type Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import type { PubSub } from "./port.js";
import { createTopics } from "./topics.js";

export interface PostgresPubSubOptions {
  readonly databaseUrl: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** All topics share one channel: topics come and go without a LISTEN for each. */
const channel = "indexer";

/**
 * Connects in the background and again whenever the connection is lost: until then nothing is heard, and `publish` reaches
 * nobody, which its callers must bear (they poll besides).
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
    // Errors after the first are told by "end" as well; without a listener they would end the process.
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
      // What was announced while nobody listened is looked for now.
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
        logger.warn({ error, failures }, "The connection for wake-ups is lost; connecting again.");
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
