// Verifies docs/adding-a-chain.md: a new network needs only its definition.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, expect, it, vi } from "vitest";
import { defineChain } from "../chains/adapter.js";
import { chainAdapters, createChainNormalizer, defaultAdapter } from "../chains/registry.js";
import { anyText, boundedInteger } from "../lib/setting-types.js";
import { createCountingChain } from "../testing/counting-chain.js";
import { createDatabase, hasPostgres } from "../testing/postgres.js";
import { addDevCommand } from "./dev-command.js";
import { addWorkerCommands } from "./worker-commands.js";

const opened: unknown[] = [];
/** A network that exists only in this test. */
const toyAdapter = defineChain({
  network: "toy",
  description: "Run a worker for a toy chain.",
  settings: {
    toyAddress: {
      name: "TOY_ADDRESS",
      schema: anyText,
      fallback: "nowhere",
      description: "Address of the toy.",
    },
    toyHead: { name: "TOY_HEAD", schema: boundedInteger(1), fallback: "5", description: "Head of the toy." },
  },
  dev: {
    placeholder: "address",
    description: "address of a toy chain to follow (repeatable)",
    settingsOf: (address) => ({ TOY_ADDRESS: address }),
  },
  open(config) {
    opened.push(config);
    if (config.toyAddress === "broken") return Promise.reject(new Error("The toy is broken."));
    const chain = { network: "toy", chainId: config.toyAddress };
    const reader = createCountingChain({ chain, head: config.toyHead });
    return Promise.resolve({ ...reader, close: () => Promise.resolve() });
  },
  normalizeHash: (hash) => hash.replace(/^toy-/i, "toy-"),
  normalizeAccount: (account) => account.toLowerCase(),
});
const adapters = [...chainAdapters, toyAdapter];
const arguments_ = (...args: string[]): string[] => ["node", "indexer", ...args];

afterEach(() => {
  vi.restoreAllMocks();
  opened.length = 0;
});

it("offers a worker command that opens the new network with its settings", async () => {
  const program = new Command("indexer").exitOverride();
  addWorkerCommands(program, adapters);
  const command = program.commands[0]!.commands.find((each) => each.name() === "toy")!;
  expect(command.helpInformation()).toContain("--toy-head <value>");
  await expect(
    program.parseAsync(
      arguments_("worker", "toy", "--toy-address", "broken", "--toy-head", "9", "--log-level", "silent"),
    ),
  ).rejects.toThrow("The toy is broken.");
  expect(opened).toMatchObject([{ toyAddress: "broken", toyHead: 9 }]);
});

it("opens the new network in the dev process at an address", async () => {
  const folder = mkdtempSync(join(tmpdir(), "indexer-toy-"));
  // The embedded database takes seconds to start; this test is about the chain.
  const database = hasPostgres ? await createDatabase() : undefined;
  const place =
    database === undefined ? ["--data-folder", join(folder, "data")] : ["--database-url", database.url];
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const program = new Command("indexer").exitOverride();
  addDevCommand(program, { adapters, fallback: defaultAdapter });
  try {
    await expect(
      program.parseAsync(arguments_("dev", "--toy", "broken", "--address", "127.0.0.1:0", ...place)),
    ).rejects.toThrow("The toy is broken.");
    expect(opened).toMatchObject([{ toyAddress: "broken", toyHead: 5 }]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await database?.drop();
  }
}, 60_000);

it("normalizes hashes and accounts of the new network by its own rules", () => {
  const { normalizeHash, normalizeAccount } = createChainNormalizer(adapters);
  expect(normalizeHash({ network: "toy" }, "TOY-Ab")).toBe("toy-Ab");
  expect(normalizeAccount("toy", "Alice")).toBe("alice");
  expect(normalizeHash({ network: "other" }, "TOY-Ab")).toBe("TOY-Ab");
  expect(normalizeAccount("other", "Alice")).toBe("Alice");
});
