// The store's contract on every database: writing, reorganisations, coverage, announcements.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  rangesFromHeights,
  subtractRanges,
  totalHeights,
  mergeRanges,
  type Height,
  type HeightRange,
} from "../domain/height.js";
import type { ChainRef } from "../domain/chain.js";
import { blockData, chainData } from "../testing/chain-data.js";
import type { Announcement, Store } from "./port.js";

const all = { events: true, raw: true, rawLog: true };
let chains = 0;

/** A chain that no other test touches. */
function newChain(): ChainRef {
  chains += 1;
  return { network: "test", chainId: `suite-${chains}` };
}

async function announcementsOf(store: Store, chain: ChainRef): Promise<readonly Announcement[]> {
  const news = await store.announcements(new Map(), 10_000);
  return news.filter((each) => each.chain.chainId === chain.chainId);
}

async function hashesAt(store: Store, chain: ChainRef, { from, to }: HeightRange): Promise<string[]> {
  const heights = Array.from({ length: to - from + 1 }, (_, offset) => from + offset);
  return (await store.blocksAt(chain, heights)).map(({ hash }) => hash);
}

export function storeSuite(open: () => Promise<Store>): void {
  let store: Store;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());

  describe("writing", () => {
    it("returns exactly what was stored", async () => {
      const chain = newChain();
      const data = blockData(5, { chain });
      const result = await store.write({ chain, heights: [data] });
      expect(result).toEqual({ blocks: 1, transactions: 2, replaced: [], unlinked: [] });
      expect(await store.blocksAt(chain, [5, 6])).toEqual([data.block]);
      const stored = await store.transactionsAt(chain, [{ from: 5, to: 5 }], all);
      expect(stored).toHaveLength(2);
      stored.forEach((transaction, index) => {
        const { raw, ...rest } = transaction;
        const { raw: wantedRaw, ...wanted } = data.transactions[index]!;
        expect(rest).toMatchObject(wanted);
        expect([...raw!]).toEqual([...wantedRaw!]);
        expect(rest.types).toEqual(["send"]);
        expect([...rest.parties].sort()).toEqual([...new Set(["acc0", `acc${index}`])].sort());
      });
      expect(await store.chain(chain)).toMatchObject({
        chain,
        firstHeight: 5,
        head: data.block,
        quarantined: 0,
      });
    });

    it("changes and announces nothing when the same batch is written twice", async () => {
      const chain = newChain();
      const batch = { chain, heights: chainData(1, 10, { chain }) };
      await store.write(batch);
      const before = await announcementsOf(store, chain);
      expect(await store.write(batch)).toEqual({ blocks: 0, transactions: 0, replaced: [], unlinked: [] });
      expect(await announcementsOf(store, chain)).toEqual(before);
      expect(before).toEqual([{ chain, sequence: 1n, heights: [{ from: 1, to: 10 }] }]);
      expect(await store.transactionsAt(chain, [{ from: 1, to: 10 }], all)).toHaveLength(20);
    });

    it("stores text without the NUL characters and lone surrogates that PostgreSQL rejects", async () => {
      const chain = newChain();
      const { block, transactions } = blockData(1, { chain, transactions: () => 1 });
      const [first] = transactions;
      const wild = { ...first!, memo: 'a\u0000b\ud800c\t\\N\n"{}' };
      const events = [
        { id: "0", kind: "k\u0000", sub: [{ type: ["t\u0000y"], additional: { "k\ud800": ["v\u0000\\"] } }] },
      ];
      await store.write({ chain, heights: [{ block, transactions: [{ ...wild, events }] }] });
      const [stored] = await store.transactionsAt(chain, [{ from: 1, to: 1 }], all);
      expect(stored).toMatchObject({ memo: 'abc\t\\N\n"{}', types: ["ty"] });
      expect(stored!.events).toEqual([
        { id: "0", kind: "k", sub: [{ type: ["ty"], additional: { k: ["v\\"] } }] },
      ]);
    });

    it("stores the same transaction hash at two heights", async () => {
      const chain = newChain();
      const [one, two] = [
        blockData(1, { chain, transactions: () => 1 }),
        blockData(2, { chain, transactions: () => 1 }),
      ];
      const again = { ...two, transactions: [{ ...two.transactions[0]!, hash: one.transactions[0]!.hash }] };
      await store.write({ chain, heights: [one, again] });
      expect(await store.transactionByHash(chain, one.transactions[0]!.hash, all)).toMatchObject({
        height: 2,
      });
      expect((await store.verifyCoverage(chain, { from: 1, to: 2 })).complete).toBe(true);
    });

    it.each([
      [
        "fewer transactions than its count",
        (data: ReturnType<typeof blockData>) => ({ ...data, transactions: data.transactions.slice(1) }),
      ],
      [
        "an index twice",
        (data: ReturnType<typeof blockData>) => ({
          ...data,
          transactions: data.transactions.map((each) => ({ ...each, index: 0 })),
        }),
      ],
      [
        "a transaction of another block",
        (data: ReturnType<typeof blockData>) => ({
          ...data,
          transactions: data.transactions.map((each) => ({ ...each, blockHash: "x" })),
        }),
      ],
    ])("rejects a batch with a height that has %s and stores none of it", async (_, corrupt) => {
      const chain = newChain();
      const batch = { chain, heights: [blockData(1, { chain }), corrupt(blockData(2, { chain }))] };
      await expect(store.write(batch)).rejects.toMatchObject({ code: "WORKER_FAILED", facts: { height: 2 } });
      expect(await store.blocksAt(chain, [1, 2])).toEqual([]);
    });

    it("stores a partial block without covering its height, and the whole block over it later", async () => {
      const chain = newChain();
      const { block, transactions } = blockData(7, { chain, transactions: () => 3 });
      const partialBlocks = [{ block, transaction: transactions[1]! }];
      expect(await store.write({ chain, heights: [], partialBlocks })).toMatchObject({
        transactions: 1,
      });
      expect(await store.indexed(chain)).toEqual([]);
      expect(await store.verifyCoverage(chain, { from: 7, to: 7 })).toMatchObject({
        complete: false,
        transactions: 1n,
        missingTransactions: [{ from: 7, to: 7 }],
      });
      expect(await store.write({ chain, heights: [], partialBlocks })).toMatchObject({
        transactions: 0,
      });
      await store.write({ chain, heights: [{ block, transactions }] });
      expect(await store.indexed(chain)).toEqual([{ from: 7, to: 7 }]);
      expect(await store.transactionsAt(chain, [{ from: 7, to: 7 }], all)).toHaveLength(3);
      expect(await store.write({ chain, heights: [], partialBlocks })).toMatchObject({
        transactions: 0,
      });
      expect(await store.indexed(chain)).toEqual([{ from: 7, to: 7 }]);
    });

    it("removes a height from the coverage when a partial block replaces its block", async () => {
      const chain = newChain();
      await store.write({ chain, heights: chainData(1, 3, { chain }) });
      const { block, transactions } = blockData(2, { chain, name: "fork", forkAt: 2 });
      const result = await store.write({
        chain,
        heights: [],
        partialBlocks: [{ block, transaction: transactions[1]! }],
      });
      // Height 3 stands on the replaced block: it is deleted.
      expect(result).toMatchObject({ transactions: 1, replaced: [2, 3] });
      expect(await store.indexed(chain)).toEqual([{ from: 1, to: 1 }]);
      expect(await hashesAt(store, chain, { from: 1, to: 3 })).toEqual(["main-1", "fork-2"]);
      expect(await store.transactionsAt(chain, [{ from: 2, to: 3 }], all)).toMatchObject([
        { height: 2, index: 1, blockHash: "fork-2" },
      ]);
      expect((await announcementsOf(store, chain)).at(-1)).toMatchObject({ heights: [{ from: 2, to: 3 }] });
    });

    it("lists an account by each role that it has in a transaction, and by no other", async () => {
      const chain = newChain();
      await store.write({ chain, heights: [blockData(3, { chain, transactions: () => 2 })] });
      const indexes = async (filter: object): Promise<number[]> => {
        const scope = { network: chain.network, chainIds: [chain.chainId] };
        const page = await store.transactions(
          { ...scope, ...filter },
          { order: "OLDEST_FIRST", limit: 9 },
          all,
        );
        return page.items.map(({ index }) => index);
      };
      expect(await indexes({ senders: { any: ["acc3"] } })).toEqual([0, 1]);
      expect(await indexes({ recipients: { any: ["acc3"] } })).toEqual([]);
      expect(await indexes({ recipients: { any: ["acc1"] } })).toEqual([1]);
      expect(await indexes({ senders: { any: ["acc1"] } })).toEqual([]);
      expect(await indexes({ accounts: { any: ["acc1"] } })).toEqual([1]);
    });

    it("counts quarantined heights and transactions separately, and updates a repeated entry", async () => {
      const chain = newChain();
      const entries = [
        { height: 3, error: "height" },
        { height: 3, index: 0, error: "first" },
        { height: 3, index: 1, error: "second" },
      ];
      await store.write({ chain, heights: [], quarantined: entries });
      await store.write({ chain, heights: [], quarantined: entries.slice(1) });
      expect((await store.chain(chain))?.quarantined).toBe(3);
      expect(await store.quarantinedHeights(chain, 0, 10)).toEqual([3]);
      expect(await store.quarantinedHeights(chain, 3, 10)).toEqual([]);
      // A height that is stored whole in the same batch keeps the entry that comes with it.
      const repeated = { height: 3, index: 1, error: "third" };
      await store.write({ chain, heights: [blockData(3, { chain })], quarantined: [repeated] });
      expect((await store.chain(chain))?.quarantined).toBe(1);
    });

    it("keeps quarantine entries until their height is stored completely", async () => {
      const chain = newChain();
      const quarantined = [
        { height: 3, error: "bad\u0000 bytes", raw: new Uint8Array([1]) },
        { height: 4, index: 1, error: "worse" },
      ];
      await store.write({ chain, heights: chainData(1, 2, { chain }), quarantined });
      expect((await store.chain(chain))?.quarantined).toBe(2);
      expect(await store.missing(chain, { from: 1, to: 4 })).toEqual([{ from: 3, to: 4 }]);
      expect(await store.quarantinedHeights(chain, 0, 10)).toEqual([3, 4]);
      expect(await store.quarantinedHeights(chain, 0, 1)).toEqual([3]);
      expect(await store.quarantinedHeights(chain, 3, 10)).toEqual([4]);
      await store.write({ chain, heights: chainData(3, 4, { chain }) });
      expect((await store.chain(chain))?.quarantined).toBe(0);
      expect(await store.quarantinedHeights(chain, 0, 10)).toEqual([]);
    });

    it("stores a batch of 300 heights completely", async () => {
      const chain = newChain();
      const heights = chainData(1, 300, { chain, transactions: (height) => height % 7 });
      await store.write({ chain, heights });
      const proof = await store.verifyCoverage(chain, { from: 1, to: 300 });
      expect(proof).toMatchObject({ complete: true, blocks: 300n });
      expect(proof.transactions).toBe(
        BigInt(heights.reduce((sum, each) => sum + each.transactions.length, 0)),
      );
    });
  });

  describe("reorganisations", () => {
    it("replaces heights with all their transactions and deletes their descendants", async () => {
      const chain = newChain();
      await store.write({ chain, heights: chainData(90, 105, { chain }) });
      const branch = { chain, name: "fork", forkAt: 96, transactions: () => 1 };
      const result = await store.write({ chain, heights: chainData(96, 100, branch) });
      expect(result.replaced).toEqual([96, 97, 98, 99, 100, 101, 102, 103, 104, 105]);
      expect(await store.indexed(chain)).toEqual([{ from: 90, to: 100 }]);
      expect((await store.chain(chain))?.head).toMatchObject({ height: 100, hash: "fork-100" });
      expect(await hashesAt(store, chain, { from: 94, to: 106 })).toEqual([
        "main-94",
        "main-95",
        ...[96, 97, 98, 99, 100].map((height) => `fork-${height}`),
      ]);
      expect(await store.transactionsAt(chain, [{ from: 96, to: 110 }], all)).toHaveLength(5);
      expect(await store.verifyCoverage(chain, { from: 90, to: 100 })).toMatchObject({
        complete: true,
        transactions: 17n,
      });
      const news = await announcementsOf(store, chain);
      expect(news.at(-1)).toMatchObject({ sequence: 2n, heights: [{ from: 96, to: 105 }] });
      const found = await store.transactions(
        {
          network: chain.network,
          chainIds: [chain.chainId],
          accounts: { any: ["acc1"] },
          heights: { gte: 96 },
        },
        { order: "NEWEST_FIRST", limit: 100 },
        all,
      );
      expect(found.items.every(({ blockHash }) => blockHash.startsWith("fork-"))).toBe(true);
    });

    it("invalidates unlinked neighbours of a new block until the fork is reached", async () => {
      const chain = newChain();
      await store.write({ chain, heights: chainData(1, 10, { chain }) });
      const fork = { chain, name: "fork", forkAt: 6 };
      const fetched: Height[] = [];
      // Like a follower: the new head first, then missing heights until none is left.
      let wanted: readonly HeightRange[] = [{ from: 11, to: 11 }];
      while (wanted.length > 0) {
        for (const { from, to } of wanted) {
          const heights = chainData(from, to, fork);
          fetched.push(...heights.map(({ block }) => block.height));
          await store.write({ chain, heights });
        }
        wanted = await store.missing(chain, { from: 1, to: 11 });
      }
      expect(fetched).toEqual([11, 10, 9, 8, 7, 6]);
      expect(await hashesAt(store, chain, { from: 5, to: 11 })).toEqual([
        "main-5",
        ...[6, 7, 8, 9, 10, 11].map((height) => `fork-${height}`),
      ]);
      expect(await store.verifyCoverage(chain, { from: 1, to: 11 })).toMatchObject({
        complete: true,
        blocks: 11n,
      });
    });

    it("keeps covered ranges linked for any order of forks", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.tuple(
              fc.integer({ min: 1, max: 12 }),
              fc.integer({ min: 0, max: 6 }),
              fc.constantFrom("a", "b", "main"),
            ),
            { maxLength: 8 },
          ),
          async (writes) => {
            const chain = newChain();
            for (const [from, length, name] of writes) {
              await store.write({
                chain,
                heights: chainData(from, from + length, { chain, name, transactions: () => 1 }),
              });
              const covered = await store.indexed(chain);
              for (const range of covered) {
                const heights = Array.from(
                  { length: range.to - range.from + 1 },
                  (_, offset) => range.from + offset,
                );
                const blocks = await store.blocksAt(chain, heights);
                expect(blocks).toHaveLength(heights.length);
                for (let i = 1; i < blocks.length; i += 1)
                  expect(blocks[i]!.parentHash).toBe(blocks[i - 1]!.hash);
              }
            }
          },
        ),
        { numRuns: 40 },
      );
    });
  });

  describe("coverage", () => {
    it("reports indexed, missing and verified heights like a plain count", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }),
          fc.nat(60),
          fc.nat(20),
          async (stored, from, length) => {
            const chain = newChain();
            const range = { from, to: from + length };
            if (stored.length > 0)
              await store.write({
                chain,
                heights: stored.map((height) => blockData(height, { chain, transactions: () => 1 })),
              });
            expect(await store.indexed(chain)).toEqual(rangesFromHeights(stored));
            expect(await store.missing(chain, range)).toEqual(
              subtractRanges(range, rangesFromHeights(stored)),
            );
            const inside = stored.filter((height) => height >= range.from && height <= range.to);
            expect(await store.verifyCoverage(chain, range)).toEqual({
              range,
              complete: inside.length === length + 1,
              blocks: BigInt(inside.length),
              transactions: BigInt(inside.length),
              missingBlocks: subtractRanges(range, rangesFromHeights(stored)),
              missingTransactions: [],
            });
          },
        ),
        { numRuns: 60 },
      );
    });

    it("limits indexed heights to the requested range", async () => {
      const chain = newChain();
      await store.write({ chain, heights: chainData(10, 20, { chain }) });
      expect(await store.indexed(chain, { from: 15 })).toEqual([{ from: 15, to: 20 }]);
      expect(await store.indexed(chain, { to: 12 })).toEqual([{ from: 10, to: 12 }]);
      expect(await store.indexed(chain, { from: 30, to: 40 })).toEqual([]);
      await store.invalidate(chain, [{ from: 12, to: 13 }]);
      expect(await store.indexed(chain)).toEqual([
        { from: 10, to: 11 },
        { from: 14, to: 20 },
      ]);
    });

    it("returns empty results for an unknown chain", async () => {
      const chain = { network: "test", chainId: "nobody" };
      expect(await store.chain(chain)).toBeNull();
      expect(await store.indexed(chain)).toEqual([]);
      expect(await store.missing(chain, { from: 0, to: 3 })).toEqual([{ from: 0, to: 3 }]);
      expect(await store.verifyCoverage(chain, { from: 0, to: 3 })).toMatchObject({
        complete: false,
        missingBlocks: [{ from: 0, to: 3 }],
      });
    });
  });

  describe("following and announcing", () => {
    it("stores the network head, and the first height to follow from", async () => {
      const chain = newChain();
      await store.saveNetworkHead(chain, { height: 10, hash: "h" });
      expect(await store.startFollowing(chain, 4)).toBe(4);
      expect(await store.startFollowing(chain, 9)).toBe(4);
      expect(await store.chain(chain)).toMatchObject({
        followFrom: 4,
        networkHead: { height: 10, hash: "h" },
      });
    });

    it("numbers announcements of concurrent writers without gaps and returns each once", async () => {
      const chain = newChain();
      const seen = new Map(await store.latestSequences());
      const writers = Array.from({ length: 20 }, (_, at) =>
        store.write({ chain, heights: chainData(at * 10, at * 10 + 9, { chain }) }),
      );
      await Promise.all(writers);
      const got: Announcement[] = [];
      for (;;) {
        const news = await store.announcements(seen, 7);
        if (news.length === 0) break;
        for (const each of news) seen.set(`${each.chain.network}/${each.chain.chainId}`, each.sequence);
        got.push(...news.filter((each) => each.chain.chainId === chain.chainId));
      }
      expect(got.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 20 }, (_, at) => BigInt(at + 1)),
      );
      const heights = got.flatMap((each) => each.heights);
      expect(totalHeights(heights)).toBe(200);
      expect(mergeRanges(heights)).toEqual([{ from: 0, to: 199 }]);
      expect(await store.indexed(chain)).toEqual([{ from: 0, to: 199 }]);
    });

    it("stores one consistent branch when concurrent writers store different blocks at the same heights", async () => {
      const chain = newChain();
      const writers = Array.from({ length: 8 }, (_, at) =>
        store.write({
          chain,
          heights: chainData(1 + (at % 4) * 5, 20, {
            chain,
            name: at % 2 === 0 ? "a" : "b",
            transactions: () => 1,
          }),
        }),
      );
      await Promise.all(writers);
      const heights = Array.from({ length: 20 }, (_, at) => at + 1);
      const blocks = await store.blocksAt(chain, heights);
      const transactions = await store.transactionsAt(chain, [{ from: 1, to: 20 }], all);
      // Each stored block has its own transaction, once.
      expect(transactions.map(({ blockHash }) => blockHash)).toEqual(blocks.map(({ hash }) => hash));
    });
  });

  it("is ready", async () => {
    await expect(store.ready()).resolves.toBeUndefined();
  });
}
