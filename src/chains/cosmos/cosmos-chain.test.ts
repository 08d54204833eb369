// Executes every kind of task through the port, over RPC, over gRPC, and over both.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../lib/logger.js";
import { TaskFailure, type TaskResult, type TaskRequest } from "../../domain/task.js";
import { collect } from "../../testing/collect.js";
import { testAddress, makeChain, makeHeight, makePayment } from "../../testing/cosmos-generator.js";
import { startCosmosNode, transactionsOf, type CosmosTestNode } from "../../testing/cosmos-node.js";
import type { AccountHoldings } from "../../testing/cosmos-node-state.js";
import { createFastClock } from "../../testing/manual-clock.js";
import { until } from "../../testing/until.js";
import { probeCosmosAddress } from "./address-kind.js";
import { createCosmosChain, type CosmosChain } from "./cosmos-chain.js";
import { transactionHash } from "./decode/transaction.js";

const logger = silentLogger();
const signal = new AbortController().signal;
const chainId = "test-1";
const chain = { network: "cosmos", chainId };
const alice = testAddress("alice");
const garbage = Buffer.from("not a transaction", "utf8");

/** The holdings of alice at a height; each list needs several pages. */
function holdings(height: number): AccountHoldings {
  const many = Array.from({ length: 8 }, (_, index) => index);
  return {
    balances: many.map((index) => ({
      denom: `ibc/${index}`,
      amount: `${height}00000000000000000000${index}`,
    })),
    rewards: many.map((index) => ({
      validator: testAddress(`validator ${index}`, "testvaloper"),
      amounts: [{ denom: "utest", amount: `${height}000000000000000000${index}` }],
    })),
    delegations: many.map((index) => ({
      validator: testAddress(`validator ${index}`, "testvaloper"),
      shares: `${height}50000000000000000${index}`,
      balance: { denom: "utest", amount: `${height + index}` },
    })),
  };
}

const heights = makeChain(chainId, 40);
heights.set(
  21,
  makeHeight(chainId, 21, {
    transactions: [
      makePayment(21, 0),
      { bytes: garbage, messageTypes: [], code: 2, codespace: "sdk", log: "tx parse error" },
      makePayment(21, 2),
    ],
    era: "plain",
  }),
);

let node: CosmosTestNode;
beforeAll(async () => {
  node = await startCosmosNode({ chainId, heights, accounts: new Map([[alice, holdings]]) });
});
afterAll(() => node.close());

const endpointSets = [
  { name: "RPC", rpc: true, grpc: false },
  { name: "gRPC", rpc: false, grpc: true },
  { name: "both", rpc: true, grpc: true },
];

