// `indexer dev --ethereum` against a real node: everything the node says is there, also after a reorganisation.
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
interface OurTransaction {
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
interface OurBlock {
  readonly height: number;
  readonly hash: string;
  readonly parentHash: string | null;
  readonly transactionCount: number;
  readonly transactions: { readonly nodes: readonly OurTransaction[] };
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

  /** Waits until the index is whole up to the node's head, with the node's own head in it. */
  const untilWhole = async (): Promise<number> => {
    const head = await nodeHead();
    const { hash } = await nodeBlock(head);
    await vi.waitFor(
      async () => {
        const answer = await data<{ chain: { head: { height: number; hash: string }; indexed: object[] } }>(
          url,
          `{ chain(network: "ethereum", chainId: "31337") { head { height hash } indexed { from to } } }`,
        );
        expect(answer.chain).toEqual({ head: { height: head, hash }, indexed: [{ from: 0, to: head }] });
      },
      { timeout: 30_000, interval: 100 },
    );
    return head;
  };

  /** Holds every block, transaction, fee, status and token transfer against the node; answers how many transactions. */
  const compareAll = async (head: number): Promise<number> => {
    let compared = 0;
    for (let height = 0; height <= head; height += 1) {
      const theirs = await nodeBlock(height);
      const { block: ours } = await data<{ block: OurBlock }>(
        url,
        `{ block(chain: ${chain}, by: { height: ${height} }) { height hash parentHash transactionCount
            transactions(first: 100) { nodes { hash height index hasErrors gasUsed fee { numeric exp currency } types parties
              events { kind sub { sender { amounts { numeric } } } } } } } }`,
      );
      expect(ours).toMatchObject({ height, hash: theirs.hash, transactionCount: theirs.transactions.length });
      if (height > 0) expect(ours.parentHash).toBe(theirs.parentHash);
      expect(ours.transactions.nodes.map(({ hash }) => hash)).toEqual(
        theirs.transactions.map(({ hash }) => hash),
      );
      for (const [index, wanted] of theirs.transactions.entries()) {
        const receipt = await receiptOf(wanted.hash);
        const got = ours.transactions.nodes[index]!;
        const fee = BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice);
        expect(got).toMatchObject({
          index,
          height,
          hasErrors: receipt.status === "0x0",
          gasUsed: BigInt(receipt.gasUsed).toString(),
          fee: [{ numeric: fee.toString(), exp: 18, currency: "ETH" }],
        });
        expect(got.parties).toContain(wanted.from.toLowerCase());
        expect(got.parties).toContain((wanted.to ?? receipt.contractAddress ?? "").toLowerCase());
        const moved = got.events.filter(({ kind }) => kind === "erc20_transfer");
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

  it("indexes the whole chain, equal to what the node says", async () => {
    const head = await untilWhole();
    expect(await compareAll(head)).toBeGreaterThan(200);
    const { chain: proof } = await data<{ chain: { coverage: object } }>(
      url,
      `{ chain(network: "ethereum", chainId: "31337") { coverage(from: 0, to: ${head}) { complete } } }`,
    );
    expect(proof.coverage).toEqual({ complete: true });
  }, 90_000);

  it("follows new blocks", async () => {
    const before = await nodeHead();
    for (let height = before; height < before + 3; height += 1) await mine(height);
    expect(await untilWhole()).toBe(before + 3);
  });

  it("repairs a reorganisation of depth 5, also where no new block comes after it", async () => {
    const old = await nodeBlock(await nodeHead());
    await anvil.rpc("anvil_reorg", 5, []);
    const head = await untilWhole();
    expect((await nodeBlock(Number(old.number))).hash).not.toBe(old.hash);
    await compareAll(head);
    for (let height = head; height < head + 3; height += 1) await mine(height);
    await compareAll(await untilWhole());
  }, 90_000);
});
