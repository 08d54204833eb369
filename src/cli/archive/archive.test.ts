// Archives: any height survives both formats, damaged files are named, and imports into both databases are idempotent.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BlockData } from "../../domain/transaction.js";
import { silentLogger } from "../../lib/logger.js";
import { createStore } from "../../store/create-store.js";
import type { Store } from "../../store/port.js";
import { anyBlock, anyTransaction } from "../../testing/arbitraries.js";
import { chainData, testChain } from "../../testing/chain-data.js";
import { collect } from "../../testing/collect.js";
import { createDatabase, hasPostgres, type TestDatabase } from "../../testing/postgres.js";
import { importHeights } from "./import-heights.js";
import { readNdjsonArchive, writeNdjsonArchive, type ArchiveWriter } from "./ndjson-archive.js";
import { isParquetArchive, readParquetArchive, writeParquetArchive } from "./parquet-archive.js";
import { readStoredHeights } from "./stored-heights.js";

const folder = mkdtempSync(join(tmpdir(), "indexer-archive-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let paths = 0;
const newPath = (): string => join(folder, String((paths += 1)));

async function writeAll(writer: ArchiveWriter, heights: Iterable<BlockData>): Promise<void> {
  for (const data of heights) await writer.write(data);
  await writer.finish();
}

const formats = [
  ["NDJSON", writeNdjsonArchive, readNdjsonArchive],
  ["Parquet", writeParquetArchive, readParquetArchive],
] as const;

/** Whole heights in ascending order with any content. */
const anyHeights = fc
  .array(fc.tuple(anyBlock, fc.array(anyTransaction, { maxLength: 3 })), { minLength: 1, maxLength: 5 })
  .map((list) =>
    list.map(([plain, transactions], at): BlockData => {
      const block = { ...plain, height: at * 7, transactionCount: transactions.length };
      return {
        block,
        transactions: transactions.map((each, index) => ({
          ...each,
          index,
          height: block.height,
          blockHash: block.hash,
        })),
      };
    }),
  );

describe.each(formats)("an archive as %s", (_name, write, read) => {
  it("returns any heights unchanged", async () => {
    await fc.assert(
      fc.asyncProperty(anyHeights, async (heights) => {
        const path = newPath();
        await writeAll(write(path), heights);
        expect(await collect(read(path))).toEqual(heights);
      }),
      { numRuns: 100 },
    );
  });

  it("returns 3,000 heights over several row groups and chunks", async () => {
    const heights = chainData(0, 2_999, { transactions: (height) => height % 9 });
    const path = newPath();
    await writeAll(write(path), heights);
    let count = 0;
    for await (const data of read(path)) {
      expect(data).toEqual(heights[count]);
      count += 1;
    }
    expect(count).toBe(3_000);
  });
});

describe("a damaged archive", () => {
  it("names the line that is cut off or wrong, and returns the heights before it", async () => {
    const path = newPath();
    await writeAll(writeNdjsonArchive(path), chainData(1, 3));
    truncateSync(path, readFileSync(path).length - 10);
    const read: number[] = [];
    const reading = (async () => {
      for await (const { block } of readNdjsonArchive(path)) read.push(block.height);
    })();
    await expect(reading).rejects.toThrow(/^line 3 is not JSON/);
    expect(read).toEqual([1, 2]);
    writeFileSync(path, '{"chain":{"network":"n","chainId":"c"},"block":{"height":-1},"transactions":[]}\n');
    await expect(collect(readNdjsonArchive(path))).rejects.toThrow(/^line 1: 'block\.height' is wrong/);
    await expect(collect(readNdjsonArchive(newPath()))).rejects.toThrow(/ENOENT/);
  });

  it("names files that are cut off or do not belong together", async () => {
    const [one, two] = [newPath(), newPath()];
    await writeAll(writeParquetArchive(one), chainData(1, 3));
    await writeAll(writeParquetArchive(two), chainData(1, 2));
    expect(isParquetArchive(one)).toBe(true);
    expect(isParquetArchive(folder)).toBe(false);
    writeFileSync(join(one, "transactions.parquet"), readFileSync(join(two, "transactions.parquet")));
    await expect(collect(readParquetArchive(one))).rejects.toThrow(
      /does not have the 2 transactions of height 3/,
    );
    truncateSync(join(two, "blocks.parquet"), 100);
    await expect(collect(readParquetArchive(two))).rejects.toThrow(/not a complete Parquet file/);
  });
});

const databases: readonly (readonly [string, boolean])[] = [
  ["the embedded database", true],
  ["PostgreSQL", hasPostgres],
];
describe.each(databases.filter(([, available]) => available))("import into %s", (name) => {
  let store: Store;
  let database: TestDatabase | undefined;
  beforeAll(async () => {
    const logger = silentLogger();
    if (name === "PostgreSQL") database = await createDatabase();
    store = await createStore({ logger, migrate: true, ...(database && { databaseUrl: database.url }) });
  });
  afterAll(async () => {
    await store.close();
    await database?.drop();
  });

  it("stores what was exported, changes nothing the second time, and exports the same again", async () => {
    const heights = chainData(10, 1_500, { transactions: (height) => (height === 700 ? 900 : height % 4) });
    const path = newPath();
    await writeAll(writeNdjsonArchive(path), heights);
    const options = { store, overwrite: false, onProgress: () => {} };
    const transactions = heights.reduce((sum, data) => sum + data.transactions.length, 0);
    expect(await importHeights(readNdjsonArchive(path), options)).toEqual({
      heights: 1_491,
      stored: 1_491,
      transactions,
      skipped: 0,
    });
    const sequences = await store.latestSequences();
    const unchanged = { heights: 1_491, stored: 0, transactions: 0 };
    expect(await importHeights(readNdjsonArchive(path), options)).toEqual({ ...unchanged, skipped: 1_491 });
    expect(await importHeights(readNdjsonArchive(path), { ...options, overwrite: true })).toEqual({
      ...unchanged,
      skipped: 0,
    });
    expect(await store.latestSequences()).toEqual(sequences);
    const again = newPath();
    const ranges = await store.indexed(testChain);
    expect(ranges).toEqual([{ from: 10, to: 1_500 }]);
    await writeAll(writeNdjsonArchive(again), await collect(readStoredHeights(store, testChain, ranges)));
    expect(readLines(again)).toEqual(readLines(path));
    const coverage = await store.verifyCoverage(testChain, { from: 10, to: 1_500 });
    expect(coverage).toMatchObject({ complete: true, transactions: BigInt(transactions) });
  });
});

/** The lines as values: the database orders the keys of events by its own rules. */
function readLines(path: string): unknown[] {
  return readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}
