// Larger than 300 lines: one suite, so that one database serves all of it. Rules of the write path that only single rows, forks
// and odd batches show, on every database.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import type { BlockData } from "../domain/transaction.js";
import { createMetrics } from "../lib/metrics.js";
import { silentLogger } from "../lib/logger.js";
import { blockData, chainData } from "../testing/chain-data.js";
import { storeOver } from "./create-store.js";
import type { Store } from "./port.js";
import type { Database } from "./sql.js";

const columns = { events: true, raw: true, rawLog: true };
const metrics = createMetrics({ processMetrics: false });

/** Defines the tests over a database that the suite migrates and closes. */
export function writeRulesSuite(open: () => Promise<Database>): void {
  let database: Database;
  let store: Store;
  let chains = 0;
  beforeAll(async () => {
    database = await open();
    metrics.clear();
    store = await storeOver(database, { migrate: true, logger: silentLogger(), metrics });
  });
  afterAll(() => store.close());

  const newChain = (network = "rules"): ChainRef => {
    chains += 1;
    return { network, chainId: `rules-${chains}` };
  };
  /** The block of a height whose time, and that of its transactions, is `time`. */
  const timed = (chain: ChainRef, height: Height, time: bigint): BlockData => {
    const { block, transactions } = blockData(height, { chain, transactions: () => 1 });
    return { block: { ...block, time }, transactions: transactions.map((each) => ({ ...each, time })) };
  };
  const heightsSince = async (chain: ChainRef, gte: bigint): Promise<readonly Height[]> => {
    const filter = { network: chain.network, chainIds: [chain.chainId], time: { gte } };
    const page = await store.transactions(filter, { order: "OLDEST_FIRST", limit: 100 }, columns);
    return page.items.map(({ height }) => height);
  };

  describe("links", () => {
    it("covers no height of a batch that does not link to its neighbour in the same batch", async () => {
      const chain = newChain();
      const heights = [blockData(1, { chain }), blockData(2, { chain, name: "fork" })];
      expect(await store.write({ chain, heights })).toMatchObject({ blocks: 2, unlinked: [1, 2] });
      expect(await store.indexed(chain)).toEqual([]);
      await store.write({ chain, heights: chainData(5, 6, { chain }) });
      expect(await store.write({ chain, heights })).toMatchObject({ blocks: 0, unlinked: [1, 2] });
      expect(await store.indexed(chain)).toEqual([{ from: 5, to: 6 }]);
    });

    it("invalidates the unlinked neighbour of a block that is stored again unchanged", async () => {
      const chain = newChain();
      await store.write({ chain, heights: chainData(1, 10, { chain }) });
      await store.write({ chain, heights: [blockData(11, { chain, name: "fork" })] });
      expect(await store.indexed(chain)).toEqual([
        { from: 1, to: 9 },
        { from: 11, to: 11 },
      ]);
      const repeated = await store.write({ chain, heights: [blockData(10, { chain })] });
      expect(repeated).toMatchObject({ blocks: 0, unlinked: [11] });
      expect(await store.indexed(chain)).toEqual([{ from: 1, to: 10 }]);
    });

    it("links a block without a parent hash to any neighbour", async () => {
      const chain = newChain();
      const heights = chainData(1, 3, { chain }).map(({ block, transactions }) => {
        const { parentHash: _parentHash, ...rest } = block;
        return { block: rest, transactions };
      });
      expect(await store.write({ chain, heights: [heights[1]!] })).toMatchObject({ unlinked: [] });
      expect(await store.write({ chain, heights: [heights[0]!, heights[2]!] })).toMatchObject({
        unlinked: [],
      });
      expect(await store.indexed(chain)).toEqual([{ from: 1, to: 3 }]);
    });

    it("deletes only descendants of a replaced block and keeps blocks of the new branch", async () => {
      const chain = newChain();
      const fork = { chain, name: "fork", forkAt: 2 };
      await store.write({ chain, heights: [...chainData(1, 2, { chain }), ...chainData(3, 5, fork)] });
      const result = await store.write({ chain, heights: [blockData(2, fork)] });
      expect(result).toMatchObject({ replaced: [2], unlinked: [] });
      expect((await store.blocksAt(chain, [1, 2, 3, 4, 5])).map(({ hash }) => hash)).toEqual([
        "main-1",
        "fork-2",
        "fork-3",
        "fork-4",
        "fork-5",
      ]);
    });

    it("stops the deletion of descendants where another branch begins", async () => {
      const chain = newChain();
      const other = { chain, name: "other" };
      await store.write({ chain, heights: [...chainData(1, 3, { chain }), ...chainData(4, 5, other)] });
      const result = await store.write({
        chain,
        heights: [blockData(2, { chain, name: "fork", forkAt: 2 })],
      });
      expect(result.replaced).toEqual([2, 3]);
      expect((await store.blocksAt(chain, [3, 4, 5])).map(({ hash }) => hash)).toEqual([
        "other-4",
        "other-5",
      ]);
    });

    it("keeps each chain's heights apart from the same heights of other chains", async () => {
      const [one, two] = [newChain(), newChain()];
      await store.write({ chain: one, heights: chainData(1, 3, { chain: one }) });
      await store.write({ chain: two, heights: chainData(2, 4, { chain: two, name: "two" }) });
      const fork = { chain: two, name: "fork", forkAt: 2 };
      expect(await store.write({ chain: two, heights: [blockData(2, fork)] })).toMatchObject({
        replaced: [2, 3, 4],
        unlinked: [],
      });
      expect((await store.blocksAt(one, [1, 2, 3])).map(({ hash }) => hash)).toEqual([
        "main-1",
        "main-2",
        "main-3",
      ]);
      expect(await store.transactionsAt(one, [{ from: 1, to: 3 }], columns)).toHaveLength(6);
      expect(await store.indexed(one)).toEqual([{ from: 1, to: 3 }]);
    });
  });

  describe("results", () => {
    it("sorts replaced and unlinked heights and counts each transaction, whatever the order of the batch", async () => {
      const chain = newChain();
      await store.write({ chain, heights: chainData(1, 12, { chain }) });
      const fork = { chain, name: "fork", forkAt: 3 };
      const partialBlocks = [8, 2].map((height) => {
        const { block, transactions } = blockData(height, { ...fork, forkAt: height });
        return { block, transaction: transactions[0]! };
      });
      const result = await store.write({
        chain,
        heights: chainData(4, 5, fork).reverse(),
        partialBlocks,
      });
      expect(result).toEqual({
        blocks: 2,
        transactions: 6,
        replaced: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        unlinked: [],
      });
      expect(await store.indexed(chain)).toEqual([
        { from: 1, to: 1 },
        { from: 4, to: 5 },
      ]);
    });

    it("stores and counts each transaction of a partial block once, and no other", async () => {
      const chain = newChain();
      const { block, transactions } = blockData(3, { chain, transactions: () => 4 });
      const partialBlocks = [transactions[2]!, transactions[0]!].map((transaction) => ({
        block,
        transaction,
      }));
      expect(await store.write({ chain, heights: [], partialBlocks })).toMatchObject({ transactions: 2 });
      const more = [...partialBlocks, { block, transaction: transactions[3]! }];
      expect(await store.write({ chain, heights: [], partialBlocks: more })).toMatchObject({
        transactions: 1,
      });
      const stored = await store.transactionsAt(chain, [{ from: 3, to: 3 }], columns);
      expect(stored.map(({ index }) => index)).toEqual([0, 2, 3]);
      expect(await store.indexed(chain)).toEqual([]);
    });

    it("stores a changed field of a block under the same hash", async () => {
      const chain = newChain();
      const { block, transactions } = blockData(1, { chain });
      await store.write({ chain, heights: [{ block, transactions }] });
      const changed = { ...block, proposer: "validator" };
      expect(await store.write({ chain, heights: [{ block: changed, transactions }] })).toMatchObject({
        blocks: 1,
        replaced: [],
      });
      expect(await store.blocksAt(chain, [1])).toEqual([changed]);
      const memos = transactions.map((each) => ({ ...each, memo: "changed" }));
      await store.write({ chain, heights: [{ block: changed, transactions: memos }] });
      const stored = await store.transactionsAt(chain, [{ from: 1, to: 1 }], columns);
      expect(stored.map(({ memo }) => memo)).toEqual(["changed", "changed"]);
      const again = await store.write({ chain, heights: [{ block: changed, transactions: memos }] });
      expect(again.blocks).toBe(0);
    });

    it("deletes the transactions of a replaced block if the new block has none", async () => {
      const chain = newChain();
      await store.write({ chain, heights: [blockData(1, { chain })] });
      const empty = blockData(1, { chain, name: "fork", transactions: () => 0 });
      expect(await store.write({ chain, heights: [empty] })).toMatchObject({
        replaced: [1],
        transactions: 0,
      });
      expect(await store.transactionsAt(chain, [{ from: 1, to: 1 }], columns)).toEqual([]);
      for (const filter of [{ types: { any: ["send"] } }, { accounts: { any: ["acc0", "acc1"] } }]) {
        const scope = { network: chain.network, chainIds: [chain.chainId] };
        expect(await store.countTransactions({ ...scope, ...filter }, true)).toMatchObject({ value: 0n });
      }
    });

    it("counts the removed characters of whole heights and of partial blocks in the metric", async () => {
      const chain = newChain();
      const counted = async (): Promise<number> =>
        (await metrics.getSingleMetric("indexer_store_removed_characters_total")!.get()).values[0]?.value ??
        0;
      const before = await counted();
      const { block, transactions } = blockData(1, { chain, transactions: () => 1 });
      const memo = "\u0000a\u0000";
      await store.write({ chain, heights: [{ block, transactions: [{ ...transactions[0]!, memo }] }] });
      expect((await counted()) - before).toBe(2);
      const next = blockData(2, { chain });
      const transaction = { ...next.transactions[0]!, memo: "b\ud800" };
      await store.write({ chain, heights: [], partialBlocks: [{ block: next.block, transaction }] });
      expect((await counted()) - before).toBe(3);
    });
  });

  describe("order of times", () => {
    it.each([
      [
        "below the nearest lower block",
        [
          [1, 10n],
          [2, 30n],
        ],
        [[3, 20n]],
        15n,
        [2, 3],
      ],
      [
        "above the nearest higher block",
        [
          [3, 15n],
          [4, 40n],
        ],
        [[2, 20n]],
        12n,
        [2, 3, 4],
      ],
      [
        "equal to its neighbour",
        [
          [1, 10n],
          [2, 20n],
        ],
        [[3, 20n]],
        15n,
        [2, 3],
      ],
    ] as const)(
      "finds every transaction by time after a block with a time %s",
      async (_, first, second, gte, found) => {
        const chain = newChain();
        for (const batch of [first, second])
          await store.write({ chain, heights: batch.map(([height, time]) => timed(chain, height, time)) });
        expect(await heightsSince(chain, gte)).toEqual(found);
      },
    );

    it.each(["whole", "partial"] as const)(
      "finds a transaction of a %s block by its own time, which is later than its block's",
      async (kind) => {
        const chain = newChain();
        const { block, transactions } = timed(chain, 1, 10n);
        const transaction = { ...transactions[0]!, time: 1_000n };
        await store.write(
          kind === "whole"
            ? { chain, heights: [{ block, transactions: [transaction] }] }
            : { chain, heights: [], partialBlocks: [{ block, transaction }] },
        );
        expect(await heightsSince(chain, 500n)).toEqual([1]);
      },
    );
  });

  describe("quarantine", () => {
    const entries = async (chain: ChainRef): Promise<readonly unknown[]> =>
      database.query({
        text: `select q.height::int4 as height, q."index", q.error, encode(q.raw, 'hex') as raw from quarantine q
               join chain c on c.id = q.chain_id where c.chain_id = $1 order by q.height, q."index"`,
        values: [chain.chainId],
      });

    it("stores each entry with its error and bytes, and replaces both when the entry is repeated", async () => {
      const chain = newChain();
      const first = { height: 3, index: 1, error: "first\u0000", raw: new Uint8Array([1, 255]) };
      await store.write({ chain, heights: [], quarantined: [first, { height: 2, error: "height" }] });
      expect(await entries(chain)).toEqual([
        { height: 2, index: -1, error: "height", raw: null },
        { height: 3, index: 1, error: "first", raw: "01ff" },
      ]);
      const repeated = [
        { height: 3, index: 1, error: "second" },
        { height: 3, index: 1, error: "third", raw: new Uint8Array([7]) },
      ];
      await store.write({ chain, heights: [], quarantined: repeated });
      expect((await entries(chain)).slice(1)).toEqual([{ height: 3, index: 1, error: "third", raw: "07" }]);
      await store.write({ chain, heights: [], quarantined: repeated.slice(0, 1) });
      expect((await entries(chain)).slice(1)).toEqual([{ height: 3, index: 1, error: "second", raw: null }]);
    });

    it("keeps the entries of each chain apart", async () => {
      const [one, two] = [newChain(), newChain()];
      for (const [chain, height] of [
        [one, 3],
        [two, 4],
      ] as const)
        await store.write({ chain, heights: [], quarantined: [{ height, error: "bad" }] });
      expect(await store.quarantinedHeights(one, 0, 10)).toEqual([3]);
      expect((await store.chain(one))?.quarantined).toBe(1);
      await store.write({ chain: two, heights: [blockData(3, { chain: two })] });
      expect(await store.quarantinedHeights(one, 0, 10)).toEqual([3]);
    });
  });

  describe("announcements", () => {
    const nameOf = ({ network, chainId }: ChainRef): string => `${network}/${chainId}`;

    it("returns at most the limit over all chains, oldest first, each after its own sequence", async () => {
      const seen = new Map(await store.latestSequences());
      const [one, two] = [newChain(), newChain()];
      for (const chain of [one, two])
        for (const height of [1, 2, 3]) await store.write({ chain, heights: [blockData(height, { chain })] });
      const first = await store.announcements(seen, 4);
      expect(first.map(({ chain, sequence }) => [chain.chainId, sequence])).toEqual([
        [one.chainId, 1n],
        [one.chainId, 2n],
        [one.chainId, 3n],
        [two.chainId, 1n],
      ]);
      expect(await store.announcements(seen, 2)).toEqual(first.slice(0, 2));
      const later = new Map([...seen, [nameOf(one), 3n], [nameOf(two), 2n]]);
      expect(await store.announcements(later, 10)).toEqual([
        { chain: two, sequence: 3n, heights: [{ from: 3, to: 3 }] },
      ]);
      expect((await store.latestSequences()).get(nameOf(two))).toBe(3n);
    });

    it("deletes announcements older than the limit in seconds and keeps younger ones", async () => {
      const chain = newChain();
      for (const height of [1, 2, 3]) await store.write({ chain, heights: [blockData(height, { chain })] });
      for (const [sequence, age] of [
        [1, "90 seconds"],
        [2, "30 seconds"],
      ] as const)
        await database.query({
          text: `update outbox set created_at = clock_timestamp() - $3::interval
                 where sequence = $2 and chain_id = (select id from chain where chain_id = $1)`,
          values: [chain.chainId, sequence, age],
        });
      await store.trimAnnouncements(60);
      const own = (await store.announcements(new Map(), 10_000)).filter(
        (each) => each.chain.chainId === chain.chainId,
      );
      expect(own.map(({ sequence }) => sequence)).toEqual([2n, 3n]);
      await store.write({ chain, heights: [blockData(4, { chain })] });
      expect((await store.latestSequences()).get(nameOf(chain))).toBe(4n);
    });
  });

  describe("chains", () => {
    it("lists the chains of a network by chain id, each with its own state", async () => {
      const [one, two] = ["b", "a"].map((chainId) => ({ network: "listed", chainId }));
      await store.write({ chain: one!, heights: chainData(5, 8, { chain: one! }) });
      await store.write({ chain: two!, heights: [], quarantined: [{ height: 1, error: "bad" }] });
      const records = await store.chains("listed");
      expect(records).toEqual([
        { chain: two, quarantined: 1 },
        { chain: one, quarantined: 0, firstHeight: 5, head: blockData(8, { chain: one! }).block },
      ]);
      const all = (await store.chains()).map(({ chain }) => nameWithZero(chain));
      expect(all).toEqual([...all].sort());
      expect(all).toContain(nameWithZero(newestOf(chains)));
    });

    it("stores the network head with the time of its observation, and drops the hash of an earlier one", async () => {
      const chain = newChain();
      const before = BigInt(Date.now()) * 1_000_000n;
      await store.saveNetworkHead(chain, { height: 9, hash: "h" });
      const head = (await store.chain(chain))?.networkHead;
      expect(head).toMatchObject({ height: 9, hash: "h" });
      expect(head!.observedAt >= before).toBe(true);
      expect(head!.observedAt <= BigInt(Date.now()) * 1_000_000n).toBe(true);
      await store.saveNetworkHead(chain, { height: 10 });
      const next = (await store.chain(chain))?.networkHead;
      expect(next).toEqual({ height: 10, observedAt: next!.observedAt });
    });

    it.each([
      { network: "n\u0000", chainId: "c" },
      { network: "n", chainId: "c\ud800" },
    ])("rejects a chain whose name PostgreSQL cannot store", async (chain) => {
      await expect(store.saveNetworkHead(chain, { height: 1 })).rejects.toMatchObject({
        code: "BAD_USER_INPUT",
      });
    });
  });

  it("reports the whole range as missing for a chain without any stored height", async () => {
    const chain = newChain();
    await store.saveNetworkHead(chain, { height: 9 });
    expect(await store.missing(chain, { from: 2, to: 5 })).toEqual([{ from: 2, to: 5 }]);
    expect(await store.indexed(chain)).toEqual([]);
  });

  it.each(["OLDEST_FIRST", "NEWEST_FIRST"] as const)("excludes both cursors of a page, %s", async (order) => {
    const chain = newChain();
    await store.write({ chain, heights: chainData(1, 6, { chain, transactions: () => 1 }) });
    const [after, before] = order === "OLDEST_FIRST" ? [2, 5] : [5, 2];
    const expected = order === "OLDEST_FIRST" ? [3, 4] : [4, 3];
    for (const fromEnd of [false, true]) {
      const page = { order, limit: 10, fromEnd };
      const blocks = await store.blocks(
        { chain },
        { ...page, after: { height: after }, before: { height: before } },
      );
      expect(blocks).toMatchObject({ hasNext: true, hasPrevious: true });
      expect(blocks.items.map(({ height }) => height)).toEqual(expected);
      const positionAt = (height: Height) => ({ chain, height, index: 0 });
      const transactions = await store.transactions(
        { network: chain.network, chainIds: [chain.chainId] },
        { ...page, after: positionAt(after), before: positionAt(before) },
        columns,
      );
      expect(transactions).toMatchObject({ hasNext: true, hasPrevious: true });
      expect(transactions.items.map(({ height }) => height)).toEqual(expected);
    }
  });

  it("finds nothing on a chain id that equals a stored one only without its NUL character", async () => {
    const chain = newChain();
    await store.write({ chain, heights: [blockData(1, { chain })] });
    const page = { order: "OLDEST_FIRST", limit: 10 } as const;
    for (const [chainId, found] of [
      [chain.chainId, 2],
      [`${chain.chainId}\u0000`, 0],
    ] as const)
      expect((await store.transactions({ chainIds: [chainId] }, page, columns)).items).toHaveLength(found);
  });

  it("limits indexed heights to a range of one height and to none", async () => {
    const chain = newChain();
    await store.write({ chain, heights: chainData(10, 20, { chain }) });
    expect(await store.indexed(chain, { from: 12, to: 12 })).toEqual([{ from: 12, to: 12 }]);
    expect(await store.indexed(chain, { from: 20, to: 25 })).toEqual([{ from: 20, to: 20 }]);
    expect(await store.indexed(chain, { from: 13, to: 12 })).toEqual([]);
  });

  const newestOf = (number: number): ChainRef => ({ network: "rules", chainId: `rules-${number}` });
  /** Sorts like (network, chain id): NUL is below every other character. */
  const nameWithZero = ({ network, chainId }: ChainRef): string => `${network}\u0000${chainId}`;
}
