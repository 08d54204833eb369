// `indexer dev --ethereum` against a real node: the index equals the node's data, also after a reorganisation.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { anvilAccounts, hasAnvil, startAnvil, type Anvil } from "../testing/anvil.js";
import { creationOf, emittingCode, revertingCode, word, words } from "../testing/ethereum-bytecode.js";
import { data } from "../testing/graphql-client.js";
import { startProcess, type RunningProcess } from "../testing/processes.js";

const transferTopic = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
const [alice, bob, carol] = anvilAccounts;
const blocks = 150;
const folder = mkdtempSync(join(tmpdir(), "indexer-ethereum-"));
const chain = `{ network: "ethereum", chainId: "31337" }`;

interface NodeTransaction {
  readonly hash: string;
  readonly from: string;
  readonly to: string | null;
  readonly value: string;
}
interface NodeBlock {
  readonly number: string;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestamp: string;
  readonly transactions: readonly NodeTransaction[];
}
interface NodeReceipt {
  readonly status: string;
  readonly gasUsed: string;
  readonly effectiveGasPrice: string;
  readonly contractAddress: string | null;
  readonly logs: readonly {
    readonly topics: readonly string[];
    readonly data: string;
    readonly address: string;
  }[];
}
interface IndexedTransaction {
  readonly hash: string;
  readonly height: number;
  readonly index: number;
  readonly hasErrors: boolean;
  readonly gasUsed: string;
  readonly fee: readonly { readonly numeric: string; readonly exp: number; readonly currency: string }[];
  readonly types: readonly string[];
  readonly parties: readonly string[];
  readonly events: readonly {
    readonly kind: string;
    readonly sub: readonly {
      readonly sender: readonly { readonly amounts: readonly { readonly numeric: string }[] }[];
    }[];
  }[];
}
interface IndexedBlock {
  readonly height: number;
  readonly hash: string;
  readonly parentHash: string | null;
  readonly transactionCount: number;
  readonly transactions: { readonly nodes: readonly IndexedTransaction[] };
}

