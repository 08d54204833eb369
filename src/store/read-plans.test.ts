// Checks with EXPLAIN ANALYZE that searches read index ranges only, however much is stored.
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PageRequest, TransactionFilter, TransactionPosition } from "../domain/search.js";
import { PrismaClient } from "../generated/prisma/client.js";
import { createCountingChain } from "../testing/counting-chain.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../testing/postgres.js";
import { createChainIds } from "./chain-ids.js";
import { createStore } from "./create-store.js";
import { openDatabase } from "./open-database.js";
import type { Store } from "./port.js";
import { createBlockReads } from "./read-blocks.js";
import { createTransactionReads } from "./read-transactions.js";
import type { Database, Statement } from "./sql.js";

const logger = pino({ level: "silent" });
const columns = { events: false, raw: false, rawLog: false };
const chains = [
  { network: "counting", chainId: "counting-1" },
  { network: "counting", chainId: "counting-2" },
] as const;
const [busy, quiet] = chains;
const limit = 50;
const heights = 5_000;
const perHeight = 10;

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Rows that a plan read from tables, and the tables that it scanned completely. */
interface Reading {
  readonly rows: number;
  readonly scanned: readonly string[];
  readonly sorted: number;
}

function readingOf(node: PlanNode): Reading {
  const inner = (node.Plans ?? []).map(readingOf);
  const relation = node["Relation Name"];
  const rows = (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"];
  const kind = node["Node Type"];
  // The table of chains is a page or two.
  const whole = kind.endsWith("Seq Scan") && relation !== undefined && relation !== "chain" ? [relation] : [];
  const input = (node.Plans ?? []).reduce((sum, each) => sum + each["Actual Rows"] * each["Actual Loops"], 0);
  return {
    rows: inner.reduce(
      (sum, each) => sum + each.rows,
      relation === undefined || relation === "chain" ? 0 : rows,
    ),
    scanned: [...whole, ...inner.flatMap((each) => each.scanned)],
    sorted: Math.max(kind.endsWith("Sort") ? input : 0, ...inner.map((each) => each.sorted)),
  };
}

describe.skipIf(!hasPostgres)("the plans of searches over 75,000 transactions", () => {
  let test: TestDatabase;
  let store: Store;
  let database: Database;
  let prisma: PrismaClient;
  let reads: ReturnType<typeof createBlockReads> & ReturnType<typeof createTransactionReads>;
  let readings: Reading[] = [];

  beforeAll(async () => {
    test = await createDatabase();
    store = await createStore({ databaseUrl: test.url, migrate: true, logger });
    for (const chain of chains) await fill(store, chain);
    database = await openDatabase({ databaseUrl: test.url, logger });
    prisma = new PrismaClient({ adapter: database.prismaAdapter });
    const explaining: Database = {
      ...database,
      query: async (statement: Statement) => {
        const [row] = await database.query<{ "QUERY PLAN": readonly [{ Plan: PlanNode }] }>({
          text: `explain (analyze, format json) ${statement.text}`,
          ...(statement.values !== undefined && { values: statement.values }),
        });
        readings.push(readingOf(row!["QUERY PLAN"][0].Plan));
        return database.query(statement);
      },
    };
    const deps = { database: explaining, chainIds: createChainIds(prisma) };
    reads = { ...createBlockReads(deps), ...createTransactionReads(deps) };
  }, 120_000);
  afterAll(async () => {
    await prisma?.$disconnect();
    await database?.close();
    await store?.close();
    await test?.drop();
  });

  const measured = async (work: () => Promise<unknown>): Promise<Reading> => {
    readings = [];
    await work();
    expect(readings).toHaveLength(1);
    return readings[0]!;
  };
  const page = (filter: TransactionFilter, request: Partial<PageRequest<TransactionPosition>> = {}) =>
    reads.transactions(filter, { order: "NEWEST_FIRST", limit, ...request }, columns);
  const one = { network: busy.network, chainIds: [busy.chainId] };

  it.each<[name: string, filter: TransactionFilter]>([
    ["newest of all chains", {}],
    ["newest of one chain", one],
    ["of a type", { types: { any: ["even"] } }],
    ["of a rare type", { types: { any: ["rare"] } }],
    ["of several types", { types: { any: ["even", "odd", "rare"] } }],
    ["of the busiest account", { accounts: { any: ["everyone"] } }],
    ["of an account that sent", { senders: { any: ["sender-3"] } }],
    ["of several accounts", { accounts: { any: ["everyone", "sender-1", "sender-2"] } }],
    ["of an account and a type", { accounts: { any: ["everyone"] }, types: { any: ["even"] } }],
    ["of an account and a rare type", { accounts: { any: ["everyone"] }, types: { any: ["rare"] } }],
    ["of two accounts at once", { accounts: { all: ["everyone", "sender-3"] } }],
    ["that failed", { ...one, hasErrors: true }],
    ["of a time", { time: { gte: 12_000_000_000_000n, lt: 12_600_000_000_000n } }],
    ["of an account in a time", { accounts: { any: ["everyone"] }, time: { lt: 12_000_000_000_000n } }],
    ["of heights", { heights: { gte: 1_000, lt: 3_000 } }],
    ["of a hash", { hash: "tx-2500-3" }],
    ["of a block", { blockHash: "block-2500" }],
    ["of a rare word", { memo: "rarely" }],
  ])("%s: reads an index range on the first page and on a deep one", async (_name, filter) => {
    const first = await measured(() => page(filter));
    const { items } = await page({ ...filter, heights: { lte: heights / 2 } }, { limit: 1 });
    const last = items[0]!;
    const far = await measured(() => page(filter, { after: last }));
    for (const { rows, scanned, sorted } of [first, far]) {
      expect(scanned).toEqual([]);
      // A small multiple of chains times values times rows, far below the 75,000 stored transactions.
      expect(rows).toBeLessThan(2_500);
      expect(sorted).toBeLessThan(1_000);
    }
  });

  it("by hash, by height and by block", async () => {
    const reading = [
      await measured(() => reads.transactionByHash(busy, "tx-100-2", columns)),
      await measured(() =>
        reads.transactionsAt(
          busy,
          [
            { from: 7, to: 9 },
            { from: 500, to: 501 },
          ],
          columns,
        ),
      ),
      await measured(() => reads.blockByHash(busy, "block-77")),
      await measured(() => reads.blocksAt(busy, [1, 500, 2_000])),
      await measured(() => reads.blocks({ chain: quiet }, { order: "NEWEST_FIRST", limit })),
      await measured(() =>
        reads.blocks({ chain: busy, time: { lt: 600_000_000_000n } }, { order: "NEWEST_FIRST", limit }),
      ),
    ];
    for (const { rows, scanned } of reading) {
      expect(scanned).toEqual([]);
      expect(rows).toBeLessThanOrEqual(3 * limit);
    }
  });

  it("estimates expensive counts within a tenth", async () => {
    const exact = await store.countTransactions({}, true);
    expect(exact).toEqual({ value: BigInt(heights * perHeight * 1.5), exact: true });
    const near = await store.countTransactions({ hasErrors: false }, false);
    const wanted = await store.countTransactions({ hasErrors: false }, true);
    expect(Math.abs(Number(near.value - wanted.value))).toBeLessThan(Number(wanted.value) / 10);
  });
});

async function fill(store: Store, chain: (typeof chains)[number]): Promise<void> {
  const count = chain === busy ? perHeight : perHeight / 2;
  const source = createCountingChain({ chain, transactions: () => count });
  const transactionAt = (height: number, index: number) => {
    const number = height * perHeight + index;
    const type = number % 1_000 === 7 ? "rare" : number % 2 === 0 ? "even" : "odd";
    const sub = {
      type: [type],
      sender: [{ account: { id: `sender-${number % 200}` }, amounts: [] }],
      recipient: [{ account: { id: "everyone" }, amounts: [] }],
    };
    return {
      ...source.transaction(height, index),
      memo: number % 2_000 === 9 ? "seen rarely" : "often",
      hasErrors: number % 500 === 1,
      events: [{ id: "0", kind: "message", sub: [sub] }],
    };
  };
  for (let from = 0; from < heights; from += 500) {
    const batch = Array.from({ length: 500 }, (_none, at) => ({
      block: source.block(from + at),
      transactions: Array.from({ length: count }, (_each, index) => transactionAt(from + at, index)),
    }));
    await store.write({ chain, heights: batch });
  }
}
