// A manager of the product with a legacy worker, on real gRPC.
import { afterEach, describe, expect, it } from "vitest";
import type { LegacyHandler, LegacySend, LegacyWorker } from "../../../testing/legacy-worker.js";
import { startLegacyWorker } from "../../../testing/legacy-worker.js";
import { countingChain } from "../../../testing/counting-chain.js";
import { createManagerBench, span, type ManagerBench } from "../../../testing/manager-bench.js";
import { until } from "../../../testing/until.js";

const big = "123456789012345678901234567890123456789";

function blockJson(height: number, transactions = height % 3): string {
  const count = transactions === 0 ? "" : `,"num_txs":${transactions}`;
  return `{"hash":"B${height}","height":${height},"time":"2021-03-04T05:06:07.123456789Z","chain_id":"counting-1"${count}}`;
}

function transactionJson(height: number, at: number, extra = ""): string {
  return (
    `{"id":"00000000-0000-0000-0000-000000000000","hash":"T${height}-${at}","block_hash":"B${height}","height":${height},` +
    `"chain_id":"counting-1","time":"2021-03-04T05:06:07.123456789Z","transaction_fee":[{"text":"1u","numeric":${big},"currency":"u","exp":18}],` +
    `"gas_wanted":18446744073709551615,"gas_used":9007199254740993,"version":"0.0.1","has_errors":false,` +
    `"events":[{"id":"0","kind":"send","sub":[{"type":["send"],"module":"bank","error":{"message":"no"},"sub":[{"type":["inner"]}],` +
    `"sender":[{"account":{"id":"alice","detail":{"name":"Alice"}},"amounts":[{"numeric":${big}}]}]}]}],"raw":"AAEC/w=="${extra}}`
  );
}

interface RangeJson {
  readonly StartHeight: number;
  readonly EndHeight: number;
}

/** Sends a range as the first legacy workers did: blocks in any order, transactions in any order, END. */
const sendPaged: LegacyHandler = async ({ payload }, send) => {
  const { StartHeight, EndHeight } = JSON.parse(payload) as RangeJson;
  const heights = span(StartHeight, EndHeight).reverse();
  let order = 0;
  for (const height of heights) await send({ type: "Block", order: order++, payload: blockJson(height) });
  for (const height of heights) {
    for (let at = (height % 3) - 1; at >= 0; at -= 1) {
      await send({ type: "Transaction", order: order++, payload: transactionJson(height, at) });
    }
  }
  await send({ type: "END", order, final: true });
};

/** Sends heights in order with a Partial after each. */
const sendByHeight: LegacyHandler = async ({ payload }, send) => {
  const { StartHeight, EndHeight } = JSON.parse(payload) as RangeJson;
  let order = 0;
  for (const height of span(StartHeight, EndHeight)) {
    await send({ type: "Block", order: order++, payload: blockJson(height) });
    for (let at = 0; at < height % 3; at += 1) {
      await send({ type: "Transaction", order: order++, payload: transactionJson(height, at) });
    }
    await send({ type: "Partial", order: order++, payload: "null\n" });
  }
  await send({ type: "END", order, final: true });
};

