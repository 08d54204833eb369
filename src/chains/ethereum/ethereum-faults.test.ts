// The reader on nodes that fail, limit requests, lag, return wrong data or reorganise.
import { afterEach, describe, expect, it } from "vitest";
import { TaskFailure, type TaskResult, type TaskRequest } from "../../domain/task.js";
import { silentLogger } from "../../lib/logger.js";
import {
  generatedChain,
  generatedTransactions,
  StandInError,
  startStandInNode,
  type GeneratedChanges,
  type StandInNode,
  type StandInOptions,
} from "../../testing/ethereum-stand-in.js";
import { createFastClock } from "../../testing/manual-clock.js";
import type { ChainReader } from "../port.js";
import { createEthereumChain, type EthereumChainOptions } from "./ethereum-chain.js";

const chain = { network: "ethereum", chainId: "7" };
/** Cooldowns and waits take a tenth of their time. */
const clock = createFastClock(10);
const running: StandInNode[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((node) => node.stop()));
});

/** Starts a node that serves the generated chain with changes. */
async function start(
  changes: GeneratedChanges = {},
  options: Partial<StandInOptions> = {},
): Promise<StandInNode> {
  const node = await startStandInNode({ respond: generatedChain(changes), ...options });
  running.push(node);
  return node;
}

/** Returns a URL on which nothing listens. */
async function deadUrl(): Promise<string> {
  const node = await startStandInNode({ respond: generatedChain() });
  await node.stop();
  return node.url;
}

function open(urls: readonly string[], options: Partial<EthereumChainOptions> = {}): ChainReader {
  return createEthereumChain({ urls, chainId: "7", logger: silentLogger(), clock, ...options });
}

interface Reading {
  readonly results: readonly TaskResult[];
  readonly heights: readonly number[];
  readonly failure: TaskFailure | undefined;
}

async function read(reader: ChainReader, from: number, to: number): Promise<Reading> {
  return readTask(reader, { kind: "heights", chain, range: { from, to } });
}

async function readTask(reader: ChainReader, request: TaskRequest): Promise<Reading> {
  const results: TaskResult[] = [];
  let failure: TaskFailure | undefined;
  try {
    for await (const result of reader.execute(request, new AbortController().signal)) results.push(result);
  } catch (error) {
    if (!(error instanceof TaskFailure)) throw error;
    failure = error;
  }
  const heights = results.flatMap((result) => (result.kind === "height" ? [result.block.height] : []));
  return { results, heights, failure };
}

const span = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** Expects complete heights of the generated chain, each with all of its transactions. */
function expectComplete({ results, heights, failure }: Reading, from: number, to: number): void {
  expect(failure).toBeUndefined();
  expect(heights).toEqual(span(from, to));
  for (const result of results) {
    if (result.kind === "height") expect(result.transactions).toHaveLength(generatedTransactions);
  }
}

describe("a node that limits requests", () => {
  it("is called again after the time that it requests", async () => {
    let limits = 2;
    const node = await start(
      {},
      {
        intercept: () =>
          limits-- > 0 ? { status: 429, body: "slow down", headers: { "retry-after": "0.5" } } : undefined,
      },
    );
    expectComplete(await read(open([node.url]), 1, 30), 1, 30);
  });

  it.each([
    ["HTTP 429", { status: 429, body: "{}", headers: { "retry-after": "60" } }, 59_000],
    [
      "an error for the whole batch",
      {
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: null,
          error: { code: -32005, message: "daily request count exceeded, request rate limited" },
        }),
      },
      400,
    ],
  ])("ends the task with the time to wait (%s)", async (_, reply, atLeast) => {
    const node = await start(
      {},
      { intercept: ([call]) => (call?.method === "eth_chainId" ? undefined : reply) },
    );
    const { failure } = await read(open([node.url]), 1, 5);
    expect(failure).toMatchObject({ retry: "same-worker", details: { type: "rate_limited" } });
    expect(failure?.details.retryAfterMs).toBeGreaterThan(atLeast);
  });

  it("receives smaller batches if it limits single calls of a batch", async () => {
    let inOneRequest = 0;
    const serve = generatedChain();
    const node = await start(
      {},
      {
        intercept: () => void (inOneRequest = 0),
        respond: (call) => {
          inOneRequest += 1;
          if (inOneRequest > 12)
            throw new StandInError(429, "Your app has exceeded its compute units per second capacity");
          return serve(call);
        },
      },
    );
    expectComplete(await read(open([node.url], { readAhead: { parallel: 1 } }), 1, 20), 1, 20);
  });

  it("is not called while another node responds", async () => {
    const limited = await start({}, { intercept: () => ({ status: 429, body: "" }) });
    const healthy = await start();
    expectComplete(await read(open([limited.url, healthy.url]), 1, 100), 1, 100);
    expect(limited.requests.length).toBeLessThan(8);
  });
});