describe.skipIf(!hasAnvil)("indexer dev --ethereum", () => {
  let anvil: Anvil;
  let dev: RunningProcess;
  let url: string;
  let token: string;

  const mine = async (height: number): Promise<void> => {
    await anvil.send({ from: alice, to: bob, value: `0x${(height + 1).toString(16)}` });
    if (height % 3 === 0) await anvil.send({ from: bob, to: token, gas: "0x30d40" });
    if (height % 5 === 0) await anvil.send({ from: carol, data: creationOf(revertingCode), gas: "0x30d40" });
    await anvil.rpc("evm_mine");
  };
  const receiptOf = async (hash: string): Promise<NodeReceipt> =>
    (await anvil.rpc("eth_getTransactionReceipt", hash)) as NodeReceipt;
  const nodeBlock = async (height: number): Promise<NodeBlock> =>
    (await anvil.rpc("eth_getBlockByNumber", `0x${height.toString(16)}`, true)) as NodeBlock;
  const nodeHead = async (): Promise<number> => Number(await anvil.rpc("eth_blockNumber"));

  /** Waits until the index is complete up to the node's head and contains the node's head. */
  const untilComplete = async (): Promise<number> => {
    const head = await nodeHead();
    const { hash } = await nodeBlock(head);
    await vi.waitFor(
      async () => {
        const result = await data<{ chain: { head: { height: number; hash: string }; indexed: object[] } }>(
          url,
          `{ chain(network: "ethereum", chainId: "31337") { head { height hash } indexed { from to } } }`,
        );
        expect(result.chain).toEqual({ head: { height: head, hash }, indexed: [{ from: 0, to: head }] });
      },
      { timeout: 30_000, interval: 100 },
    );
    return head;
  };

  /** Compares every block, transaction, fee, status and token transfer with the node; returns the number of transactions. */
  const compareAll = async (head: number): Promise<number> => {
    let compared = 0;
    for (let height = 0; height <= head; height += 1) {
      const nodeData = await nodeBlock(height);
      const { block: indexed } = await data<{ block: IndexedBlock }>(
        url,
        `{ block(chain: ${chain}, by: { height: ${height} }) { height hash parentHash transactionCount
            transactions(first: 100) { nodes { hash height index hasErrors gasUsed fee { numeric exp currency } types parties
              events { kind sub { sender { amounts { numeric } } } } } } } }`,
      );
      expect(indexed).toMatchObject({
        height,
        hash: nodeData.hash,
        transactionCount: nodeData.transactions.length,
      });
      if (height > 0) expect(indexed.parentHash).toBe(nodeData.parentHash);
      expect(indexed.transactions.nodes.map(({ hash }) => hash)).toEqual(
        nodeData.transactions.map(({ hash }) => hash),
      );
      for (const [index, expected] of nodeData.transactions.entries()) {
        const receipt = await receiptOf(expected.hash);
        const actual = indexed.transactions.nodes[index]!;
        const fee = BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice);
        expect(actual).toMatchObject({
          index,
          height,
          hasErrors: receipt.status === "0x0",
          gasUsed: BigInt(receipt.gasUsed).toString(),
          fee: [{ numeric: fee.toString(), exp: 18, currency: "ETH" }],
        });
        expect(actual.parties).toContain(expected.from.toLowerCase());
        expect(actual.parties).toContain((expected.to ?? receipt.contractAddress ?? "").toLowerCase());
        const moved = actual.events.filter(({ kind }) => kind === "erc20_transfer");
        expect(moved.map(({ sub }) => sub[0]!.sender[0]!.amounts[0]!.numeric)).toEqual(
          receipt.logs
            .filter(({ topics }) => topics[0] === transferTopic)
            .map((log) => BigInt(log.data).toString()),
        );
        compared += 1;
      }
    }
    return compared;
  };

  beforeAll(async () => {
    anvil = await startAnvil({ args: ["--max-persisted-states", "0"] });
    const log = { topics: [transferTopic, word(alice), word(bob)], data: words(123_456_789n) };
    const created = await anvil.send({ from: alice, data: creationOf(emittingCode([log])), gas: "0x100000" });
    await anvil.rpc("evm_mine");
    token = (await receiptOf(created)).contractAddress ?? "";
    const reverting = await anvil.send({ from: alice, data: creationOf(revertingCode), gas: "0x100000" });
    await anvil.rpc("evm_mine");
    const failing = (await receiptOf(reverting)).contractAddress ?? "";
    for (let height = 2; height < blocks; height += 1) {
      if (height % 4 === 0) await anvil.send({ from: carol, to: failing, value: "0x1", gas: "0x30d40" });
      await mine(height);
    }
    dev = startProcess({
      args: [
        "dev",
        "--ethereum",
        anvil.url,
        "--address",
        "127.0.0.1:0",
        "--data-folder",
        join(folder, "data"),
      ],
    });
    const [, found] = await dev.line(/GraphiQL +(http:\S+)\/graphql/, 60_000);
    url = found!;
  }, 120_000);
  afterAll(async () => {
    await dev?.kill();
    await anvil?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("indexes the complete chain, equal to the node's data", async () => {
    const head = await untilComplete();
    expect(await compareAll(head)).toBeGreaterThan(200);
    const { chain: verified } = await data<{ chain: { coverage: object } }>(
      url,
      `{ chain(network: "ethereum", chainId: "31337") { coverage(from: 0, to: ${head}) { complete } } }`,
    );
    expect(verified.coverage).toEqual({ complete: true });
  }, 90_000);

  it("follows new blocks", async () => {
    const before = await nodeHead();
    for (let height = before; height < before + 3; height += 1) await mine(height);
    expect(await untilComplete()).toBe(before + 3);
  });

  it("repairs a reorganisation of depth 5, also if no new block follows it", async () => {
    const old = await nodeBlock(await nodeHead());
    await anvil.rpc("anvil_reorg", 5, []);
    const head = await untilComplete();
    expect((await nodeBlock(Number(old.number))).hash).not.toBe(old.hash);
    await compareAll(head);
    for (let height = head; height < head + 3; height += 1) await mine(height);
    await compareAll(await untilComplete());
  }, 90_000);
});
