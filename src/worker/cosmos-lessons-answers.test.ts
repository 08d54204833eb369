// What a real Cosmos worker answers, over gRPC, where an earlier system crashed, jumped or gave up (lessons 30, 31, 32).
import { Any } from "cosmjs-types/google/protobuf/any";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { transactionHash } from "../chains/cosmos/decode/transaction.js";
import type { TaskRequest } from "../domain/task.js";
import type { Transaction } from "../domain/transaction.js";
import { startLegacyManager, type LegacyManager } from "../testing/legacy-manager.js";
import { makeChain, makeHeight, makePayment, makeTransaction } from "../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosStandIn } from "../testing/cosmos-node.js";
import { startCosmosWorker, type CosmosWorker } from "../testing/cosmos-worker.js";
import type { SentTask, ScriptedManager } from "../testing/scripted-manager.js";

const chainId = "test-1";
const chain = { network: "cosmos", chainId };
const count = 60;
const carriers = ["rpc", "grpc"] as const;
type Carrier = (typeof carriers)[number];

const brokenHeight = 21;
const unknownType = "/chain.of.tomorrow.v1.MsgNeverSeen";
const unknown = makeTransaction([Any.fromPartial({ typeUrl: unknownType, value: new Uint8Array([8, 1]) })]);
const garbage = Buffer.from("no transaction at all", "utf8");
/** Before and after the unknown and the broken one stand transactions that are well. */
const [before, after] = [makePayment(brokenHeight, 0), makePayment(brokenHeight, 3)];
const served = makeChain(chainId, count);
served.set(
  brokenHeight,
  makeHeight(chainId, brokenHeight, {
    era: "finalize",
    transactions: [
      before,
      { bytes: unknown, messageTypes: [unknownType] },
      { bytes: garbage, messageTypes: [], code: 2, codespace: "sdk", log: "tx parse error" },
      after,
    ],
  }),
);

const span = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);
const heights = (from: number, to: number): TaskRequest => ({ kind: "heights", chain, range: { from, to } });
const byHash = (hash: string): TaskRequest => ({ kind: "transaction", chain, hash });
const latest = (limit: number, height?: number): TaskRequest => ({
  kind: "latest",
  chain,
  limit,
  ...(height !== undefined && { after: { height } }),
});

function transactionsOf({ parts }: SentTask): Transaction[] {
  return parts.flatMap(({ items }) =>
    items.flatMap((item) => (item.kind === "transaction" ? [item.transaction] : [])),
  );
}

function quarantinesOf({ parts }: SentTask): { height: number; index?: number }[] {
  return parts.flatMap(({ items }) => items.filter((item) => item.kind === "quarantine"));
}