describe("a failing node", () => {
  it("is replaced by another one: on a timeout, an HTTP error, HTML or incomplete responses", async () => {
    const healthy = await start();
    const html = "<html>Bad gateway</html>";
    const failing = [
      await start({}, { intercept: () => "hang" }),
      await start({}, { intercept: () => ({ status: 502, body: html }) }),
      await start({}, { intercept: () => ({ body: html }) }),
      await start({}, { intercept: () => ({ status: 401, body: JSON.stringify({ error: "no key" }) }) }),
      await start({}, { rearrange: (responses) => (responses.length > 1 ? responses.slice(1) : responses) }),
      await start({}, { rearrange: (responses) => responses.map((each) => ({ ...each, id: 99 })) }),
    ];
    for (const node of failing) {
      const reader = open([node.url, healthy.url], { timeoutMs: 3000 });
      expectComplete(await read(reader, 10, 40), 10, 40);
      expect(node.requests.length).toBeGreaterThan(0);
    }
    expectComplete(await read(open([await deadUrl(), healthy.url]), 10, 40), 10, 40);
  });

  it("ends the task with a retry on another worker if it is the only node", async () => {
    const hanging = await start({}, { intercept: () => "hang" });
    const slow = await read(open([hanging.url], { timeoutMs: 1000 }), 1, 2);
    expect(slow.failure).toMatchObject({ retry: "other-worker", details: { type: "unavailable" } });
    expect(slow.failure?.message).toContain("did not respond within 1000 ms");
    const url = await deadUrl();
    const { failure } = await read(open([url]), 1, 2);
    expect(failure?.message).toContain(`${url}: the connection failed: ECONNREFUSED`);
  });

  it("receives credentials in a header, and no error contains them", async () => {
    const node = await start({}, { intercept: () => ({ status: 500, body: "" }) });
    const url = `${node.url.replace("http://", "http://user:pass%40word@")}/v3/secret-key?token=hidden`;
    const { failure } = await read(open([url]), 1, 2);
    expect(failure?.message).toContain("/***: it returned HTTP 500");
    expect(failure?.message).not.toMatch(/user|pass|secret|hidden/);
    expect(node.lastHeaders.authorization).toBe(`Basic ${Buffer.from("user:pass@word").toString("base64")}`);
  });

  it("is refused if it serves another chain, and replaced by another one", async () => {
    const [wrong, right] = [await start({ chainId: 8 }), await start()];
    expectComplete(await read(open([wrong.url, right.url]), 1, 30), 1, 30);
    expect(wrong.requests.flat().map(({ method }) => method)).not.toContain("eth_getBlockByNumber");
    const { failure } = await read(open([wrong.url]), 1, 30);
    expect(failure?.details.type).toBe("wrong_chain");
  });
});

