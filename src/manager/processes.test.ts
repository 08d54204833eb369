// Runs manager, PostgreSQL and workers as separate processes, and kills or freezes some of them during work.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { data, subscribe } from "../testing/graphql-client.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { startProcess, type RunningProcess } from "../testing/processes.js";

interface FetchEvent {
  readonly __typename: string;
  readonly order?: number;
  readonly status?: string;
  readonly parts?: number;
  readonly blockCount?: number;
  readonly transactionCount?: number;
  readonly error?: { readonly code: string; readonly message: string } | null;
}

const chain = `{ network: "demo", chainId: "demo-1" }`;
const fetchHeights = (from: number, to: number): string => `subscription {
  fetch(chain: ${chain}, target: { heights: { from: ${from}, to: ${to} } }) {
    __typename
    ... on FetchPart { order }
    ... on FetchFinal { status parts blockCount transactionCount error { code message } }
  }
}`;

describe.skipIf(!hasPostgres)("processes on PostgreSQL", () => {
  let database: TestDatabase;
  const running: RunningProcess[] = [];
  const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningProcess => {
    const started = startProcess({ args, env });
    running.push(started);
    return started;
  };
  const startManager = async (
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ manager: RunningProcess; url: string }> => {
    const manager = start(["manager"], { DATABASE_URL: database.url, ADDRESS: "127.0.0.1:0", ...env });
    const [, url] = await manager.line(/"url":"(http:[^"]+)"/);
    return { manager, url: url! };
  };
  const startWorker = (url: string, env: Readonly<Record<string, string>> = {}): RunningProcess =>
    start(["worker", "demo"], {
      MANAGERS: url.replace("http://", ""),
      MANAGER_INTERVAL: "500ms",
      HOSTNAME: "127.0.0.1",
      ...env,
    });
  const untilOnline = (url: string, count: number): Promise<void> =>
    vi.waitFor(
      async () => {
        const { workers } = await data<{ workers: { state: string }[] }>(url, "{ workers { state } }");
        expect(workers.filter(({ state }) => state === "ONLINE")).toHaveLength(count);
      },
      { timeout: 30_000, interval: 100 },
    );

  beforeAll(async () => {
    database = await createDatabase();
    const migrating = start(["db", "migrate"], { DATABASE_URL: database.url });
    expect(await migrating.ended()).toBe(0);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.kill()));
  });
  afterAll(() => database.drop());

  it("completes a fetch while workers are killed, frozen and restarted: gapless order, one final, no duplicates", async () => {
    const { url } = await startManager();
    const workers = [startWorker(url), startWorker(url), startWorker(url)];
    await untilOnline(url, 3);

    const events: FetchEvent[] = [];
    for await (const { fetch } of subscribe<{ fetch: FetchEvent }>(url, fetchHeights(1, 6_000))) {
      events.push(fetch);
      if (events.length === 10) workers[0]!.signal("SIGKILL");
      if (events.length === 15) startWorker(url);
      if (events.length === 20) workers[1]!.signal("SIGSTOP");
    }
    expect(events.at(-1)).toMatchObject({
      __typename: "FetchFinal",
      status: "SUCCEEDED",
      blockCount: 6_000,
      error: null,
    });
    expect(events.filter(({ __typename }) => __typename === "FetchFinal")).toHaveLength(1);
    const orders = events.slice(1, -1).map(({ order }) => order);
    expect(orders).toEqual(orders.map((_, at) => at));
    const final = events.at(-1)!;
    const { chain: proof } = await data<{ chain: { coverage: object } }>(
      url,
      `{ chain(network: "demo", chainId: "demo-1") { coverage(from: 1, to: 6000) { complete blocks transactions missingBlocks { from } } } }`,
    );
    expect(proof.coverage).toEqual({
      complete: true,
      blocks: "6000",
      transactions: String(final.transactionCount),
      missingBlocks: [],
    });
  }, 90_000);

  it("loses and duplicates nothing when a manager is killed during a fetch, and two managers return the same", async () => {
    const { manager, url } = await startManager();
    startWorker(url);
    await untilOnline(url, 1);
    let seen = 0;
    try {
      for await (const { fetch } of subscribe<{ fetch: FetchEvent }>(url, fetchHeights(10_001, 13_000))) {
        seen += 1;
        if (seen === 8) manager.signal("SIGKILL");
        expect(fetch.__typename).not.toBe("FetchFinal");
      }
    } catch {
      // The socket breaks with its manager.
    }
    expect(await manager.ended()).toBe("SIGKILL");

    const [one, two] = [await startManager(), await startManager()];
    for (const { url: each } of [one, two]) startWorker(each);
    await untilOnline(one.url, 1);
    interface Indexed {
      readonly chain: { readonly indexed: { readonly from: number; readonly to: number }[] };
    }
    const indexed = `{ chain(network: "demo", chainId: "demo-1") { indexed(from: 10001, to: 13000) { from to } } }`;
    const before = await data<Indexed>(one.url, indexed);
    expect(before.chain.indexed.length).toBeGreaterThan(0);
    for (const { from, to } of before.chain.indexed) {
      const query = `{ chain(network: "demo", chainId: "demo-1") { coverage(from: ${from}, to: ${to}) { complete } } }`;
      expect(await data(two.url, query)).toEqual({ chain: { coverage: { complete: true } } });
    }

    // Subscribers of one manager receive each block that the other manager stores, once.
    const watched: number[] = [];
    const watching = (async () => {
      for await (const { blocks } of subscribe<{ blocks: { height: number } }>(
        two.url,
        `subscription { blocks(chain: ${chain}) { height } }`,
      )) {
        watched.push(blocks.height);
        if (watched.length === 200) break;
      }
    })();
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`${two.url}/metrics`)).text();
      expect(metrics).toMatch(/subscriptions[^\n]* 1$/m);
    });
    const events: FetchEvent[] = [];
    for await (const { fetch } of subscribe<{ fetch: FetchEvent }>(one.url, fetchHeights(20_001, 20_200)))
      events.push(fetch);
    expect(events.at(-1)).toMatchObject({ status: "SUCCEEDED", blockCount: 200 });
    await watching;
    expect([...watched].sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, at) => 20_001 + at));
  }, 90_000);

  it("drains on SIGTERM: other workers finish the tasks of a worker, a manager exits with code 0", async () => {
    const { manager, url } = await startManager({ DRAIN_TIMEOUT: "1s" });
    const draining = startWorker(url, { DRAIN_TIMEOUT: "200ms" });
    startWorker(url);
    await untilOnline(url, 2);
    const events: FetchEvent[] = [];
    for await (const { fetch } of subscribe<{ fetch: FetchEvent }>(url, fetchHeights(30_001, 33_000))) {
      events.push(fetch);
      if (events.length === 5) draining.signal("SIGTERM");
    }
    expect(events.at(-1)).toMatchObject({ status: "SUCCEEDED", blockCount: 3_000 });
    expect(await draining.ended()).toBe(0);
    manager.signal("SIGTERM");
    expect(await manager.ended()).toBe(0);
  }, 60_000);

  it("reports NO_WORKER with the name of the chain", async () => {
    const { url } = await startManager();
    const events: FetchEvent[] = [];
    for await (const { fetch } of subscribe<{ fetch: FetchEvent }>(url, fetchHeights(1, 2)))
      events.push(fetch);
    expect(events.at(-1)).toMatchObject({
      status: "FAILED",
      error: { code: "NO_WORKER", message: expect.stringContaining("demo/demo-1") as string },
    });
  }, 30_000);
});
