import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { createMemoryPubSub } from "./memory.js";
import type { PubSub } from "./port.js";
import { createPostgresPubSub } from "./postgres.js";

/** Publishes until a listener of another subscriber hears it: a connection may not stand yet. */
async function untilHeard(publisher: PubSub, listener: PubSub, topic: string): Promise<void> {
  const heard = vi.fn();
  const stop = listener.subscribe(topic, heard);
  await vi.waitFor(
    async () => {
      await publisher.publish(topic, "ready");
      expect(heard).toHaveBeenCalled();
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
    await untilHeard(a, b, "warm-up");
    await untilHeard(b, a, "warm-up");
  });
  afterAll(async () => {
    await Promise.all([a.close(), b.close()]);
  });

  it("delivers in order to every listener of the topic and to nobody else, until they stop", async () => {
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

  it("wakes its listeners and goes on after its connection was lost", async () => {
    const [a, b] = [create(), create()];
    await untilHeard(a, b, "warm-up");
    const heard = vi.fn();
    b.subscribe("blocks", heard);
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'indexer pubsub' and datname = current_database()",
    );
    await admin.end();
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith(""), { timeout: 10_000 });
    await vi.waitFor(
      async () => {
        await a.publish("blocks", "after");
        expect(heard).toHaveBeenCalledWith("after");
      },
      { timeout: 10_000 },
    );
    await Promise.all([a.close(), b.close()]);
  });
});
