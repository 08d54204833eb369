// A worker of the product with a legacy manager, on real gRPC.
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../lib/clock.js";
import { silentLogger } from "../../../lib/logger.js";
import { startLegacyManager, type LegacyManager } from "../../../testing/legacy-manager.js";
import { countingChain, createCountingChain, type CountingOptions } from "../../../testing/counting-chain.js";
import { span } from "../../../testing/manager-bench.js";
import type { TaskSource } from "../../worker/task-execution.js";
import { startGrpcWorkerServer } from "../server.js";
import { createWorkerSessionServer } from "../../worker/session-server.js";

describe("a legacy manager", () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  const setUp = async (
    options: CountingOptions = {},
    change: (source: TaskSource) => TaskSource = (source) => source,
  ): Promise<LegacyManager> => {
    const logger = silentLogger();
    const source = change(createCountingChain({ chain: countingChain, ...options }));
    const responder = createWorkerSessionServer({ source, version: "1", clock: systemClock, logger });
    const server = await startGrpcWorkerServer({
      sessionServer: responder,
      chain: countingChain,
      workerId: "w",
      listen: "127.0.0.1:0",
      logger,
    });
    const manager = startLegacyManager(`127.0.0.1:${server.port}`);
    closers.push(manager.close, server.close);
    return manager;
  };

  it("gets a PONG with its id", async () => {
    const manager = await setUp();
    const [pong] = await manager.request("PING", "");
    expect(pong).toMatchObject({ type: "PONG", final: false, error: "" });
  });

  it("gets one item a message: Block, Transaction, Partial after each height, END", async () => {
    const manager = await setUp();
    const request =
      '{"Epoch":"","Hash":"","StartHeight":2,"EndHeight":4,"ChainID":"counting-1","Network":"counting"}';
    const responses = await manager.request("GetTransactions", request);
    expect(responses.map(({ type }) => type)).toEqual([
      ...["Block", "Transaction", "Transaction", "Partial"],
      ...["Block", "Transaction", "Transaction", "Transaction", "Partial"],
      ...["Block", "Partial", "END"],
    ]);
    expect(responses.map(({ order }) => order)).toEqual(span(0, responses.length - 1));
    expect(responses.map(({ final }) => final)).toEqual([...responses.slice(1).map(() => false), true]);
    expect(responses.at(-1)).toMatchObject({ payload: "", error: "" });
  });

  it("gets JSON in its own format: integers unquoted, bytes in base64, empty keys left out", async () => {
    const manager = await setUp({ rawBytes: 3 });
    const responses = await manager.request("GetTransactions", '{"StartHeight":5,"EndHeight":5}');
    expect(responses[0]?.payload).toBe(
      '{"hash":"block-5","parent_hash":"block-4","height":5,"time":"1970-01-01T00:00:30.000000007Z","chain_id":"counting-1","num_txs":1}',
    );
    expect(responses[1]?.payload).toBe(
      '{"hash":"tx-5-0","block_hash":"block-5","height":5,"index":0,"chain_id":"counting-1","time":"1970-01-01T00:00:30.000000007Z",' +
        '"transaction_fee":[{"text":"5000u","currency":"u","numeric":5000}],"gas_wanted":200000,"gas_used":123456,"memo":"memo 5","version":"0.0.1",' +
        '"events":[{"id":"0","kind":"send","sub":[{"type":["send"],"module":"bank","sender":[{"account":{"id":"alice"}}],' +
        '"amount":{"send":{"text":"123456789012345678901234567890u","currency":"u","numeric":123456789012345678901234567890,"exp":18}}}]}],' +
        '"raw":"AAAA","has_errors":false}',
    );
  });

  it("lesson 9: gets no message over its 4 MiB: a large height comes in several messages, and an item without a message fails only its task", async () => {
    const manager = await setUp({
      transactions: (height) => (height === 1 ? 40 : 1),
      rawBytes: 200_000,
    });
    const responses = await manager.request("GetTransactions", '{"StartHeight":1,"EndHeight":1}');
    expect(responses.filter(({ type }) => type === "Transaction")).toHaveLength(40);
    expect(manager.largest).toBeLessThan(4 * 1024 * 1024);

    const fat = await setUp({ transactions: () => 1, rawBytes: 4 * 1024 * 1024 });
    const failed = await fat.request("GetTransactions", '{"StartHeight":1,"EndHeight":1}');
    expect(failed.at(-1)).toMatchObject({
      final: true,
      error: expect.stringContaining("does not fit") as string,
    });
    expect(fat.error).toBeUndefined();
    expect((await fat.request("PING", "")).length).toBe(1);
  });

  it.each([
    ["lesson 30: by hash", "GetTransactions", '{"Hash":"tx-7-1"}', ["Block", "Transaction", "END"]],
    ["rewards", "GetReward", '{"Height":7,"Account":"a"}', ["Reward", "END"]],
    ["balances", "GetAccountBalance", '{"Height":7,"Account":"a"}', ["AccountBalance", "END"]],
    ["delegations", "GetAccountDelegations", '{"Height":7,"Account":"a"}', ["AccountDelegations", "END"]],
  ])("gets %s", async (_, type, payload, types) => {
    const manager = await setUp();
    const responses = await manager.request(type, payload);
    expect(responses.map((each) => each.type)).toEqual(types);
  });

  it("gets account results in its own format", async () => {
    const manager = await setUp();
    const [reward] = await manager.request("GetReward", '{"Height":7,"Account":"a"}');
    expect(reward?.payload).toBe(
      '{"height":7,"rewards":[{"text":"1.5u","currency":"u","numeric":15,"exp":1,"validator":"val"}]}',
    );
    const [delegations] = await manager.request("GetAccountDelegations", '{"Height":7,"Account":"a"}');
    expect(delegations?.payload).toBe(
      '{"height":7,"delegations":[{"delegator":"a","validator":"val","shares":{"text":"10.50","numeric":1050,"exp":2},' +
        '"balance":{"text":"10u","currency":"u","numeric":10}}]}',
    );
  });

  it("lesson 31: gets the newest heights, and all heights of a shorter chain", async () => {
    const zero =
      '{"network":"counting","chain_id":"counting-1","version":"0.0.1","lastHash":"","lastEpoch":"","lastHeight":0,"lastTime":"0001-01-01T00:00:00Z","nonce":null,"selfCheck":false}';
    const long = await (await setUp({ head: 5_000, transactions: () => 0 })).request("GetLatest", zero);
    const blocks = long.filter(({ type }) => type === "Block");
    expect(blocks).toHaveLength(1_000);
    expect(blocks.at(-1)?.payload).toContain('"height":5000');
    const short = await (await setUp({ head: 3, transactions: () => 0 })).request("GetLatest", zero);
    expect(short.filter(({ type }) => type === "Block")).toHaveLength(4);
    const after = await (
      await setUp({ head: 12, transactions: () => 0 })
    ).request("GetLatest", zero.replace('"lastHeight":0', '"lastHeight":10'));
    expect(after.filter(({ type }) => type === "Block").map(({ payload }) => payload)).toMatchObject([
      expect.stringContaining('"height":11') as string,
      expect.stringContaining('"height":12') as string,
    ]);
  });

  it.each([
    ["an unknown task type", "GetWeather", "{}", "The task type 'GetWeather' is unknown."],
    ["a payload that is not JSON", "GetTransactions", "{", "not JSON"],
    ["a reversed range", "GetTransactions", '{"StartHeight":5,"EndHeight":4}', "swap"],
    ["a negative height", "GetTransactions", '{"StartHeight":-5,"EndHeight":4}', "not a height"],
    ["another chain", "GetTransactions", '{"StartHeight":1,"EndHeight":4,"ChainID":"other"}', "not /other"],
  ])("gets a final with an error for %s", async (_, type, payload, message) => {
    const manager = await setUp();
    const responses = await manager.request(type, payload);
    expect(responses).toMatchObject([{ final: true, error: expect.stringContaining(message) as string }]);
  });

  it("lesson 28: gets exactly one final with the error when the chain fails in the middle", async () => {
    const manager = await setUp({
      before: (height) => {
        if (height > 2) throw new Error("node down");
      },
    });
    const responses = await manager.request("GetTransactions", '{"StartHeight":1,"EndHeight":9}');
    await manager.request("PING", "");
    expect(manager.responsesTo(responses[0]?.id ?? "").filter(({ final }) => final)).toMatchObject([
      { error: "node down" },
    ]);
    expect(responses.filter(({ type }) => type === "Block")).toHaveLength(2);
  });

  it("lesson 27: gets an error and no silent END when the chain ends early", async () => {
    const manager = await setUp({}, (source) => ({
      ...source,
      execute: (request, signal) =>
        source.execute(
          request.kind === "heights" ? { ...request, range: { from: 1, to: 2 } } : request,
          signal,
        ),
    }));
    const responses = await manager.request("GetTransactions", '{"StartHeight":1,"EndHeight":9}');
    expect(responses.at(-1)).toMatchObject({ final: true, error: "The task ended truncated." });
  });
});
