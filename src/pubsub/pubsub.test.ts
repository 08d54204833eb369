import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { hasRedis, startRedisServer, type RedisServer } from "../testing/redis-server.js";
import { createMemoryPubSub } from "./memory.js";
import type { PubSub } from "./port.js";
import { createPostgresPubSub } from "./postgres.js";
import { createRedisPubSub } from "./redis.js";

/** Publishes until a listener of another subscriber receives a message: the connection may not be open yet. */
async function untilReceived(publisher: PubSub, listener: PubSub, topic: string): Promise<void> {
  const received = vi.fn();
  const stop = listener.subscribe(topic, received);
  await vi.waitFor(
    async () => {
      await publisher.publish(topic, "ready");
      expect(received).toHaveBeenCalled();
    },
    { timeout: 10_000 },
  );
  stop();
}

function contract(create: () => { readonly a: PubSub; readonly b: PubSub }): void {
  let a: PubSub;
  let b: PubSub;
  beforeAll(async () => {
    ({ a, b } = create());
    await untilReceived(a, b, "warm-up");
    await untilReceived(b, a, "warm-up");
  });
  afterAll(async () => {
    await Promise.all([a.close(), b.close()]);
  });

  it("delivers in order to every listener of the topic, and to no other, until the listener is removed", async () => {
    const [first, second, other] = [vi.fn(), vi.fn(), vi.fn()];
    const stopFirst = a.subscribe("blocks", first);
    b.subscribe("blocks", second);
    b.subscribe("workers", other);
    await a.publish("blocks", "1\nwith a second line");
    await a.publish("blocks", "2");
    await vi.waitFor(() => expect(second).toHaveBeenCalledTimes(2));
    await vi.waitFor(() => expect(first).toHaveBeenCalledTimes(2));
    expect(second.mock.calls).toEqual([["1\nwith a second line"], ["2"]]);
    stopFirst();
    await a.publish("blocks", "3");
    await vi.waitFor(() => expect(second).toHaveBeenCalledTimes(3));
    expect(first).toHaveBeenCalledTimes(2);
    expect(other).not.toHaveBeenCalled();
  });
}

describe("pubsub in memory", () => {
  contract(() => {
    const one = createMemoryPubSub();
    return { a: one, b: one };
  });
});

describe.skipIf(!hasPostgres)("pubsub through PostgreSQL", () => {
  let database: TestDatabase;
  const create = (): PubSub => createPostgresPubSub({ databaseUrl: database.url, logger: silentLogger() });
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  contract(() => ({ a: create(), b: create() }));

  it("calls its listeners and delivers again after a lost connection", async () => {
    const [a, b] = [create(), create()];
    await untilReceived(a, b, "warm-up");
    const received = vi.fn();
    b.subscribe("blocks", received);
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'indexer pubsub' and datname = current_database()",
    );
    await admin.end();
    await vi.waitFor(() => expect(received).toHaveBeenCalledWith(""), { timeout: 10_000 });
    await vi.waitFor(
      async () => {
        await a.publish("blocks", "after");
        expect(received).toHaveBeenCalledWith("after");
      },
      { timeout: 10_000 },
    );
    await Promise.all([a.close(), b.close()]);
  });
});

describe.skipIf(!hasRedis)("pubsub through Redis", () => {
  let server: RedisServer;
  const create = (url = server.url): PubSub => createRedisPubSub({ redisUrl: url, logger: silentLogger() });
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(() => server.stop());

  contract(() => ({ a: create(), b: create() }));

  it("calls its listeners and delivers again after a restart of the server", async () => {
    const [a, b] = [create(), create()];
    await untilReceived(a, b, "warm-up");
    const received = vi.fn();
    b.subscribe("blocks", received);
    await server.restart();
    await vi.waitFor(() => expect(received).toHaveBeenCalledWith(""), { timeout: 20_000 });
    await vi.waitFor(
      async () => {
        await a.publish("blocks", "after");
        expect(received).toHaveBeenCalledWith("after");
      },
      { timeout: 20_000 },
    );
    await Promise.all([a.close(), b.close()]);
  });

  it("publishes nothing without a server, fails no caller, and closes at once", async () => {
    const pubsub = create("redis://127.0.0.1:1");
    expect(pubsub.kind).toBe("redis");
    await pubsub.publish("blocks", "lost");
    await pubsub.close();
  });
});