describe("a node that rejects batches or large batches", () => {
  const error = JSON.stringify({
    jsonrpc: "2.0",
    id: null,
    error: { code: -32600, message: "Batch requests are disabled" },
  });
  it.each([
    ["HTTP 400", { status: 400, body: "" }],
    ["HTTP 413", { status: 413, body: "too large" }],
    ["one error for all", { body: error }],
  ])("receives single calls (%s)", async (_, reply) => {
    const node = await start({}, { intercept: (_calls, batch) => (batch ? reply : undefined) });
    const reader = open([node.url]);
    expectComplete(await read(reader, 1, 25), 1, 25);
    const before = node.requests.length;
    expectComplete(await read(reader, 26, 45), 26, 45);
    expect(node.requests.slice(before).every((calls) => calls.length === 1)).toBe(true);
  });

  it("receives the largest batches that it accepts", async () => {
    const node = await start({}, { intercept: (calls) => (calls.length > 10 ? { body: error } : undefined) });
    const reader = open([node.url], { readAhead: { parallel: 1 } });
    expectComplete(await read(reader, 1, 100), 1, 100);
    const before = node.requests.length;
    expectComplete(await read(reader, 101, 200), 101, 200);
    const sizes = node.requests.slice(before).map((calls) => calls.length);
    expect(Math.max(...sizes)).toBe(10);
    expect(sizes.length).toBeLessThan(30);
  });

  it("receives smaller batches if a response is too large", async () => {
    const serve = generatedChain();
    let inOneRequest = 0;
    const node = await start(
      {},
      {
        intercept: () => void (inOneRequest = 0),
        respond: (call) => {
          inOneRequest += 1;
          if (inOneRequest > 6) throw new StandInError(-32003, "response too large");
          return serve(call);
        },
      },
    );
    expectComplete(await read(open([node.url]), 1, 40), 1, 40);
  });

  it("receives one call for each receipt if it does not support block receipts", async () => {
    const node = await start({ without: ["eth_getBlockReceipts"] });
    const reader = open([node.url]);
    expectComplete(await read(reader, 1, 60), 1, 60);
    const before = node.requests.length;
    expectComplete(await read(reader, 61, 70), 61, 70);
    const methods = node.requests.slice(before).flatMap((calls) => calls.map(({ method }) => method));
    expect(methods).not.toContain("eth_getBlockReceipts");
  });
});

describe("a node with a missing height", () => {
  it("ends the task at that height, after all heights before it, with the reason", async () => {
    const node = await start({ block: (height, block) => (height === 33 ? null : block) });
    const { heights, failure } = await read(open([node.url]), 1, 60);
    expect(heights).toEqual(span(1, 32));
    expect(failure).toMatchObject({ retry: "other-worker", details: { type: "pruned", height: 33 } });
    expect(failure?.message).toContain("no block 33 (its newest block is 1000)");
  });

  it("is replaced by another node for this height only", async () => {
    const pruned = await start({ block: (height, block) => (height % 10 === 3 ? null : block) });
    const archive = await start({}, {});
    expectComplete(await read(open([pruned.url, archive.url]), 1, 60), 1, 60);
  });

  it.each([
    "missing trie node 0x12 (path ) state is not available",
    "required historical state unavailable",
    "pruned history unavailable",
  ])("reports a pruned balance (%s)", async (message) => {
    const serve = generatedChain();
    const node = await start(
      {},
      {
        respond: (call) => {
          if (call.method === "eth_getBalance") throw new StandInError(-32000, message);
          return serve(call);
        },
      },
    );
    const account = `0x${"a1".repeat(20)}`;
    const { failure } = await readTask(open([node.url]), { kind: "balance", chain, account, height: 5 });
    expect(failure).toMatchObject({ retry: "other-worker", details: { type: "pruned" } });
    expect(failure?.message).toContain(message);
  });
});

