import { afterEach, describe, expect, it } from "vitest";
import { isRecord } from "../../lib/is-record.js";
import { startStandInNode, type StandInNode, type StandInOptions } from "../../testing/ethereum-stand-in.js";
import { createRpcClient, type RpcCall, type RpcClient } from "./rpc-client.js";

const signal = new AbortController().signal;
const running: StandInNode[] = [];
let time = 0;

afterEach(async () => {
  await Promise.all(running.splice(0).map((node) => node.stop()));
});

/** Opens a client of a node that returns as many bytes as the first parameter of the call. */
async function open(
  options: Partial<StandInOptions> = {},
  limits: { batchCalls?: number; maxResponseBytes?: number } = {},
): Promise<{ node: StandInNode; client: RpcClient }> {
  const node = await startStandInNode({ respond: ({ params }) => "x".repeat(Number(params[0])), ...options });
  running.push(node);
  const { batchCalls = 100, maxResponseBytes = 1_000_000 } = limits;
  return { node, client: createRpcClient({ url: node.url, batchCalls, maxResponseBytes, now: () => time }) };
}

const calls = (...sizes: number[]): RpcCall[] => sizes.map((size) => ({ method: "echo", params: [size] }));
const sizes = (responses: readonly unknown[]): number[] =>
  responses.map((response) =>
    isRecord(response) && "result" in response ? String(response["result"]).length : -1,
  );

describe("the JSON-RPC client", () => {
  it("returns responses in the order of the calls, for any order of the node", async () => {
    const { client } = await open({ rearrange: (responses) => [...responses].reverse() });
    const { responses, bytes } = await client.request(calls(1, 2, 3, 4, 5), signal);
    expect(sizes(responses)).toEqual([1, 2, 3, 4, 5]);
    expect(bytes).toBeGreaterThan(15);
  });

  it("splits calls into batches and keeps their order", async () => {
    const { node, client } = await open({}, { batchCalls: 7 });
    const expected = Array.from({ length: 50 }, (_, at) => at + 1);
    expect(sizes((await client.request(calls(...expected), signal)).responses)).toEqual(expected);
    expect(node.requests.map((each) => each.length)).toEqual([7, 7, 7, 7, 7, 7, 7, 1]);
  });

  it("sends smaller batches if a response is too large, and fails if a single one is", async () => {
    const { client } = await open({}, { maxResponseBytes: 10_000 });
    const expected = Array.from({ length: 40 }, () => 1000);
    expect(sizes((await client.request(calls(...expected), signal)).responses)).toEqual(expected);
    await expect(client.request(calls(20_000), signal)).rejects.toMatchObject({
      fault: "unavailable",
      message: "its response is larger than 10000 bytes",
    });
  });

  it("tries a rejected batch size again after the expiry", async () => {
    let refuses = true;
    const { node, client } = await open(
      { intercept: (all) => (refuses && all.length > 4 ? { status: 413, body: "" } : undefined) },
      { batchCalls: 16 },
    );
    const expected = Array.from({ length: 16 }, () => 1);
    await client.request(calls(...expected), signal);
    refuses = false;
    for (let round = 0; round < 30; round += 1) await client.request(calls(...expected), signal);
    expect(Math.max(...node.requests.slice(10).map((each) => each.length))).toBeLessThan(8);
    time += 3_600_000;
    for (let round = 0; round < 30; round += 1) await client.request(calls(...expected), signal);
    expect(node.requests.at(-1)).toHaveLength(16);
  });

  it("decodes non-ASCII text split over chunks", async () => {
    const text = "→ 𝕏 ü".repeat(20_000);
    const { client } = await open({ respond: () => text });
    const { responses } = await client.request(calls(1), signal);
    expect(responses).toEqual([{ result: text }]);
  });

  it("accepts a response of exactly the maximum size", async () => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 0, result: "x" });
    const reply = { body };
    const exact = await open({ intercept: () => reply }, { maxResponseBytes: body.length });
    expect((await exact.client.request(calls(1), signal)).responses).toEqual([{ result: "x" }]);
    const smaller = await open({ intercept: () => reply }, { maxResponseBytes: body.length - 1 });
    await expect(smaller.client.request(calls(1), signal)).rejects.toMatchObject({
      message: `its response is larger than ${body.length - 1} bytes`,
    });
  });

  it("assigns an error without an id to the only call of a request", async () => {
    const error = { code: -32000, message: "execution reverted" };
    const body = JSON.stringify({ jsonrpc: "2.0", id: null, error });
    const { client } = await open({ intercept: () => ({ body }) });
    expect((await client.request(calls(1), signal)).responses).toEqual([{ error }]);
  });

  it("returns an error about the size of a single response", async () => {
    const error = { code: -32000, message: "response size exceeded" };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 0, error });
    const { client } = await open({ intercept: () => ({ body }) });
    expect((await client.request(calls(1), signal)).responses).toEqual([{ error }]);
  });

  it("decodes a password from the URL", async () => {
    const { node } = await open();
    const url = node.url.replace("http://", "http://us%3Aer:p%40ss@");
    const client = createRpcClient({ url, batchCalls: 1, maxResponseBytes: 1000, now: () => time });
    await client.request(calls(1), signal);
    expect(node.lastHeaders.authorization).toBe(`Basic ${Buffer.from("us:er:p@ss").toString("base64")}`);
  });

  it("halves a batch that the node limits, then adds one call after each full batch", async () => {
    let limits = 1;
    const { node, client } = await open(
      { intercept: () => (limits-- > 0 ? { status: 429, body: "" } : undefined) },
      { batchCalls: 16 },
    );
    const expected = Array.from({ length: 16 }, () => 1);
    await expect(client.request(calls(...expected), signal)).rejects.toMatchObject({ fault: "rate-limited" });
    for (let round = 0; round < 2; round += 1) await client.request(calls(...expected), signal);
    const sent = node.requests.map((each) => each.length);
    expect(sent).toEqual([16, 8, 8, 9, 7]);
  });
});
