// What a terminal shows when a node is down, silent, wrong or busy, or a port is taken: one line with the next step, no stack.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeChain } from "../testing/cosmos-generator.js";
import { startCosmosNode, type CosmosTestNode } from "../testing/cosmos-node.js";
import { generatedChain, startStandInNode, type StandInNode } from "../testing/ethereum-stand-in.js";
import { freePort } from "../testing/postgres-server.js";
import { startProcess, type RunningProcess } from "../testing/processes.js";
import { runCommand } from "../testing/run-command.js";

const folder = mkdtempSync(join(tmpdir(), "indexer-faults-"));
const stack = /\n +at |"stack"/;
let folders = 0;
let silent: Server;
let silentPort: number;
let closedPort: number;
let ethereum: StandInNode;
let busy: StandInNode;
let cosmos: CosmosTestNode;

const devArguments = (...args: string[]): string[] => {
  folders += 1;
  return ["dev", "--address", "127.0.0.1:0", "--data-folder", join(folder, String(folders)), ...args];
};
/** Runs `dev` until each of the patterns is in its output; none of them may come with a stack. */
async function expectLines(dev: RunningProcess, patterns: readonly RegExp[]): Promise<void> {
  try {
    for (const pattern of patterns) await dev.line(pattern, 60_000);
    expect(dev.output()).not.toMatch(stack);
    expect(dev.output()).not.toContain("All promises were rejected");
    expect(dev.output()).not.toContain("No chain");
  } finally {
    await dev.kill();
  }
}

beforeAll(async () => {
  silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  silentPort = (silent.address() as { port: number }).port;
  closedPort = await freePort();
  ethereum = await startStandInNode({ respond: generatedChain({ head: 20 }) });
  busy = await startStandInNode({
    respond: generatedChain({ head: 20 }),
    intercept: () => ({ status: 429, body: "slow down" }),
  });
  cosmos = await startCosmosNode({ chainId: "test-1", heights: makeChain("test-1", 5) });
});
afterAll(async () => {
  await Promise.all([ethereum.stop(), busy.stop(), cosmos.close()]);
  silent.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("indexer dev with a faulty node", () => {
  it("names a node that is down or silent, its cause and the next step, for both networks at once", async () => {
    const nodes = [
      ...["--ethereum", `http://127.0.0.1:${closedPort}`, "--ethereum", `http://127.0.0.1:${silentPort}`],
      ...["--cosmos", `127.0.0.1:${closedPort}`, "--cosmos", `127.0.0.1:${silentPort}`],
    ];
    await expectLines(startProcess({ args: devArguments(...nodes) }), [
      new RegExp(
        `ethereum http://127.0.0.1:${closedPort}/ · node: No node returned .*ECONNREFUSED.*Start the node`,
      ),
      new RegExp(
        `cosmos 127.0.0.1:${closedPort} · node: .*ECONNREFUSED.*Start the node or correct its address`,
      ),
      new RegExp(`ethereum http://127.0.0.1:${silentPort}/ · node: No response within 1.5 s.*not overloaded`),
      new RegExp(`cosmos 127.0.0.1:${silentPort} · node: No response within 1.5 s.*not overloaded`),
      // The status itself has the reason below the chain.
      new RegExp(`127.0.0.1:${closedPort}/ · connecting to the node\\n +node: No node returned`),
    ]);
  });

  it("names a busy node and goes on with the others", async () => {
    const dev = startProcess({ args: devArguments("--ethereum", busy.url, "--cosmos", cosmos.rpcUrl) });
    await expectLines(dev, [
      /ethereum http:\/\/\S+ · node: .*limits requests.*REQUESTS_PER_SECOND/,
      /cosmos\/test-1 · head 5 · up to date · 5 blocks stored/,
    ]);
  });

  it("names a node that goes silent later, in the status of its chain", async () => {
    const node = await startCosmosNode({ chainId: "test-2", heights: makeChain("test-2", 5) });
    try {
      const dev = startProcess({ args: devArguments("--cosmos", node.rpcUrl) });
      await dev.line(/cosmos\/test-2 · head 5/, 60_000);
      node.behaviour.fault = () => "hang";
      await expectLines(dev, [
        /cosmos\/test-2 · node: The node has not responded for \d s\..*not overloaded/,
      ]);
    } finally {
      await node.close();
    }
  });

  it.each([
    ["--ethereum", () => ethereum.url, "7"],
    ["--cosmos", () => cosmos.rpcUrl, "test-1"],
    ["--cosmos", () => cosmos.grpcUrl, "test-1"],
  ])("ends the start if CHAIN_ID is not that of the node: %s %s", async (flag, address, served) => {
    const { code, output } = await runCommand(devArguments(flag, address()), { env: { CHAIN_ID: "wrong" } });
    expect(code, output).toBe(1);
    expect(output).toMatch(
      new RegExp(`/wrong cannot be read: .*serves chain id '${served}', not 'wrong'.*Set CHAIN_ID`),
    );
    expect(output).not.toMatch(stack);
  });

  it("rejects a text that is no address at all", async () => {
    const { code, output } = await runCommand(devArguments("--cosmos", "not an address"));
    expect(code).toBe(1);
    expect(output).toContain("'not an address' is not an address: write host:port");
  });
});

describe("indexer worker with a faulty node", () => {
  it.each([
    ["ethereum", () => ["--ethereum-rpc-url", ethereum.url], "7"],
    ["cosmos", () => ["--cosmos-grpc-addr", cosmos.grpcUrl], "test-1"],
  ])("ends the start of a %s worker whose node serves another chain", async (network, flags, served) => {
    const args = ["worker", network, ...flags(), "--chain-id", "wrong"];
    const { code, output } = await runCommand(args);
    expect(code, output).toBe(1);
    expect(output).toContain(`serves chain id '${served}', not 'wrong'`);
    expect(output).not.toMatch(stack);
  });

  it("logs a node that is down as one JSON line with reason and next step, and waits for it", async () => {
    const worker = startProcess({
      args: ["worker", "ethereum", "--ethereum-rpc-url", `http://127.0.0.1:${closedPort}`],
    });
    try {
      const [line] = await worker.line(/^.*"msg":"The node is not available\."}$/m);
      expect(JSON.parse(line)).toMatchObject({
        level: "warn",
        reason: expect.stringContaining("No node returned its chain id") as string,
        nextStep: "Start the node or correct its address; it is retried.",
      });
      expect(worker.output()).not.toMatch(stack);
    } finally {
      await worker.kill();
    }
  });
});

describe("a port that is taken", () => {
  it.each([
    ["manager", (address: string) => ["manager", "--address", address]],
    ["worker", (address: string) => ["worker", "demo", "--address", address]],
  ])("is named by a %s, with the setting to change", async (_process, argumentsFor) => {
    const address = `127.0.0.1:${silentPort}`;
    folders += 1;
    const env = { DATA_FOLDER: join(folder, String(folders)) };
    const { code, output } = await runCommand(argumentsFor(address), { env });
    expect(code, output).toBe(1);
    expect(output).toContain(`The address ${address} is in use by another process.`);
    expect(output).toContain("--address (ADDRESS)");
    expect(output).not.toMatch(stack);
  });
});
