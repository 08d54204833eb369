// Compares searches on every database with the same search over plain lists.
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { matchesTransaction } from "../domain/match.js";
import type { BlockFilter, PageRequest, TransactionFilter, TransactionPosition } from "../domain/search.js";
import { anyBlockFilter, anyTransactionFilter, createSearchData } from "../testing/search-data.js";
import type { Store, StoredTransaction, TransactionColumns } from "./port.js";

const cheap: TransactionColumns = { events: false, raw: false, rawLog: false };
/** Drivers return bytes as a Buffer or a Uint8Array; both are valid. */
const plain = <T extends StoredTransaction | null>(each: T): T => {
  if (each === null) return each;
  const { raw, rawLog } = each;
  return {
    ...each,
    ...(raw !== undefined && { raw: Uint8Array.from(raw) }),
    ...(rawLog !== undefined && { rawLog: Uint8Array.from(rawLog) }),
  };
};
const everything: TransactionColumns = { events: true, raw: true, rawLog: true };

/** Defines the tests of reads over a store that is empty at first. */
export function readSuite(open: () => Promise<{ store: Store; close: () => Promise<void> }>): void {
  const data = createSearchData();
  const [chain] = data.chains;
  let store: Store;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ store, close } = await open());
    for (const batch of data.batches) await store.write(batch);
  });
  afterAll(() => close());

  const ordered = (filter: TransactionFilter, request: PageRequest<TransactionPosition>) => {
    const found = data.transactions.filter((each) => matchesTransaction(filter, each));
    return request.order === "OLDEST_FIRST" ? found : found.toReversed();
  };
  const positionOf = ({ chain, height, index }: StoredTransaction): TransactionPosition => ({
    chain,
    height,
    index,
  });
  const cheaply = (list: readonly StoredTransaction[]): StoredTransaction[] =>
    list.map(({ raw: _raw, rawLog: _rawLog, ...rest }) => ({ ...rest, events: [] }));

  it("returns the same pages of a filter as a plain list", async () => {
    const paging = fc.record({
      order: fc.constantFrom("NEWEST_FIRST" as const, "OLDEST_FIRST" as const),
      limit: fc.integer({ min: 1, max: 12 }),
      fromEnd: fc.boolean(),
      /** A row of the list to page from, or any stored row, which the list need not hold; none at first. */
      cursor: fc.option(fc.record({ ofList: fc.boolean(), at: fc.nat(10_000) }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(anyTransactionFilter, paging, async (filter, { order, limit, fromEnd, cursor }) => {
        const list = ordered(filter, { order, limit });
        const all = ordered({}, { order, limit });
        const from = cursor === undefined ? undefined : cursor.ofList && list.length > 0 ? list : all;
        const row = from?.[(cursor?.at ?? 0) % from.length];
        const page = await store.transactions(
          filter,
          {
            order,
            limit,
            fromEnd,
            ...(row !== undefined && (fromEnd ? { before: positionOf(row) } : { after: positionOf(row) })),
          },
          cheap,
        );
        const place = row === undefined ? undefined : all.indexOf(row);
        const inside = list.filter((each) => {
          if (place === undefined) return true;
          return fromEnd ? all.indexOf(each) < place : all.indexOf(each) > place;
        });
        const behind = list.length - inside.length > 0;
        const items = fromEnd ? inside.slice(-limit) : inside.slice(0, limit);
        const more = inside.length > limit;
        expect(page).toEqual({
          items: cheaply(items),
          hasNext: fromEnd ? behind : more,
          hasPrevious: fromEnd ? more : behind,
        });
      }),
      { numRuns: 600 },
    );
  });

  it.each(["NEWEST_FIRST", "OLDEST_FIRST"] as const)(
    "returns each row once over all pages forward and backward, %s",
    async (order) => {
      for (const filter of [
        {},
        { accounts: { any: ["a1", "a2", "a3"] } },
        { types: { any: ["send"] } },
        { hasErrors: true },
      ]) {
        const expected = cheaply(ordered(filter, { order, limit: 1 }));
        for (const fromEnd of [false, true]) {
          const seen: StoredTransaction[] = [];
          for (let edge: TransactionPosition | undefined; ;) {
            const cursor = edge === undefined ? {} : fromEnd ? { before: edge } : { after: edge };
            const request = { order, limit: 37, fromEnd, ...cursor };
            const page = await store.transactions(filter, request, cheap);
            if (fromEnd) seen.unshift(...page.items);
            else seen.push(...page.items);
            const last = fromEnd ? page.items[0] : page.items.at(-1);
            expect(fromEnd ? page.hasNext : page.hasPrevious).toBe(edge !== undefined);
            if (!(fromEnd ? page.hasPrevious : page.hasNext) || last === undefined) break;
            edge = positionOf(last);
          }
          expect(seen).toEqual(expected);
        }
      }
    },
  );

  it("counts the matches of a filter", async () => {
    await fc.assert(
      fc.asyncProperty(anyTransactionFilter, fc.boolean(), async (filter, exact) => {
        const value = BigInt(ordered(filter, { order: "OLDEST_FIRST", limit: 1 }).length);
        expect(await store.countTransactions(filter, exact)).toEqual({ value, exact: true });
      }),
      { numRuns: 200 },
    );
  });

  it("returns costly columns only if selected", async () => {
    const request = { order: "OLDEST_FIRST" as const, limit: 5 };
    const expected = data.transactions.slice(0, 5);
    expect((await store.transactions({}, request, everything)).items.map(plain)).toEqual(expected);
    expect((await store.transactions({}, request, cheap)).items).toEqual(cheaply(expected));
    const types = { types: { any: ["send"] } };
    const sends = ordered(types, request).slice(0, 5);
    expect((await store.transactions(types, request, everything)).items.map(plain)).toEqual(sends);
    const [first] = data.transactions;
    for (const [columns, keys] of [
      [{ ...cheap, raw: true }, ["raw"]],
      [{ ...cheap, rawLog: true }, ["rawLog"]],
    ] as const) {
      const found = await store.transactionByHash(first!.chain, first!.hash, columns);
      expect(Object.keys(found!).filter((key) => key.startsWith("raw"))).toEqual(keys);
    }
  });

  it("finds the newest transaction of a hash in upper and lower case", async () => {
    for (const one of data.transactions.slice(0, 50)) {
      const newest = data.transactions.findLast(
        ({ hash, chain }) => hash === one.hash && chain === one.chain,
      );
      for (const hash of [one.hash, one.hash.toLowerCase(), one.hash.toUpperCase()])
        expect(plain(await store.transactionByHash(one.chain, hash, everything))).toEqual(newest);
    }
    expect(await store.transactionByHash(chain!, "AB\u0000CD", cheap)).toBeNull();
    expect(await store.transactionByHash({ network: "no", chainId: "no" }, "AB", cheap)).toBeNull();
  });

  it("returns the transactions of overlapping ranges in order, each once", async () => {
    const ranges = [
      { from: 30, to: 41 },
      { from: 3, to: 9 },
      { from: 8, to: 12 },
      { from: 39, to: 40 },
    ];
    const expected = data.transactions.filter(
      (each) =>
        each.chain === chain && ranges.some(({ from, to }) => each.height >= from && each.height <= to),
    );
    expect(expected.length).toBeGreaterThan(20);
    expect((await store.transactionsAt(chain!, ranges, everything)).map(plain)).toEqual(expected);
    expect(await store.transactionsAt(chain!, [], cheap)).toEqual([]);
  });

  it("finds words in memos and accepts any text", async () => {
    const found = async (memo: string): Promise<readonly string[]> =>
      (await store.transactions({ memo }, { order: "OLDEST_FIRST", limit: 1_000 }, cheap)).items.map(
        (each) => each.memo,
      );
    const memos = data.transactions.map(({ memo }) => memo);
    expect(await found("red")).toEqual(memos.filter((memo) => /\bred\b/.test(memo)));
    expect(await found("RED or blue")).toEqual(memos.filter((memo) => /\b(red|blue)\b/.test(memo)));
    expect(await found(`"red blue"`)).toEqual(memos.filter((memo) => /\bred blue\b/.test(memo)));
    expect(await found("red -blue")).toEqual(
      memos.filter((memo) => /\bred\b/.test(memo) && !/\bblue\b/.test(memo)),
    );
    for (const junk of ["", "&&", `"`, "-", "a:*b|!(", "\u0000", "\ud800", "'", "x".repeat(100_000)])
      expect(await found(junk)).toEqual([]);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 60 }), async (memo) => {
        await found(memo);
        await store.countTransactions({ memo }, true);
      }),
      { numRuns: 200 },
    );
  });

  it("accepts any text in any filter", async () => {
    const text = fc.string({ unit: "binary", maxLength: 20 });
    const list = fc.oneof(
      fc.array(text, { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
      fc.array(text, { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
    );
    const filters = fc.record(
      { network: text, chainIds: fc.array(text, { maxLength: 2 }), epoch: text, hash: text, blockHash: text },
      { requiredKeys: [] },
    );
    const lists = fc.record(
      { types: list, accounts: list, senders: list, recipients: list },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(filters, lists, async (filter, listed) => {
        const combined = { ...filter, ...listed };
        await store.transactions(combined, { order: "NEWEST_FIRST", limit: 2 }, cheap);
        await store.countTransactions(combined, false);
      }),
      {
        numRuns: 100,
        examples: [
          [{ network: "\u0000", chainIds: ["\ud800"], epoch: "\u0000" }, {}],
          [
            { hash: "\u0000", blockHash: "{" },
            { types: { any: ["\u0000", '"'] }, accounts: { all: ["\\"] } },
          ],
        ],
      },
    );
  });

  it("searches by time on a chain whose times decrease", async () => {
    const unordered = data.unordered;
    const filter: TransactionFilter = {
      network: unordered.network,
      time: { gte: data.middle, lt: data.middle + 40_000_000_000n },
    };
    const expected = ordered(filter, { order: "OLDEST_FIRST", limit: 1 });
    expect(expected.length).toBeGreaterThan(3);
    const page = await store.transactions(filter, { order: "OLDEST_FIRST", limit: 1_000 }, cheap);
    expect(page.items).toEqual(cheaply(expected));
  });

  it("reads blocks by height and by hash", async () => {
    const own = data.blocks.filter((each) => each.chain === chain);
    const expected = own.filter(({ height }) => height === 4 || height === 20);
    expect(await store.blocksAt(chain!, [20, 4, 4, 10_000])).toEqual(expected);
    for (const block of expected)
      expect(await store.blockByHash(chain!, block.hash.toLowerCase())).toEqual(block);
    expect(await store.blockByHash(chain!, "none")).toBeNull();
    for (const unknown of [
      { network: "no", chainId: "no" },
      { network: "\u0000", chainId: "\ud800" },
    ]) {
      expect(await store.blocksAt(unknown, [1])).toEqual([]);
      expect(await store.blockByHash(unknown, "x")).toBeNull();
    }
  });

  it("returns the same pages and counts of blocks as a plain list", async () => {
    const within = ({ chain, heights, time, epoch, hasTransactions }: BlockFilter) =>
      data.blocks.filter(
        (block) =>
          block.chain === chain &&
          (hasTransactions === undefined || block.transactionCount > 0 === hasTransactions) &&
          matchesTransaction(
            {
              ...(heights !== undefined && { heights }),
              ...(time !== undefined && { time }),
              ...(epoch !== undefined && { epoch }),
            },
            { ...data.transactions[0]!, ...block, epoch: block.epoch ?? "none" },
          ),
      );
    await fc.assert(
      fc.asyncProperty(
        anyBlockFilter,
        fc.constantFrom("NEWEST_FIRST" as const, "OLDEST_FIRST" as const),
        fc.boolean(),
        fc.option(fc.nat(80), { nil: undefined }),
        async (filter, order, fromEnd, height) => {
          const limit = 7;
          const found = within(filter);
          const list = order === "OLDEST_FIRST" ? found : found.toReversed();
          const way = (order === "OLDEST_FIRST" ? 1 : -1) * (fromEnd ? -1 : 1);
          const inside = list.filter((block) => height === undefined || way * (block.height - height) > 0);
          const cursor = height === undefined ? {} : fromEnd ? { before: { height } } : { after: { height } };
          const behind = inside.length < list.length;
          expect(await store.blocks(filter, { order, limit, fromEnd, ...cursor })).toEqual({
            items: fromEnd ? inside.slice(-limit) : inside.slice(0, limit),
            hasNext: fromEnd ? behind : inside.length > limit,
            hasPrevious: fromEnd ? inside.length > limit : behind,
          });
          expect(await store.countBlocks(filter, true)).toEqual({ value: BigInt(list.length), exact: true });
          expect(await store.countBlocks(filter, false)).toEqual({ value: BigInt(list.length), exact: true });
        },
      ),
      { numRuns: 150 },
    );
  });
}