describe("a node with inconsistent blocks and receipts", () => {
  /** Returns the receipts of height 20 with another block's hash, `times` times. */
  const mismatched = (times: number): GeneratedChanges => {
    let left = times;
    return {
      receipts: (height, receipts) => {
        if (height !== 20 || left === 0) return receipts;
        left -= 1;
        return receipts.map((receipt) => ({ ...receipt, blockHash: `0x${"99".repeat(32)}` }));
      },
    };
  };

  it("is read again until they are consistent", async () => {
    expectComplete(await read(open([(await start(mismatched(3))).url]), 1, 40), 1, 40);
  });

  it("ends the task at that height if they stay inconsistent", async () => {
    const { heights, failure } = await read(open([(await start(mismatched(Infinity))).url]), 1, 40);
    expect(heights).toEqual(span(1, 19));
    expect(failure).toMatchObject({ retry: "other-worker", details: { type: "inconsistent", height: 20 } });
    expect(failure?.message).toContain("receipt 0's blockHash");
  });

  type Receipts = readonly Record<string, unknown>[];
  it.each<[string, GeneratedChanges]>([
    ["too few receipts", { receipts: (_, all: Receipts) => all.slice(1) }],
    ["receipts in another order", { receipts: (_, all: Receipts) => [...all].reverse() }],
    ["no receipts", { receipts: () => null }],
    [
      "a receipt of another transaction",
      {
        receipts: (_, all: Receipts) =>
          all.map((each) => ({ ...each, transactionHash: all[0]?.["transactionHash"] })),
      },
    ],
    [
      "transactions out of order",
      { block: (_, block) => ({ ...block, transactions: [...block.transactions].reverse() }) },
    ],
    [
      "another height",
      { block: (height, block) => ({ ...block, number: `0x${(height + 1).toString(16)}` }) },
    ],
    ["a block without a hash", { block: (_, block) => ({ ...block, hash: null }) }],
    [
      "transactions as hashes",
      { block: (_, block) => ({ ...block, transactions: block.transactions.map(({ hash }) => hash) }) },
    ],
  ])("yields another node's height instead (%s)", async (_, changes) => {
    const [wrong, right] = [await start(changes), await start()];
    const alone = await read(open([wrong.url]), 5, 6);
    expect(alone.results).toEqual([]);
    expect(alone.failure?.details.type).toBe("inconsistent");
    expectComplete(await read(open([wrong.url, right.url]), 5, 6), 5, 6);
  });
});

describe("blocks that do not link", () => {
  const foreign = `0x${"77".repeat(32)}`;

  it("are read again, and stale heights are not yielded", async () => {
    let stale = 1;
    const node = await start({
      block: (height, block) => (height === 20 && stale-- > 0 ? { ...block, parentHash: foreign } : block),
    });
    const reading = await read(open([node.url]), 1, 60);
    expectComplete(reading, 1, 60);
    const parents = reading.results.map((result) =>
      result.kind === "height" ? result.block.parentHash : "",
    );
    expect(parents).not.toContain(foreign);
  });

  it("end the task at that height if they never link", async () => {
    const node = await start({
      block: (height, block) => (height === 20 ? { ...block, parentHash: foreign } : block),
    });
    const { heights, failure } = await read(open([node.url]), 1, 60);
    expect(heights).toEqual(span(1, 19));
    expect(failure).toMatchObject({ retry: "other-worker", details: { type: "inconsistent", height: 20 } });
  });
});