describe.each(endpointSets)("a chain over $name", ({ rpc, grpc }) => {
  let reader: CosmosChain;
  beforeAll(async () => {
    reader = await createCosmosChain({
      rpcUrls: rpc ? [node.rpcUrl] : [],
      grpcUrls: grpc ? [node.grpcUrl] : [],
      // Retries wait a tenth of their time, requests may take 30 real seconds.
      clock: createFastClock(10),
      timeouts: { requestMs: 300_000 },
      logger,
    });
  });
  afterAll(() => reader.close());
  const execute = (request: TaskRequest): Promise<TaskResult[]> => collect(reader.execute(request, signal));
  const failureOf = async (request: TaskRequest): Promise<TaskFailure> => {
    const error: unknown = await execute(request).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof TaskFailure)) throw new Error("Expected a TaskFailure.", { cause: error });
    return error;
  };
  const heightsOf = (results: readonly TaskResult[]): number[] =>
    results.flatMap((result) => (result.kind === "height" ? [result.block.height] : []));

  it("reads the chain id from the node", () => {
    expect(reader.chain).toEqual(chain);
  });

  it("returns every height of a range, complete and in order", async () => {
    const results = await execute({ kind: "heights", chain, range: { from: 1, to: 40 } });
    expect(heightsOf(results)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    for (const result of results) {
      if (result.kind !== "height") continue;
      const { block, transactions } = result;
      const stored = heights.get(block.height);
      const hashes = stored === undefined ? [] : transactionsOf(stored).map(transactionHash);
      expect(transactions.map(({ hash }) => hash)).toEqual(hashes);
      expect(transactions.map(({ index }) => index)).toEqual(hashes.map((_, index) => index));
      expect(block.transactionCount).toBe(hashes.length);
      const second = BigInt(Date.UTC(2024, 4, 6, 7, 8, block.height % 60)) * 1_000_000n;
      expect(block.time).toBe(second + BigInt(block.height % 10));
      expect(block.hash).toMatch(/^[0-9A-F]{64}$/);
      expect(block.proposer).toMatch(/^[0-9A-F]{40}$/);
      if (block.height === 1) expect(block.parentHash).toBeUndefined();
    }
    const blocks = results.flatMap((result) => (result.kind === "height" ? [result.block] : []));
    expect(blocks.slice(1).map(({ parentHash }) => parentHash)).toEqual(
      blocks.slice(0, -1).map(({ hash }) => hash),
    );
    expect(results.filter(({ kind }) => kind === "quarantine")).toMatchObject([{ height: 21, index: 1 }]);
  });

  it("returns one transaction by its hash, in either case, with or without 0x", async () => {
    const hash = transactionHash(makePayment(9, 1).bytes);
    for (const spelling of [hash, hash.toLowerCase(), `0x${hash}`]) {
      const results = await execute({ kind: "transaction", chain, hash: spelling });
      expect(results).toMatchObject([
        { kind: "transaction", block: { height: 9, transactionCount: 3 }, transaction: { hash, index: 1 } },
      ]);
    }
  });

  it("rejects unknown and invalid hashes, and executes the next task", async () => {
    expect(await failureOf({ kind: "transaction", chain, hash: "AB".repeat(32) })).toMatchObject({
      retry: "other-worker",
      details: { type: "not_found" },
    });
    for (const hash of ["", "0x", "zz", "AB".repeat(31)]) {
      expect(await failureOf({ kind: "transaction", chain, hash })).toMatchObject({ retry: "never" });
    }
    expect(heightsOf(await execute({ kind: "heights", chain, range: { from: 3, to: 3 } }))).toEqual([3]);
  });

  it("returns the heights after a height, from the lowest, up to the limit", async () => {
    expect(heightsOf(await execute({ kind: "latest", chain, after: { height: 37 }, limit: 100 }))).toEqual([
      38, 39, 40,
    ]);
    // After an outage, no height is skipped.
    expect(heightsOf(await execute({ kind: "latest", chain, after: { height: 10 }, limit: 4 }))).toEqual([
      11, 12, 13, 14,
    ]);
    expect(await execute({ kind: "latest", chain, after: { height: 40 }, limit: 5 })).toEqual([]);
    expect(await execute({ kind: "latest", chain, after: { height: 45 }, limit: 5 })).toEqual([]);
  });

  it("returns all heights of a chain that is shorter than the limit", async () => {
    expect(heightsOf(await execute({ kind: "latest", chain, limit: 3 }))).toEqual([38, 39, 40]);
    const all = await execute({ kind: "latest", chain, limit: 1000 });
    expect(heightsOf(all)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });

  it("returns only heights that the node has not pruned", async () => {
    const pruned = await startCosmosNode({ chainId, heights });
    pruned.behaviour.earliest = 30;
    const own = await createCosmosChain({
      rpcUrls: rpc ? [pruned.rpcUrl] : [],
      grpcUrls: grpc ? [pruned.grpcUrl] : [],
      logger,
    });
    try {
      const results = await collect(own.execute({ kind: "latest", chain, limit: 1000 }, signal));
      expect(heightsOf(results)).toEqual(Array.from({ length: 11 }, (_, index) => index + 30));
      const request = { kind: "heights", chain, range: { from: 29, to: 31 } } as const;
      await expect(collect(own.execute(request, signal))).rejects.toMatchObject({
        retry: "other-worker",
        details: { type: "pruned", height: 29 },
      });
    } finally {
      await Promise.all([own.close(), pruned.close()]);
    }
  });

  it("returns the existing heights of a range above the head, then fails with the first missing height", async () => {
    const read: number[] = [];
    const run = async (): Promise<void> => {
      for await (const result of reader.execute(
        { kind: "heights", chain, range: { from: 39, to: 400 } },
        signal,
      ))
        if (result.kind === "height") read.push(result.block.height);
    };
    await expect(run()).rejects.toMatchObject({ retry: "other-worker", details: { height: 41 } });
    expect(read).toEqual([39, 40]);
    expect(await failureOf({ kind: "heights", chain, range: { from: 1000, to: 1000 } })).toMatchObject({
      details: { type: "height_not_reached", height: 1000 },
    });
  });

  it.each([
    [0, 5],
    [5, 4],
    [-1, 3],
    [1.5, 3],
  ])("rejects the range %d to %d without a retry", async (from, to) => {
    expect(await failureOf({ kind: "heights", chain, range: { from, to } })).toMatchObject({
      retry: "never",
    });
  });

  it("returns all pages of balances, rewards and delegations at ten heights, exactly", async () => {
    for (let height = 1; height <= 40; height += 4) {
      const { balances, rewards, delegations } = holdings(height);
      expect(await execute({ kind: "balance", chain, account: alice, height })).toEqual([
        {
          kind: "balance",
          height,
          balances: balances.map(({ denom, amount }) => ({
            text: `${amount}${denom}`,
            currency: denom,
            numeric: amount,
            exp: 0,
          })),
        },
      ]);
      expect(await execute({ kind: "reward", chain, account: alice, height })).toEqual([
        {
          kind: "reward",
          height,
          rewards: rewards.map(({ validator, amounts }) => ({
            validator,
            amounts: amounts.map(({ denom, amount }) => ({
              text: `${amount.slice(0, -18)}.${amount.slice(-18)}${denom}`,
              currency: denom,
              numeric: amount,
              exp: 18,
            })),
          })),
        },
      ]);
      expect(await execute({ kind: "delegations", chain, account: alice, height })).toEqual([
        {
          kind: "delegations",
          height,
          delegations: delegations.map(({ validator, shares, balance }) => ({
            delegator: alice,
            validator,
            shares: `${shares.slice(0, -18)}.${shares.slice(-18)}`,
            balance: {
              text: `${balance.amount}utest`,
              currency: "utest",
              numeric: balance.amount,
              exp: 0,
            },
          })),
        },
      ]);
    }
  });

  it("returns an empty balance for an unknown account, and the newest height for 0", async () => {
    const account = testAddress("nobody");
    expect(await execute({ kind: "balance", chain, account, height: 0 })).toEqual([
      { kind: "balance", height: 40, balances: [] },
    ]);
  });

  it("accepts an empty response of an old node only if the node has the state", async () => {
    const account = testAddress("nobody");
    Object.assign(node.behaviour, { oldState: true, stateFrom: 20 });
    try {
      for (const kind of ["balance", "reward", "delegations"] as const) {
        const [result] = await execute({ kind, chain, account, height: 20 });
        expect(result).toMatchObject({ kind, height: 20 });
        expect(Object.values(result ?? {})).toContainEqual([]);
        expect(await failureOf({ kind, chain, account: alice, height: 19 })).toMatchObject({
          retry: "other-worker",
          details: { type: "pruned", height: 19 },
        });
        expect(await failureOf({ kind, chain, account: alice, height: 90 })).toMatchObject({
          retry: "other-worker",
          details: { type: "height_not_reached", height: 90 },
        });
      }
    } finally {
      Object.assign(node.behaviour, { oldState: false, stateFrom: 1 });
    }
  });

  it("classifies missing state by whether another node may have it", async () => {
    node.behaviour.stateFrom = 20;
    try {
      expect(await failureOf({ kind: "balance", chain, account: alice, height: 19 })).toMatchObject({
        retry: "other-worker",
        details: { type: "pruned", height: 19 },
      });
    } finally {
      node.behaviour.stateFrom = 1;
    }
    expect(await failureOf({ kind: "reward", chain, account: alice, height: 90 })).toMatchObject({
      retry: "other-worker",
      details: { type: "height_not_reached" },
    });
    expect(await failureOf({ kind: "delegations", chain, account: "alice", height: 20 })).toMatchObject({
      retry: "never",
      details: { type: "bad_request" },
    });
  });

  it("reads ahead at most 32 heights", async () => {
    // The first call of head also requests a block, to find the lowest height.
    await reader.head(signal);
    const before = node.requests.length;
    const results = reader.execute({ kind: "heights", chain, range: { from: 1, to: 40 } }, signal);
    const iterator = results[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toMatchObject({ kind: "height" });
    const blockRequests = (): number =>
      node.requests.slice(before).filter(({ method }) => method === "block").length;
    await until("the first window of heights", () => blockRequests() >= 4);
    // When a later request has its response, all earlier requests have arrived.
    await reader.head(signal);
    expect(blockRequests()).toBeLessThanOrEqual(32);
    await iterator.return?.();
  });

  it("stops after an abort, with its reason", async () => {
    const abort = new AbortController();
    node.behaviour.delayMs = 20;
    try {
      const read: TaskResult[] = [];
      const run = async (): Promise<void> => {
        for await (const result of reader.execute(
          { kind: "heights", chain, range: { from: 1, to: 40 } },
          abort.signal,
        )) {
          read.push(result);
          abort.abort(new Error("Cancelled by the caller."));
        }
      };
      await expect(run()).rejects.toThrow("Cancelled by the caller.");
      expect(read).toHaveLength(1);
    } finally {
      node.behaviour.delayMs = 0;
    }
  });
});

describe("an address", () => {
  it("is detected as gRPC or RPC", async () => {
    expect(await probeCosmosAddress(node.rpcUrl, { signal })).toEqual({
      kind: "rpc",
      url: node.rpcUrl,
      chainId,
    });
    const bare = node.rpcUrl.replace("http://", "");
    expect(await probeCosmosAddress(bare, { signal })).toEqual({ kind: "rpc", url: node.rpcUrl, chainId });
    expect(await probeCosmosAddress(node.grpcUrl, { signal })).toEqual({
      kind: "grpc",
      url: node.grpcUrl,
      chainId,
    });
    expect(await probeCosmosAddress(`http://${node.grpcUrl}`, { signal })).toMatchObject({ kind: "grpc" });
  });

  it("that is neither is rejected with the result of each attempt", async () => {
    await expect(probeCosmosAddress("127.0.0.1:1", { signal, timeoutMs: 5_000 })).rejects.toThrow(
      /neither a Cosmos node's gRPC nor its RPC \(as RPC: .*; as gRPC: /,
    );
  });
});

it("rejects an empty list of endpoints, and names the settings", async () => {
  await expect(createCosmosChain({ rpcUrls: [], grpcUrls: [], logger })).rejects.toThrow(
    /COSMOS_GRPC_ADDR or COSMOS_RPC_URL/,
  );
});

it("reads from a proxy that accepts JSON-RPC only by POST", async () => {
  const proxy = await startCosmosNode({ chainId, heights, accounts: new Map([[alice, holdings]]) });
  proxy.behaviour.postOnly = true;
  const reader = await createCosmosChain({ rpcUrls: [proxy.rpcUrl], grpcUrls: [], logger });
  try {
    const hash = transactionHash(makePayment(9, 1).bytes);
    expect(await collect(reader.execute({ kind: "transaction", chain, hash }, signal))).toMatchObject([
      { kind: "transaction", transaction: { hash } },
    ]);
    const request = { kind: "balance", chain, account: alice, height: 5 } as const;
    expect(await collect(reader.execute(request, signal))).toMatchObject([{ balances: { length: 8 } }]);
  } finally {
    await Promise.all([reader.close(), proxy.close()]);
  }
});
