// The reader on nodes that err, limit, lag, lie and change under it.
import { afterEach, describe, expect, it } from "vitest";
import { TaskFailure, type TaskResult, type TaskRequest } from "../../domain/task.js";
import { silentLogger } from "../../lib/logger.js";
import {
  madeUpChain,
  madeUpTransactions,
  StandInError,
  startStandInNode,
  type MadeUpChanges,
  type StandInNode,
  type StandInOptions,
} from "../../testing/ethereum-stand-in.js";
import { createFastClock } from "../../testing/manual-clock.js";
import type { ChainReader } from "../port.js";
import { createEthereumChain, type EthereumChainOptions } from "./ethereum-chain.js";

const chain = { network: "ethereum", chainId: "7" };
/** Rests and waits take a tenth of their time. */
const clock = createFastClock(10);
const running: StandInNode[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((node) => node.stop()));
});

/** Starts a node that serves the made-up chain, changed. */
async function start(
  changes: MadeUpChanges = {},
  options: Partial<StandInOptions> = {},
): Promise<StandInNode> {
  const node = await startStandInNode({ answer: madeUpChain(changes), ...options });
  running.push(node);
  return node;
}

/** Where nobody listens any more. */
async function deadUrl(): Promise<string> {
  const node = await startStandInNode({ answer: madeUpChain() });
  await node.stop();
  return node.url;
}

function open(urls: readonly string[], options: Partial<EthereumChainOptions> = {}): ChainReader {
  return createEthereumChain({ urls, chainId: "7", logger: silentLogger(), clock, ...options });
}

interface Reading {
  readonly answers: readonly TaskResult[];
  readonly heights: readonly number[];
  readonly failure: TaskFailure | undefined;
}

async function read(reader: ChainReader, from: number, to: number): Promise<Reading> {
  return readTask(reader, { kind: "heights", chain, range: { from, to } });
}

async function readTask(reader: ChainReader, request: TaskRequest): Promise<Reading> {
  const answers: TaskResult[] = [];
  let failure: TaskFailure | undefined;
  try {
    for await (const answer of reader.execute(request, new AbortController().signal)) answers.push(answer);
  } catch (error) {
    if (!(error instanceof TaskFailure)) throw error;
    failure = error;
  }
  const heights = answers.flatMap((answer) => (answer.kind === "height" ? [answer.block.height] : []));
  return { answers, heights, failure };
}

const span = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** Whole heights of the made-up chain, each with all of its transactions. */
function expectWhole({ answers, heights, failure }: Reading, from: number, to: number): void {
  expect(failure).toBeUndefined();
  expect(heights).toEqual(span(from, to));
  for (const answer of answers) {
    if (answer.kind === "height") expect(answer.transactions).toHaveLength(madeUpTransactions);
  }
}

