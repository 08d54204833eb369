// A real Ethereum node for tests: anvil, from its npm package, on a free port.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isRecord } from "../lib/is-record.js";
import { freePort } from "./postgres-server.js";

const require = createRequire(import.meta.url);

/** Returns the path of this platform's binary; undefined if the package has none. */
export function anvilBinary(): string | undefined {
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const name = process.platform === "win32" ? "anvil.exe" : "anvil";
  try {
    const base = dirname(require.resolve("@foundry-rs/anvil/package.json"));
    const path = join(base, "..", `anvil-${process.platform}-${arch}`, "bin", name);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Whether tests on anvil can run, for `describe.skipIf(!hasAnvil)`; always true in CI, where a missing binary must fail. */
export const hasAnvil = anvilBinary() !== undefined || process.env["CI"] === "true";

/** Unlocked accounts of every anvil node, each with 10,000 ETH. */
export const anvilAccounts = [
  "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
  "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
  "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc",
] as const;

/** The private keys of `anvilAccounts`, published with anvil and without value on any chain. */
export const anvilKeys = [
  "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
  "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
  "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
] as const;

/** A running anvil node. */
export interface Anvil {
  readonly url: string;
  readonly chainId: string;
  /** Sends one JSON-RPC call; rejects with the node's error. */
  rpc(method: string, ...params: unknown[]): Promise<unknown>;
  /** Sends a transaction from an unlocked account and returns its hash; the next `mine` includes it. */
  send(transaction: Readonly<Record<string, unknown>>): Promise<string>;
  /** Mines `count` blocks. */
  mine(count?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Options of `startAnvil`. */
export interface AnvilOptions {
  readonly chainId?: number;
  /** Further command line arguments. */
  readonly args?: readonly string[];
}

/** Starts a node that mines only on `mine`. */
export async function startAnvil({ chainId = 31_337, args = [] }: AnvilOptions = {}): Promise<Anvil> {
  const binary = anvilBinary();
  if (binary === undefined) throw new Error("The anvil binary is missing: run 'npm ci'.");
  const port = await freePort();
  const flags = ["--port", port, "--chain-id", chainId, "--no-mining", "--silent", "--order", "fifo"];
  const child = spawn(binary, [...flags.map(String), ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // An interrupted test run must not leave a node running.
  const killOnExit = (): void => void child.kill();
  process.once("exit", killOnExit);
  const url = `http://127.0.0.1:${port}`;

  const rpc = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    const parsed: unknown = await response.json();
    if (!isRecord(parsed)) throw new Error(`${method}: the response is not an object`);
    if ("error" in parsed) throw new Error(`${method}: ${JSON.stringify(parsed["error"])}`);
    return parsed["result"];
  };

  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      await rpc("eth_chainId");
      break;
    } catch (error) {
      if (Date.now() > deadline || child.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return {
    url,
    chainId: String(chainId),
    rpc,
    send: async (transaction) => String(await rpc("eth_sendTransaction", transaction)),
    mine: async (count = 1) => void (await rpc("anvil_mine", `0x${count.toString(16)}`)),
    async stop() {
      process.off("exit", killOnExit);
      child.kill("SIGTERM");
      await exited;
    },
  };
}
