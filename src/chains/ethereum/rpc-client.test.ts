import { afterEach, describe, expect, it } from "vitest";
import { startStandInNode, type StandInNode, type StandInOptions } from "../../testing/ethereum-stand-in.js";
import { createRpcClient, type RpcCall, type RpcClient } from "./rpc-client.js";

const signal = new AbortController().signal;
const running: StandInNode[] = [];
let time = 0;

afterEach(async () => {
  await Promise.all(running.splice(0).map((node) => node.stop()));
});

/** A client of a node that answers each call with its first parameter, that many bytes long. */
async function open(
  options: Partial<StandInOptions> = {},
  limits: { batchCalls?: number; maxResponseBytes?: number } = {},
): Promise<{ node: StandInNode; client: RpcClient }> {
  const node = await startStandInNode({ answer: ({ params }) => "x".repeat(Number(params[0])), ...options });
  running.push(node);
  const { batchCalls = 100, maxResponseBytes = 1_000_000 } = limits;
  return { node, client: createRpcClient({ url: node.url, batchCalls, maxResponseBytes, now: () => time }) };
}

const calls = (...sizes: number[]): RpcCall[] => sizes.map((size) => ({ method: "echo", params: [size] }));
const sizes = (answers: readonly unknown[]): number[] =>
  answers.map((answer) =>
    typeof answer === "object" && answer !== null && "result" in answer ? String(answer.result).length : -1,
  );

describe("the JSON-RPC client", () => {
  it("gives answers in the order of the calls, however the node orders them", async () => {
    const { client } = await open({ rearrange: (answers) => [...answers].reverse() });
    const { answers, bytes } = await client.request(calls(1, 2, 3, 4, 5), signal);
    expect(sizes(answers)).toEqual([1, 2, 3, 4, 5]);
    expect(bytes).toBeGreaterThan(15);
  });

  it("cuts calls into batches and keeps the order", async () => {
    const { node, client } = await open({}, { batchCalls: 7 });
    const wanted = Array.from({ length: 50 }, (_, at) => at + 1);
    expect(sizes((await client.request(calls(...wanted), signal)).answers)).toEqual(wanted);
    expect(node.requests.map((each) => each.length)).toEqual([7, 7, 7, 7, 7, 7, 7, 1]);
  });

  it("asks for less where an answer is larger than it takes, and says so where one alone is", async () => {
    const { client } = await open({}, { maxResponseBytes: 10_000 });
    const wanted = Array.from({ length: 40 }, () => 1000);
    expect(sizes((await client.request(calls(...wanted), signal)).answers)).toEqual(wanted);
    await expect(client.request(calls(20_000), signal)).rejects.toMatchObject({
      fault: "unavailable",
      message: "its answer is larger than 10000 bytes",
    });
  });

  it("tries a refused size again after a while", async () => {
    let refuses = true;
    const { node, client } = await open(
      { intercept: (all) => (refuses && all.length > 4 ? { status: 413, body: "" } : undefined) },
      { batchCalls: 16 },
    );
    const wanted = Array.from({ length: 16 }, () => 1);
    await client.request(calls(...wanted), signal);
    refuses = false;
    for (let round = 0; round < 30; round += 1) await client.request(calls(...wanted), signal);
    expect(Math.max(...node.requests.slice(10).map((each) => each.length))).toBeLessThan(8);
    time += 3_600_000;
    for (let round = 0; round < 30; round += 1) await client.request(calls(...wanted), signal);
    expect(node.requests.at(-1)).toHaveLength(16);
  });

  it("keeps text beyond ASCII whole", async () => {
    const text = "→ 𝕏 ü".repeat(20_000);
    const { client } = await open({ answer: () => text });
    const { answers } = await client.request(calls(1), signal);
    expect(answers).toEqual([{ result: text }]);
  });
});
