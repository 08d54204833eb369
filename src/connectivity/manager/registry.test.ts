// Registration, over real gRPC if a worker must reply.
import { afterEach, describe, expect, it } from "vitest";
import type { WorkerStatus } from "../../domain/worker.js";
import { createManagerBench, span, type ManagerBench } from "../../testing/manager-bench.js";
import { registrationOf, startTestWorker, type TestWorker } from "../../testing/test-worker.js";
import { until } from "../../testing/until.js";

const source = { ip: "10.9.9.9" };

describe("the registry", () => {
  const closers: (() => void | Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  const setUp = (options: Parameters<typeof createManagerBench>[0] = {}): ManagerBench => {
    const bench = createManagerBench(options);
    closers.push(() => bench.close());
    return bench;
  };
  const startWorker: typeof startTestWorker = async (...args) => {
    const worker = await startTestWorker(...args);
    closers.push(() => worker.server.close());
    return worker;
  };
  const stateOf = (bench: ManagerBench, workerId: string): WorkerStatus["state"] | undefined =>
    bench.workers.list().find((each) => each.workerId === workerId)?.state;
  const untilState = (
    bench: ManagerBench,
    workerId: string,
    state: WorkerStatus["state"],
  ): Promise<unknown> => until(`${workerId} ${state}`, () => stateOf(bench, workerId) === state);
  const online = async (bench: ManagerBench, worker: TestWorker, from = source): Promise<void> => {
    await bench.registry.register(worker.registration, from);
    await untilState(bench, worker.workerId, "ONLINE");
  };

  it("dials a registered worker, publishes each change, and returns the JSON of GET /get_workers", async () => {
    const bench = setUp();
    const states: string[] = [];
    const stop = bench.workers.onChange(({ state }) => states.at(-1) === state || states.push(state));
    const worker = await startWorker("w1");
    await online(bench, worker);
    stop();
    expect(states).toEqual(["CONNECTING", "ONLINE"]);
    expect(bench.registry.legacy()).toEqual({
      counting: {
        workers: {
          w1: {
            node_id: "w1",
            type: "counting",
            chain_id: "counting-1",
            state: 1,
            connection: [
              { version: "0.0.1", type: "grpc", addresses: [{ ip: "", address: worker.address }] },
            ],
            last_check: expect.stringMatching(/^20/) as string,
            tasks: { worker_id: "w1", stream_state: 1, stream_id: "w1" },
          },
        },
        all: 1,
        active: 1,
      },
    });
    expect(bench.workers.list({ chainId: "other" })).toEqual([]);
    expect(bench.workers.list({ network: "counting" })).toHaveLength(1);
    expect(bench.dispatcher.capacity({ network: "counting", chainId: "counting-1" })).toBe(8);
  });

  it("lesson 7: registers without waiting for the dial, and gives no task to a worker whose dial fails", async () => {
    const bench = setUp();
    const worker = await startWorker("good");
    // No process listens on port 1.
    await bench.registry.register(registrationOf("bad", "127.0.0.1:1"), source);
    await online(bench, worker);
    const tasks = span(1, 20).map((height) => bench.heights(height, height));
    await Promise.all(tasks.map(({ done }) => done));
    expect(new Set(tasks.flatMap(({ parts }) => parts.map((part) => part.worker)))).toEqual(
      new Set(["good"]),
    );
    expect(stateOf(bench, "bad")).toBe("CONNECTING");
  });

  it("lesson 2: workers with different addresses never disturb each other", async () => {
    const bench = setUp();
    const workers = [await startWorker("w1"), await startWorker("w2"), await startWorker("w3")];
    for (const worker of workers) await online(bench, worker);
    const task = bench.heights(0, 500);
    for (const worker of workers) await bench.registry.register(worker.registration, source);
    await bench.clock.advance(2_000);
    await task.done;
    expect(bench.workers.list().map(({ state }) => state)).toEqual(["ONLINE", "ONLINE", "ONLINE"]);
    expect(task.heights).toEqual(span(0, 500));
  });

  it("lesson 6: a worker that comes back under a new id at its address replaces the old one, and stays online", async () => {
    const bench = setUp();
    const before = await startWorker("before");
    await online(bench, before);
    before.server.close();
    const after = await startWorker("after", { listen: before.address });
    await online(bench, after);
    expect(bench.workers.list().map(({ workerId }) => workerId)).toEqual(["after"]);
    await bench.clock.advance(20_000);
    await bench.heights(1, 3).done;
    expect(stateOf(bench, "after")).toBe("ONLINE");
  });

  it("refuses the id of a worker at another address until that worker is offline", async () => {
    const bench = setUp();
    const worker = await startWorker("w1");
    await online(bench, worker);
    const thief = registrationOf("w1", "127.0.0.1:1");
    await expect(bench.registry.register(thief, source)).rejects.toMatchObject({ code: "CONFLICT" });
    worker.server.close();
    await untilState(bench, "w1", "CONNECTING");
    for (const _ of span(1, 31)) await bench.clock.advance(1_000);
    expect(stateOf(bench, "w1")).toBe("OFFLINE");
    await bench.registry.register(thief, source);
    expect(bench.workers.list()).toMatchObject([{ workerId: "w1", address: "127.0.0.1:1" }]);
  });

  it("ends the stream to a worker with another id than the registered one", async () => {
    const bench = setUp();
    const worker = await startWorker("real");
    await bench.registry.register(registrationOf("false", worker.address), source);
    await bench.clock.advance(3_000);
    expect(stateOf(bench, "false")).toBe("CONNECTING");
    await online(bench, worker);
    expect(bench.workers.list().map(({ workerId }) => workerId)).toEqual(["real"]);
  });

  it("marks a silent worker OFFLINE after 30 s, removes it after 10 min, and accepts it again at once", async () => {
    const bench = setUp();
    const worker = await startWorker("w1");
    await online(bench, worker);
    const { address } = worker;
    worker.server.close();
    await untilState(bench, "w1", "CONNECTING");
    const states: string[] = [];
    bench.workers.onChange(({ state }) => states.push(state));
    for (const _ of span(1, 31)) await bench.clock.advance(1_000);
    expect(states.at(-1)).toBe("OFFLINE");
    expect(bench.registry.legacy()["counting"]).toMatchObject({ all: 1, active: 0 });

    const again = await startWorker("w1", { listen: address });
    await bench.registry.register(again.registration, source);
    await untilState(bench, "w1", "ONLINE");

    again.server.close();
    await untilState(bench, "w1", "CONNECTING");
    for (const _ of span(1, 602)) await bench.clock.advance(1_000);
    expect(bench.workers.list()).toEqual([]);
  });

  it("dials again with backoff, and the worker then executes tasks", async () => {
    const bench = setUp();
    const worker = await startWorker("w1");
    await online(bench, worker);
    worker.server.close();
    await untilState(bench, "w1", "CONNECTING");
    const again = await startWorker("w1", { listen: worker.address });
    for (const _ of span(1, 4)) await bench.clock.advance(500);
    await untilState(bench, "w1", "ONLINE");
    await bench.heights(1, 3).done;
    expect(again.sessionServer.draining).toBe(false);
  });

  it("assigns no task to a worker that reports draining in its registration", async () => {
    const bench = setUp();
    const worker = await startWorker("w1");
    await online(bench, worker);
    await bench.registry.register({ ...worker.registration, draining: true }, source);
    expect(stateOf(bench, "w1")).toBe("DRAINING");
    expect(bench.dispatcher.capacity({ network: "counting", chainId: "counting-1" })).toBe(0);
    await bench.registry.register(worker.registration, source);
    expect(stateOf(bench, "w1")).toBe("ONLINE");
  });

  it("lesson 4: a body never leaks into the next registration", async () => {
    const bench = setUp();
    const [a, b] = [await startWorker("a"), await startWorker("b")];
    const odd = {
      ...a.registration,
      connectivity: { ...a.registration.connectivity, address: "8.8.8.8:80" },
    };
    const results = await Promise.allSettled([
      bench.registry.register(odd, source),
      bench.registry.register(b.registration, source),
      bench.registry.register([a.registration, odd], source),
      bench.registry.register(a.registration, source),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
    await untilState(bench, "b", "ONLINE");
    expect(bench.workers.list().find(({ workerId }) => workerId === "b")?.address).toBe(b.address);
  });

  it("lesson 3: handles registrations, lists and tasks at the same time", async () => {
    const bench = setUp();
    const worker = await startWorker("w1");
    await online(bench, worker);
    const tasks = span(1, 20).map((height) => bench.heights(height, height));
    const registrations = span(0, 199).map(async (at) => {
      const body = registrationOf(`many-${at}`, `127.0.1.${at + 1}:9`);
      await bench.registry.register(body, { ip: `10.0.0.${at}` });
      bench.registry.legacy();
    });
    await Promise.all([...registrations, ...tasks.map(({ done }) => done)]);
    expect(bench.workers.list()).toHaveLength(201);
  });

  describe("limits on strangers", () => {
    const free = registrationOf("w1", "127.0.0.1:9");

    it.each([
      ["no object", undefined, ""],
      ["text", "{}", ""],
      ["an array", [free], ""],
      ["no id", { ...free, id: undefined }, "id"],
      ["an empty id", { ...free, id: "" }, "id"],
      ["an id that is no text", { ...free, id: 5 }, "id"],
      ["a long id", { ...free, id: "x".repeat(257) }, "id"],
      ["an id with a line break", { ...free, id: "a\nb" }, "id"],
      ["a network with markup", { ...free, network: "<script>" }, "network"],
      ["a long chain id", { ...free, chain_id: "x".repeat(257) }, "chain_id"],
      ["no connectivity", { ...free, connectivity: null }, "connectivity"],
      [
        "another type",
        { ...free, connectivity: { ...free.connectivity, type: "http" } },
        "connectivity.type",
      ],
      [
        "a long address",
        { ...free, connectivity: { ...free.connectivity, address: "x".repeat(300) } },
        "connectivity.address",
      ],
      [
        "an address that is none",
        { ...free, connectivity: { ...free.connectivity, address: "unix:/x" } },
        "host:port",
      ],
    ])("refuses %s", async (_, body, names) => {
      const bench = setUp();
      await expect(bench.registry.register(body, source)).rejects.toMatchObject({
        code: "BAD_USER_INPUT",
        message: expect.stringContaining(names) as string,
      });
      expect(bench.workers.list()).toEqual([]);
    });

    it("accepts ten new workers a minute from one source, and any number of repetitions", async () => {
      const bench = setUp();
      const body = (at: number) => registrationOf(`w${at}`, `127.0.0.1:${at}`);
      for (const at of span(1, 10)) await bench.registry.register(body(at), source);
      await expect(bench.registry.register(body(11), source)).rejects.toMatchObject({ code: "RATE_LIMITED" });
      for (const at of span(1, 10)) await bench.registry.register(body(at), source);
      await bench.registry.register(body(12), { ip: "10.9.9.8" });
      await bench.clock.advance(60_001);
      await bench.registry.register(body(11), source);
      expect(bench.workers.list()).toHaveLength(12);
    });

    it("accepts 256 workers and 32 networks, and replaces offline workers", async () => {
      const bench = setUp();
      const body = (at: number, network = "counting") => ({
        ...registrationOf(`w${at}`, `127.1.${at % 256}.${Math.floor(at / 256) + 1}:9`),
        network,
      });
      const register = (at: number, network?: string) =>
        bench.registry.register(body(at, network), { ip: `ip ${at}` });
      for (const at of span(0, 31)) await register(at, `network-${at}`);
      await expect(register(32, "one-too-many")).rejects.toMatchObject({
        code: "OVERLOADED",
        facts: { limit: 32 },
      });
      for (const at of span(32, 255)) await register(at, "network-1");
      await expect(register(256, "network-1")).rejects.toMatchObject({
        code: "OVERLOADED",
        facts: { limit: 256 },
      });
      for (const _ of span(1, 31)) await bench.clock.advance(1_000);
      await register(256, "network-1");
      expect(bench.workers.list()).toHaveLength(256);
    });

    it("requires the token if one is set", async () => {
      const bench = setUp({ token: "secret" });
      const worker = await startWorker("w1", { token: "secret" });
      for (const authorization of [
        undefined,
        "",
        "Bearer",
        "Bearer wrong",
        "bearer secret",
        "Bearer secret ",
      ]) {
        const from = { ...source, ...(authorization !== undefined && { authorization }) };
        await expect(bench.registry.register(worker.registration, from)).rejects.toMatchObject({
          code: "UNAUTHENTICATED",
        });
      }
      await online(bench, worker, { ...source, authorization: "Bearer secret" } as typeof source);
      await bench.heights(1, 1).done;
    });
  });

  it("detaches a worker of this process", async () => {
    const bench = setUp();
    const letGo = bench.attach("inside", () => {
      throw new Error("never there");
    });
    expect(bench.workers.list()).toMatchObject([{ address: "in-process", state: "CONNECTING" }]);
    letGo();
    expect(bench.workers.list()).toEqual([]);
  });
});