describe("a height that cannot be decoded", () => {
  it("is quarantined with its bytes, and the other heights are yielded", async () => {
    const node = await start({
      block: (height, block) =>
        height === 12
          ? {
              ...block,
              transactions: block.transactions.map((each, at) =>
                at === 1 ? { ...each, gas: "lots" } : each,
              ),
            }
          : block,
    });
    const { results, heights, failure } = await read(open([node.url]), 10, 14);
    expect(failure).toBeUndefined();
    expect(heights).toEqual([10, 11, 13, 14]);
    const [quarantine] = results.filter(({ kind }) => kind === "quarantine");
    expect(quarantine).toMatchObject({
      height: 12,
      error: 'transaction 1: gas is "lots", not a hexadecimal number',
    });
    expect(quarantine?.kind === "quarantine" && Buffer.from(quarantine.raw ?? []).toString()).toContain(
      '"lots"',
    );
  });

  it("is not one with types of other networks, old receipts or mixed-case addresses", async () => {
    const checksummed = "0xDe0B295669a9FD93d5F28D9Ec85E40f4cb697BAe";
    const node = await start({
      block: (_, block) => ({
        ...block,
        transactions: block.transactions.map((each, at) =>
          at === 0 ? { ...each, type: "0x7e", gasPrice: null, to: checksummed } : each,
        ),
      }),
      receipts: (_, receipts) =>
        receipts.map((each, at) =>
          at === 0
            ? { ...each, effectiveGasPrice: null, l1Fee: "0x64" }
            : { ...each, status: undefined, root: "0x01" },
        ),
    });
    const { results } = await read(open([node.url]), 1, 1);
    const [result] = results;
    if (result?.kind !== "height") throw new Error("not a height");
    const [foreign, old] = result.transactions;
    expect(foreign?.raw).toBeUndefined();
    expect(foreign?.fee).toEqual([{ text: "0.0000000000000001", currency: "ETH", numeric: "100", exp: 18 }]);
    expect(foreign?.events[0]?.sub[0]?.recipient?.[0]?.account.id).toBe(checksummed.toLowerCase());
    expect(old?.hasErrors).toBe(false);
    // Its generated signature cannot hash to its generated hash.
    expect(old?.raw).toBeUndefined();
  });
});

describe("an abandoned task", () => {
  it("reads ahead a bounded distance and stops when the consumer returns", async () => {
    const node = await start();
    const reader = open([node.url], { readAhead: { batchHeights: 5, parallel: 3 } });
    const range = { from: 1, to: 1000 };
    for await (const result of reader.execute(
      { kind: "heights", chain, range },
      new AbortController().signal,
    )) {
      if (result.kind === "height" && result.block.height === 7) break;
    }
    const numbers = node.requests
      .flat()
      .filter(({ method }) => method === "eth_getBlockByNumber")
      .map(({ params }) => Number(params[0]));
    expect(Math.max(...numbers)).toBeLessThanOrEqual(10 + 3 * 5);
  });

  it("stops at once on abort, even if the node does not respond", async () => {
    const node = await start({}, { intercept: (calls) => (calls.length > 1 ? "hang" : undefined) });
    const controller = new AbortController();
    const results = open([node.url]).execute(
      { kind: "heights", chain, range: { from: 1, to: 9 } },
      controller.signal,
    );
    const next = results[Symbol.asyncIterator]().next();
    controller.abort(new Error("gone"));
    await expect(next).rejects.toThrow("gone");
  });
});

describe("the newest blocks", () => {
  it("end early, without an error, if another node behind the same address lags", async () => {
    const ahead = await start({ head: 50 });
    let blocksRead = 0;
    const [far, near] = [generatedChain({ head: 50 }), generatedChain({ head: 48 })];
    const balanced = await start(
      {},
      { respond: (call) => (call.params[0] === "latest" || blocksRead++ > 1e6 ? far(call) : near(call)) },
    );
    const request: TaskRequest = { kind: "latest", chain, after: { height: 45 }, limit: 10 };
    expect(await readTask(open([balanced.url]), request)).toMatchObject({
      heights: [46, 47, 48],
      failure: undefined,
    });
    expect((await readTask(open([ahead.url]), request)).heights).toEqual([46, 47, 48, 49, 50]);
  });

  it("are refused if they are implausibly high", async () => {
    let head = "0x32";
    const serve = generatedChain({ head: 50 });
    const node = await start(
      {},
      {
        respond: (call) => {
          const block = serve(call);
          return call.params[0] === "latest" ? { ...(block as object), number: head } : block;
        },
      },
    );
    const reader = open([node.url]);
    const { signal } = new AbortController();
    expect((await reader.head(signal)).height).toBe(50);
    head = "0xffffffff";
    await expect(reader.head(signal)).rejects.toMatchObject({
      message: /implausibly far above the previous 50/,
    });
  });
});