describe("a legacy worker", () => {
  const closers: (() => void | Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  const setUp = async (
    handlers: Readonly<Record<string, LegacyHandler>>,
    count = 1,
    options: Parameters<typeof createManagerBench>[0] = {},
  ): Promise<{ bench: ManagerBench; workers: LegacyWorker[] }> => {
    const bench = createManagerBench(options);
    closers.push(() => bench.close());
    const workers = [];
    for (let at = 0; at < count; at += 1) {
      const worker = await startLegacyWorker(handlers);
      closers.push(() => worker.close());
      workers.push(worker);
      await bench.registry.register(
        {
          id: `legacy-${at}`,
          network: "counting",
          chain_id: "counting-1",
          connectivity: { version: "0.0.1", type: "grpc", address: worker.address },
        },
        { ip: "127.0.0.1" },
      );
    }
    await until(
      "workers online",
      () => bench.workers.list().filter(({ state }) => state === "ONLINE").length === count,
    );
    return { bench, workers };
  };

  it("is recognised by its PONG without features, and gets UUIDs as ids", async () => {
    const { bench, workers } = await setUp({ GetTransactions: sendByHeight });
    await bench.heights(1, 2).done;
    expect(bench.workers.list()).toMatchObject([{ capabilities: [], capacity: 8 }]);
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    for (const { id } of workers[0]?.requests ?? []) expect(id).toMatch(uuid);
    expect(workers[0]?.requests.at(-1)).toMatchObject({
      type: "GetTransactions",
      payload: '{"StartHeight":1,"EndHeight":2,"ChainID":"counting-1","Network":"counting"}',
    });
  });

  it.each([
    ["blocks first, in any order", sendPaged],
    ["heights in order with Partials", sendByHeight],
  ])("delivers whole heights in order: %s", async (_, handler) => {
    const { bench } = await setUp({ GetTransactions: handler });
    const task = bench.heights(10, 60);
    await task.done;
    expect(task.heights).toEqual(span(10, 60));
    for (const result of task.results) {
      if (result.kind !== "height") throw new Error("Heights are expected.");
      const { height } = result.block;
      expect(result.transactions.map(({ hash, index }) => [hash, index])).toEqual(
        Array.from({ length: height % 3 }, (__, at) => [`T${height}-${at}`, at]),
      );
    }
  });

  it("keeps every digit, nanosecond and byte", async () => {
    const { bench } = await setUp({ GetTransactions: sendByHeight });
    const task = bench.heights(4, 4);
    await task.done;
    const [result] = task.results;
    if (result?.kind !== "height") throw new Error("A height is expected.");
    expect(result.block).toEqual({
      chain: countingChain,
      height: 4,
      hash: "B4",
      time: 1_614_834_367_123_456_789n,
      transactionCount: 1,
    });
    expect(result.transactions[0]).toMatchObject({
      chain: countingChain,
      fee: [{ text: "1u", numeric: big, currency: "u", exp: 18 }],
      gasWanted: 18_446_744_073_709_551_615n,
      gasUsed: 9_007_199_254_740_993n,
      memo: "",
      events: [
        {
          kind: "send",
          sub: [
            {
              type: ["send"],
              error: "no",
              sub: [{ type: ["inner"] }],
              sender: [{ account: { id: "alice", name: "Alice" }, amounts: [{ numeric: big, exp: 0 }] }],
            },
          ],
        },
      ],
    });
    expect([...(result.transactions[0]?.raw ?? [])]).toEqual([0, 1, 2, 255]);
  });

  it.each([
    [
      "ends without an error before its range is complete",
      async (send: LegacySend) => send({ type: "END", order: 1, final: true }),
    ],
    [
      "ends with an error, and once more without",
      async (send: LegacySend) => {
        await send({ error: "Errors Getting Blocks", final: true });
        await send({ type: "END", order: 1, final: true });
      },
    ],
    [
      "sends a payload that is not JSON",
      async (send: LegacySend) => send({ type: "Block", order: 1, payload: "{" }),
    ],
  ])(
    "lesson 27, 29: one that %s is replaced by another worker after the last whole height",
    async (_, misbehave) => {
      let first = true;
      const handler: LegacyHandler = async (request, send) => {
        if (!first) return sendByHeight(request, send);
        first = false;
        await send({ type: "Block", order: 0, payload: blockJson(3) });
        await misbehave(send);
      };
      const { bench, workers } = await setUp({ GetTransactions: handler }, 2);
      const task = bench.heights(3, 8);
      await task.done;
      expect(task.heights).toEqual(span(3, 8));
      const ranges = workers
        .flatMap(({ requests }) => requests)
        .filter(({ type }) => type === "GetTransactions");
      expect(ranges.map(({ payload }) => (JSON.parse(payload) as RangeJson).StartHeight)).toEqual([3, 4]);
    },
  );

  it("lesson 17: a block with fewer transactions than it declares is never complete", async () => {
    const { bench } = await setUp({
      GetTransactions: async (_, send) => {
        await send({ type: "Block", order: 0, payload: blockJson(5, 2) });
        await send({ type: "Transaction", order: 1, payload: transactionJson(5, 0) });
        await send({ type: "END", order: 2, final: true });
      },
    });
    const task = bench.heights(5, 5);
    await until("three calls", async () => {
      await bench.clock.advance(1_000);
      return true;
    });
    const failed = expect(task.done).rejects.toMatchObject({
      code: "WORKER_FAILED",
      message: expect.stringContaining("declares 2 transactions, but 1 arrived") as string,
    });
    await advanceUntil(bench, task.done);
    await failed;
  });

  it("is not called again after it reports an unknown task type", async () => {
    const { bench, workers } = await setUp({});
    await expect(bench.heights(1, 1).done).rejects.toMatchObject({
      message: "There is no such handler GetTransactions",
      retryable: false,
    });
    expect(workers[0]?.requests.filter(({ type }) => type !== "PING")).toHaveLength(1);
  });

  it("lesson 31: gets a request for the heights that it skipped after an outage", async () => {
    const { bench, workers } = await setUp({
      GetLatest: async (_, send) => {
        for (const height of span(900, 910)) await send({ type: "Block", payload: blockJson(height, 0) });
        await send({ type: "END", order: 11, final: true });
      },
      GetTransactions: sendPaged,
    });
    const task = bench.run({
      kind: "latest",
      chain: countingChain,
      after: { height: 100, hash: "B100" },
      limit: 50,
    });
    await task.done;
    expect(task.heights).toEqual(span(101, 150));
    expect(workers[0]?.requests.at(-1)?.payload).toContain('"StartHeight":101,"EndHeight":150');
  });

  it("delivers the heights after a repeated block, and the newest heights without a known block", async () => {
    const { bench, workers } = await setUp({
      GetLatest: async (_, send) => {
        for (const height of span(100, 104).reverse())
          await send({ type: "Block", payload: blockJson(height, 0) });
        await send({ type: "END", order: 5, final: true });
      },
    });
    const after = bench.run({ kind: "latest", chain: countingChain, after: { height: 100 }, limit: 50 });
    await after.done;
    expect(after.heights).toEqual(span(101, 104));
    const fresh = bench.run({ kind: "latest", chain: countingChain, limit: 50 });
    await fresh.done;
    expect(fresh.heights).toEqual(span(100, 104));
    expect(workers[0]?.requests.at(-1)?.payload).not.toContain("lastHeight");
  });

  it("delivers account results in each format that was in use", async () => {
    const answer =
      (type: string, payload: string): LegacyHandler =>
      async (_, send) => {
        await send({ type, payload });
        await send({ type: "END", order: 1, final: true });
      };
    const { bench } = await setUp({
      GetReward: answer(
        "Reward",
        `{"height":7,"rewards":{"val":[{"text":"1u","numeric":${big},"currency":"u","exp":18}]}}`,
      ),
      GetAccountBalance: answer(
        "AccountBalance",
        `{"height":7,"balances":[{"text":"1.5","numeric":1.5e+2,"currency":"u"}]}`,
      ),
      GetAccountDelegations: answer(
        "AccountDelegations",
        `{"height":7,"delegations":[{"delegator":"d","validator":"v","shares":{"numeric":105,"exp":1},"balance":{"numeric":10,"currency":"u"}}]}`,
      ),
    });
    const about = { chain: countingChain, account: "a", height: 7 };
    const tasks = (["reward", "balance", "delegations"] as const).map((kind) =>
      bench.run({ kind, ...about }),
    );
    await Promise.all(tasks.map(({ done }) => done));
    expect(tasks.flatMap(({ results }) => results)).toEqual([
      {
        kind: "reward",
        height: 7,
        rewards: [{ validator: "val", amounts: [{ text: "1u", numeric: big, currency: "u", exp: 18 }] }],
      },
      { kind: "balance", height: 7, balances: [{ text: "1.5", numeric: "150", currency: "u", exp: 0 }] },
      {
        kind: "delegations",
        height: 7,
        delegations: [
          {
            delegator: "d",
            validator: "v",
            shares: "10.5",
            balance: { text: "", numeric: "10", currency: "u", exp: 0 },
          },
        ],
      },
    ]);
  });

  it("delivers a transaction by its hash with its block", async () => {
    const { bench } = await setUp({
      GetTransactions: async (_, send) => {
        await send({ type: "Block", payload: blockJson(5, 2) });
        await send({ type: "Transaction", order: 1, payload: transactionJson(5, 1) });
        await send({ type: "END", order: 2, final: true });
      },
    });
    const task = bench.run({ kind: "transaction", chain: countingChain, hash: "0xt5-1" });
    await task.done;
    expect(task.results).toMatchObject([
      { kind: "transaction", block: { height: 5 }, transaction: { hash: "T5-1" } },
    ]);
  });

  it("keeps its place in capacity until its final after its task is cancelled, and its messages are dropped", async () => {
    const sends: LegacySend[] = [];
    const { bench } = await setUp({ GetTransactions: (_, send) => void sends.push(send) });
    const leaving = new AbortController();
    const task = bench.heights(1, 5, { signal: leaving.signal });
    await until("the task", () => sends.length === 1);
    leaving.abort(new Error("gone"));
    await expect(task.done).rejects.toThrow("gone");
    expect(bench.workers.list()).toMatchObject([{ inFlight: 1 }]);
    await sends[0]?.({ type: "Block", payload: blockJson(1) });
    await sends[0]?.({ type: "END", order: 1, final: true });
    await until("its place", () => bench.workers.list()[0]?.inFlight === 0);
    expect(await bench.dropped("abandoned")).toBe(2);
  });

  it("lesson 9: a message over 4 MiB is accepted, and one over 16 MiB ends only its own task", async () => {
    const withRaw =
      (megabytes: number): LegacyHandler =>
      async (_, send) => {
        await send({ type: "Block", payload: blockJson(4, 1) });
        const log = `,"raw_log":"${Buffer.alloc(megabytes * 1024 * 1024).toString("base64")}"`;
        await send({ type: "Transaction", order: 1, payload: transactionJson(4, 0, log) });
        await send({ type: "END", order: 2, final: true });
      };
    const balance: LegacyHandler = async (_, send) => {
      await send({ type: "AccountBalance", payload: '{"height":1,"balances":[]}' });
      await send({ type: "END", order: 1, final: true });
    };
    const handler: LegacyHandler = (request, send) =>
      withRaw((JSON.parse(request.payload) as RangeJson).EndHeight === 4 ? 6 : 14)(request, send);
    const { bench, workers } = await setUp({ GetTransactions: handler, GetAccountBalance: balance });
    const large = bench.heights(4, 4);
    await large.done;
    expect(large.results).toMatchObject([{ transactions: [{ rawLog: { length: 6 * 1024 * 1024 } }] }]);
    const tooLarge = bench.heights(4, 5);
    const beside = bench.run({ kind: "balance", chain: countingChain, account: "a", height: 1 });
    await expect(tooLarge.done).rejects.toMatchObject({
      code: "WORKER_FAILED",
      message: expect.stringContaining("at most") as string,
    });
    await beside.done;
    expect(workers[0]?.requests.filter(({ type }) => type === "GetTransactions")).toHaveLength(2);
  });

  it("lesson 1: a stopped consumer blocks neither other tasks nor PONGs, and gets every height in the end", async () => {
    const log = `,"raw_log":"${Buffer.alloc(30_000).toString("base64")}"`;
    const limit = 1024 * 1024;
    const handlers: Record<string, LegacyHandler> = {
      GetTransactions: async ({ payload }, send) => {
        const { StartHeight, EndHeight } = JSON.parse(payload) as RangeJson;
        for (const height of span(StartHeight, EndHeight)) {
          await send({ type: "Block", order: 1, payload: blockJson(height, 1) });
          await send({ type: "Transaction", order: 2, payload: transactionJson(height, 0, log) });
        }
        await send({ type: "END", order: 3, final: true });
      },
      GetAccountBalance: async (_, send) => {
        await send({ type: "AccountBalance", payload: '{"height":1,"balances":[]}' });
        await send({ type: "END", order: 1, final: true });
      },
    };
    const { bench, workers } = await setUp(handlers, 1, { bufferBytes: limit });
    const slow = bench.dispatcher.run(
      { kind: "heights", chain: countingChain, range: { from: 1, to: 60 } },
      { signal: new AbortController().signal, priority: "interactive", caller: "slow" },
    );
    const parts = slow.parts[Symbol.asyncIterator]();
    const seen: number[] = [];
    const take = async (): Promise<boolean> => {
      const next = await parts.next();
      if (next.done === true) return false;
      for (const answer of next.value.results) if (answer.kind === "height") seen.push(answer.block.height);
      next.value.acknowledge();
      return true;
    };
    await take();
    await until("a megabyte to wait", async () => (await bufferedBytes(bench)) >= limit);
    const beside = bench.run({ kind: "balance", chain: countingChain, account: "a", height: 1 });
    await advanceUntil(bench, beside.done);
    expect(await bufferedBytes(bench)).toBeLessThan(limit);
    expect(bench.workers.list()).toMatchObject([{ state: "ONLINE" }]);
    let more = true;
    while (more) more = await take();
    expect(seen).toEqual(span(1, 60));
    expect(workers[0]?.requests.filter(({ type }) => type === "GetTransactions").length).toBeGreaterThan(1);
  });
});

async function bufferedBytes(bench: ManagerBench): Promise<number> {
  const found = await bench.metrics.getSingleMetric("indexer_results_buffered_bytes")?.get();
  return found?.values[0]?.value ?? 0;
}

/** Moves the clock, second by second, until the promise is settled. */
async function advanceUntil(bench: ManagerBench, settled: Promise<unknown>): Promise<void> {
  let over = false;
  settled.then(
    () => (over = true),
    () => (over = true),
  );
  await until("the end", async () => {
    await bench.clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return over;
  });
}