describe.each(carriers)("a worker that reads over %s", (carrier) => {
  let node: CosmosStandIn;
  let worker: CosmosWorker;
  let manager: ScriptedManager;
  beforeEach(async () => {
    node = await startCosmosNode({ chainId, heights: served });
    worker = await startCosmosWorker({ DRAIN_TIMEOUT: "100ms", ...urlOf(carrier, node) });
    manager = await worker.connect();
  });
  afterEach(async () => {
    await worker.stop();
    await node.close();
  });

  /** The next task of the same stream is answered, so nothing died. */
  const expectAlive = async (): Promise<void> => {
    const task = manager.start(heights(1, 3));
    expect(await task.finalFrame()).toMatchObject({ outcome: "complete" });
    expect(task.heights).toEqual([1, 2, 3]);
  };

  it.each([
    ["malformed", "zz".repeat(32)],
    ["too short", "AB".repeat(31)],
    ["too long", "AB".repeat(50_000)],
    ["bare 0x", "0x"],
    ["quoting", `"' OR 1=1 \\u0000 ${"\u0000"}\u{1f4a5}`],
    ["empty", ""],
  ])("lesson 30: a hash that is %s is refused for good, and the worker goes on", async (_, hash) => {
    const task = manager.start(byHash(hash));
    expect(await task.finalFrame()).toMatchObject({
      outcome: "failed",
      count: 0,
      error: { retry: "never", details: { type: "bad_request" } },
    });
    await expectAlive();
  });

  it("lesson 30: a hash that nobody knows may be known elsewhere, and the worker goes on", async () => {
    const task = manager.start(byHash("AB".repeat(32)));
    expect(await task.finalFrame()).toMatchObject({
      outcome: "failed",
      error: { retry: "other-worker", details: { type: "not_found" } },
    });
    await expectAlive();
  });

  it.each([
    ["is well", before.bytes, false],
    ["is of a type that is not known", unknown, false],
    ["cannot be decoded", garbage, true],
  ])(
    "lesson 30: a hash of a block with a broken transaction gives the one that was asked: one that %s",
    async (_, bytes, isBroken) => {
      const task = manager.start(byHash(transactionHash(bytes)));
      expect(await task.finalFrame()).toMatchObject({ outcome: "complete" });
      expect(transactionsOf(task)).toMatchObject([
        { height: brokenHeight, hash: transactionHash(bytes), hasErrors: isBroken },
      ]);
      expect(quarantinesOf(task)).toHaveLength(isBroken ? 1 : 0);
      await expectAlive();
    },
  );

  it("lesson 30: what a legacy manager writes for a hash ends its task only", async () => {
    const legacy: LegacyManager = startLegacyManager(worker.address);
    try {
      const known = transactionHash(before.bytes);
      for (const hash of ['""', "null", "7", '{"a":1}', '"zz"', `"${"AB".repeat(32)}"`, '"\\ud800"']) {
        const responses = await legacy.request("GetTransactions", `{"Hash":${hash},"ChainID":"${chainId}"}`);
        expect(responses).toMatchObject([{ final: true, error: expect.stringMatching(/./) as string }]);
      }
      const responses = await legacy.request("GetTransactions", `{"Hash":"${known}"}`);
      expect(responses.map(({ type }) => type)).toEqual(["Block", "Transaction", "END"]);
      expect(legacy.error).toBeUndefined();
    } finally {
      legacy.close();
    }
    await expectAlive();
  });

  it("lesson 31: the newest of a chain that is shorter than the limit are all of it, from height 1", async () => {
    node.behaviour.head = 12;
    const task = manager.start(latest(1_000));
    expect(await task.finalFrame()).toMatchObject({ outcome: "complete", cursor: 12 });
    expect(task.heights).toEqual(span(1, 12));
  });

  it("lesson 31: the newest of a node that forgot the beginning start at the earliest that it has", async () => {
    node.behaviour.earliest = 55;
    const task = manager.start(latest(1_000));
    expect(await task.finalFrame()).toMatchObject({ outcome: "complete", cursor: count });
    expect(task.heights).toEqual(span(55, count));
  });

  it("lesson 31: after an outage longer than the limit no height between is jumped over", async () => {
    node.behaviour.head = 12;
    const known = manager.start(latest(10));
    await known.finalFrame();
    expect(known.heights).toEqual(span(3, 12));
    node.behaviour.head = count;
    const seen: number[] = [];
    for (let last = 12; last < count;) {
      const task = manager.start(latest(10, last));
      const { outcome, cursor = last } = await task.finalFrame();
      expect({ outcome, count: task.heights.length }).toEqual({
        outcome: "complete",
        count: Math.min(10, count - last),
      });
      seen.push(...task.heights);
      last = cursor;
    }
    expect(seen).toEqual(span(13, count));
    const nothing = manager.start(latest(10, count));
    expect(await nothing.finalFrame()).toMatchObject({ outcome: "complete", count: 0 });
  });

  it("lesson 31: after an outage longer than the node remembers it fails, and does not jump to what is there", async () => {
    node.behaviour.earliest = 40;
    const task = manager.start(latest(10, 12));
    expect(await task.finalFrame()).toMatchObject({
      outcome: "failed",
      count: 0,
      error: { retry: "other-worker", details: { type: "pruned", height: 13 } },
    });
    await expect(manager.start(latest(10, 39)).finalFrame()).resolves.toMatchObject({ outcome: "complete" });
  });

  it("lesson 32: a message type that is not known and a broken transaction leave their range whole", async () => {
    const task = manager.start(heights(1, count), { credit: 1_000 });
    expect(await task.finalFrame()).toMatchObject({ outcome: "complete", cursor: count });
    expect(task.heights).toEqual(span(1, count));
    const transactions = transactionsOf(task);
    expect(transactions).toHaveLength(45 * 3 + 1);
    const odd = transactions.filter(({ height }) => height === brokenHeight);
    expect(odd).toMatchObject([
      { index: 0, hasErrors: false, memo: "21/0", events: [{ kind: "send" }] },
      { index: 1, hasErrors: false, events: [{ kind: unknownType }] },
      { index: 2, hasErrors: true, events: [{ kind: "undecodable" }] },
      { index: 3, hasErrors: false, memo: "21/3", events: [{ kind: "send" }] },
    ]);
    expect(odd.map(({ raw }) => Buffer.from(raw ?? []).toString("hex"))).toEqual(
      [before.bytes, unknown, garbage, after.bytes].map((bytes) => Buffer.from(bytes).toString("hex")),
    );
    expect(quarantinesOf(task)).toMatchObject([{ height: brokenHeight, index: 2 }]);
    const others = transactions.filter(({ height }) => height !== brokenHeight);
    expect(others.filter(({ hasErrors }) => hasErrors)).toEqual([]);
    expect(new Set(others.map(({ events }) => events.map(({ kind }) => kind).join()))).toEqual(
      new Set(["send"]),
    );
  });
});

it.each(["rpc", "grpc"] as const)(
  "lesson 31: a chain that has no block yet has nothing new, with or without a last known height, over %s",
  async (carrier) => {
    const node = await startCosmosNode({ chainId, heights: served });
    Object.assign(node.behaviour, { head: 0, earliest: 0 });
    const worker = await startCosmosWorker({ ...urlOf(carrier, node), CHAIN_ID: chainId });
    try {
      const manager = await worker.connect();
      for (const request of [latest(1_000), latest(5, 0)])
        expect(await manager.start(request).finalFrame()).toMatchObject({ outcome: "complete", count: 0 });
      Object.assign(node.behaviour, { head: 3, earliest: 1 });
      const task = manager.start(latest(5, 0));
      expect(await task.finalFrame()).toMatchObject({ outcome: "complete", cursor: 3 });
      expect(task.heights).toEqual([1, 2, 3]);
    } finally {
      await worker.stop();
      await node.close();
    }
  },
);

function urlOf(carrier: Carrier, { rpcUrl, grpcUrl }: CosmosStandIn): Record<string, string> {
  return carrier === "rpc" ? { COSMOS_RPC_URL: rpcUrl } : { COSMOS_GRPC_ADDR: grpcUrl };
}