describe("a node that limits requests", () => {
  it("is asked again after the time that it names", async () => {
    let limits = 2;
    const node = await start(
      {},
      {
        intercept: () =>
          limits-- > 0 ? { status: 429, body: "slow down", headers: { "retry-after": "0.5" } } : undefined,
      },
    );
    expectWhole(await read(open([node.url]), 1, 30), 1, 30);
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

  it("makes smaller batches where single calls of a batch are limited", async () => {
    let inOneRequest = 0;
    const serve = madeUpChain();
    const node = await start(
      {},
      {
        intercept: () => void (inOneRequest = 0),
        answer: (call) => {
          inOneRequest += 1;
          if (inOneRequest > 12)
            throw new StandInError(429, "Your app has exceeded its compute units per second capacity");
          return serve(call);
        },
      },
    );
    expectWhole(await read(open([node.url], { readAhead: { parallel: 1 } }), 1, 20), 1, 20);
  });

  it("is left alone while another one answers", async () => {
    const limited = await start({}, { intercept: () => ({ status: 429, body: "" }) });
    const well = await start();
    expectWhole(await read(open([limited.url, well.url]), 1, 100), 1, 100);
    expect(limited.requests.length).toBeLessThan(8);
  });
});

describe("a node that cannot be asked", () => {
  it("is left for another one: hanging, refusing, erring, speaking HTML, answering half", async () => {
    const well = await start();
    const html = "<html>Bad gateway</html>";
    const ill = [
      await start({}, { intercept: () => "hang" }),
      await start({}, { intercept: () => ({ status: 502, body: html }) }),
      await start({}, { intercept: () => ({ body: html }) }),
      await start({}, { intercept: () => ({ status: 401, body: JSON.stringify({ error: "no key" }) }) }),
      await start({}, { rearrange: (answers) => (answers.length > 1 ? answers.slice(1) : answers) }),
      await start({}, { rearrange: (answers) => answers.map((each) => ({ ...each, id: 99 })) }),
    ];
    for (const node of ill) {
      const reader = open([node.url, well.url], { timeoutMs: 3000 });
      expectWhole(await read(reader, 10, 40), 10, 40);
      expect(node.requests.length).toBeGreaterThan(0);
    }
    expectWhole(await read(open([await deadUrl(), well.url]), 10, 40), 10, 40);
  });

  it("ends the task for another worker, in words, where it is the only one", async () => {
    const hanging = await start({}, { intercept: () => "hang" });
    const slow = await read(open([hanging.url], { timeoutMs: 1000 }), 1, 2);
    expect(slow.failure).toMatchObject({ retry: "other-worker", details: { type: "unavailable" } });
    expect(slow.failure?.message).toContain("did not respond within 1000 ms");
    const url = await deadUrl();
    const { failure } = await read(open([url]), 1, 2);
    expect(failure?.message).toContain(`${url}: the connection failed: ECONNREFUSED`);
  });

  it("never shows credentials or keys, and sends them as they should be sent", async () => {
    const node = await start({}, { intercept: () => ({ status: 500, body: "" }) });
    const url = `${node.url.replace("http://", "http://user:pass%40word@")}/v3/secret-key?token=hidden`;
    const { failure } = await read(open([url]), 1, 2);
    expect(failure?.message).toContain("/***: it answered with HTTP 500");
    expect(failure?.message).not.toMatch(/user|pass|secret|hidden/);
    expect(node.lastHeaders.authorization).toBe(`Basic ${Buffer.from("user:pass@word").toString("base64")}`);
  });

  it("is refused where it serves another chain, and left for one that does not", async () => {
    const [wrong, right] = [await start({ chainId: 8 }), await start()];
    expectWhole(await read(open([wrong.url, right.url]), 1, 30), 1, 30);
    expect(wrong.requests.flat().map(({ method }) => method)).not.toContain("eth_getBlockByNumber");
    const { failure } = await read(open([wrong.url]), 1, 30);
    expect(failure?.details.type).toBe("wrong_chain");
  });
});

describe("a node that takes no batches, or small ones", () => {
  const error = JSON.stringify({
    jsonrpc: "2.0",
    id: null,
    error: { code: -32600, message: "Batch requests are disabled" },
  });
  it.each([
    ["HTTP 400", { status: 400, body: "" }],
    ["HTTP 413", { status: 413, body: "too large" }],
    ["one error for all", { body: error }],
  ])("is asked one by one (%s)", async (_, reply) => {
    const node = await start({}, { intercept: (_calls, batch) => (batch ? reply : undefined) });
    const reader = open([node.url]);
    expectWhole(await read(reader, 1, 25), 1, 25);
    const before = node.requests.length;
    expectWhole(await read(reader, 26, 45), 26, 45);
    expect(node.requests.slice(before).every((calls) => calls.length === 1)).toBe(true);
  });

  it("is asked as much as it takes", async () => {
    const node = await start({}, { intercept: (calls) => (calls.length > 10 ? { body: error } : undefined) });
    const reader = open([node.url], { readAhead: { parallel: 1 } });
    expectWhole(await read(reader, 1, 100), 1, 100);
    const before = node.requests.length;
    expectWhole(await read(reader, 101, 200), 101, 200);
    const sizes = node.requests.slice(before).map((calls) => calls.length);
    expect(Math.max(...sizes)).toBe(10);
    expect(sizes.length).toBeLessThan(30);
  });

  it("is asked for less where an answer would be too large", async () => {
    const serve = madeUpChain();
    let inOneRequest = 0;
    const node = await start(
      {},
      {
        intercept: () => void (inOneRequest = 0),
        answer: (call) => {
          inOneRequest += 1;
          if (inOneRequest > 6) throw new StandInError(-32003, "response too large");
          return serve(call);
        },
      },
    );
    expectWhole(await read(open([node.url]), 1, 40), 1, 40);
  });

  it("is asked for receipts one by one where it has no block receipts", async () => {
    const node = await start({ without: ["eth_getBlockReceipts"] });
    const reader = open([node.url]);
    expectWhole(await read(reader, 1, 60), 1, 60);
    const before = node.requests.length;
    expectWhole(await read(reader, 61, 70), 61, 70);
    const methods = node.requests.slice(before).flatMap((calls) => calls.map(({ method }) => method));
    expect(methods).not.toContain("eth_getBlockReceipts");
  });
});

describe("a node that lacks a height", () => {
  it("ends the task there, after all that came before, and says what is the matter", async () => {
    const node = await start({ block: (height, block) => (height === 33 ? null : block) });
    const { heights, failure } = await read(open([node.url]), 1, 60);
    expect(heights).toEqual(span(1, 32));
    expect(failure).toMatchObject({ retry: "other-worker", details: { type: "pruned", height: 33 } });
    expect(failure?.message).toContain("no block 33, though its newest block is 1000");
  });

  it("is left for one that has it, for this height only", async () => {
    const pruned = await start({ block: (height, block) => (height % 10 === 3 ? null : block) });
    const archive = await start({}, {});
    expectWhole(await read(open([pruned.url, archive.url]), 1, 60), 1, 60);
  });

  it.each([
    "missing trie node 0x12 (path ) state is not available",
    "required historical state unavailable",
    "pruned history unavailable",
  ])("says so of a balance (%s)", async (message) => {
    const serve = madeUpChain();
    const node = await start(
      {},
      {
        answer: (call) => {
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

describe("a node whose block and receipts do not belong together", () => {
  /** Receipts of height 20 as another block's, so many times. */
  const movingOn = (times: number): MadeUpChanges => {
    let left = times;
    return {
      receipts: (height, receipts) => {
        if (height !== 20 || left === 0) return receipts;
        left -= 1;
        return receipts.map((receipt) => ({ ...receipt, blockHash: `0x${"99".repeat(32)}` }));
      },
    };
  };

  it("is read again until they do", async () => {
    expectWhole(await read(open([(await start(movingOn(3))).url]), 1, 40), 1, 40);
  });

  it("ends the task at that height where they never do", async () => {
    const { heights, failure } = await read(open([(await start(movingOn(Infinity))).url]), 1, 40);
    expect(heights).toEqual(span(1, 19));
    expect(failure).toMatchObject({ retry: "other-worker", details: { type: "inconsistent", height: 20 } });
    expect(failure?.message).toContain("receipt 0's blockHash");
  });

  type Receipts = readonly Record<string, unknown>[];
  it.each<[string, MadeUpChanges]>([
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
  ])("gives nothing of it (%s), and another node's instead", async (_, changes) => {
    const [wrong, right] = [await start(changes), await start()];
    const alone = await read(open([wrong.url]), 5, 6);
    expect(alone.answers).toEqual([]);
    expect(alone.failure?.details.type).toBe("inconsistent");
    expectWhole(await read(open([wrong.url, right.url]), 5, 6), 5, 6);
  });
});

describe("blocks that do not follow on each other", () => {
  const foreign = `0x${"77".repeat(32)}`;

  it("are read again, and what was stale is not given", async () => {
    let stale = 1;
    const node = await start({
      block: (height, block) => (height === 20 && stale-- > 0 ? { ...block, parentHash: foreign } : block),
    });
    const reading = await read(open([node.url]), 1, 60);
    expectWhole(reading, 1, 60);
    const parents = reading.answers.map((answer) =>
      answer.kind === "height" ? answer.block.parentHash : "",
    );
    expect(parents).not.toContain(foreign);
  });

  it("end the task there where they never do", async () => {
    const node = await start({
      block: (height, block) => (height === 20 ? { ...block, parentHash: foreign } : block),
    });
    const { heights, failure } = await read(open([node.url]), 1, 60);
    expect(heights).toEqual(span(1, 19));
    expect(failure).toMatchObject({ retry: "other-worker", details: { type: "inconsistent", height: 20 } });
  });
});

describe("what the reader cannot decode", () => {
  it("is quarantined with its bytes, while the heights around it come", async () => {
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
    const { answers, heights, failure } = await read(open([node.url]), 10, 14);
    expect(failure).toBeUndefined();
    expect(heights).toEqual([10, 11, 13, 14]);
    const [quarantine] = answers.filter(({ kind }) => kind === "quarantine");
    expect(quarantine).toMatchObject({
      height: 12,
      error: 'transaction 1: gas is "lots", not a hexadecimal number',
    });
    expect(quarantine?.kind === "quarantine" && Buffer.from(quarantine.raw ?? []).toString()).toContain(
      '"lots"',
    );
  });

  it("does not include types of other networks, receipts of old ones, or mixed-case addresses", async () => {
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
    const { answers } = await read(open([node.url]), 1, 1);
    const [answer] = answers;
    if (answer?.kind !== "height") throw new Error("no height");
    const [foreign, old] = answer.transactions;
    expect(foreign?.raw).toBeUndefined();
    expect(foreign?.fee).toEqual([{ text: "0.0000000000000001", currency: "ETH", numeric: "100", exp: 18 }]);
    expect(foreign?.events[0]?.sub[0]?.recipient?.[0]?.account.id).toBe(checksummed.toLowerCase());
    expect(old?.hasErrors).toBe(false);
    // Its made-up signature cannot hash to its made-up hash.
    expect(old?.raw).toBeUndefined();
  });
});

describe("a task that is left", () => {
  it("reads ahead a bounded way and stops when the consumer leaves", async () => {
    const node = await start();
    const reader = open([node.url], { readAhead: { batchHeights: 5, parallel: 3 } });
    const range = { from: 1, to: 1000 };
    for await (const answer of reader.execute(
      { kind: "heights", chain, range },
      new AbortController().signal,
    )) {
      if (answer.kind === "height" && answer.block.height === 7) break;
    }
    const numbers = node.requests
      .flat()
      .filter(({ method }) => method === "eth_getBlockByNumber")
      .map(({ params }) => Number(params[0]));
    expect(Math.max(...numbers)).toBeLessThanOrEqual(10 + 3 * 5);
  });

  it("stops at once when aborted, whatever the node does", async () => {
    const node = await start({}, { intercept: (calls) => (calls.length > 1 ? "hang" : undefined) });
    const controller = new AbortController();
    const answers = open([node.url]).execute(
      { kind: "heights", chain, range: { from: 1, to: 9 } },
      controller.signal,
    );
    const next = answers[Symbol.asyncIterator]().next();
    controller.abort(new Error("gone"));
    await expect(next).rejects.toThrow("gone");
  });
});

describe("the newest blocks", () => {
  it("end early, without an error, where a node behind the same address is not so far yet", async () => {
    const ahead = await start({ head: 50 });
    let asked = 0;
    const [far, near] = [madeUpChain({ head: 50 }), madeUpChain({ head: 48 })];
    const balanced = await start(
      {},
      { answer: (call) => (call.params[0] === "latest" || asked++ > 1e6 ? far(call) : near(call)) },
    );
    const request: TaskRequest = { kind: "latest", chain, after: { height: 45 }, limit: 10 };
    expect(await readTask(open([balanced.url]), request)).toMatchObject({
      heights: [46, 47, 48],
      failure: undefined,
    });
    expect((await readTask(open([ahead.url]), request)).heights).toEqual([46, 47, 48, 49, 50]);
  });

  it("are refused where they jump absurdly", async () => {
    let head = "0x32";
    const serve = madeUpChain({ head: 50 });
    const node = await start(
      {},
      {
        answer: (call) => {
          const block = serve(call);
          return call.params[0] === "latest" ? { ...(block as object), number: head } : block;
        },
      },
    );
    const reader = open([node.url]);
    const { signal } = new AbortController();
    expect((await reader.head(signal)).height).toBe(50);
    head = "0xffffffff";
    await expect(reader.head(signal)).rejects.toMatchObject({ message: /impossibly far above 50/ });
  });
});
