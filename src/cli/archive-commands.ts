// `indexer db export` and `indexer db import`: whole heights to and from a file, over the database itself.
// Imports only lib, domain, store and this folder.
// Never speaks to a manager: an embedded database must not be in use by one.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { Option, type Command } from "commander";
import { chainName, type ChainRef } from "../domain/chain.js";
import { totalHeights, type HeightRange } from "../domain/height.js";
import { systemClock } from "../lib/clock.js";
import type { Settings } from "../lib/config.js";
import { createStore } from "../store/create-store.js";
import type { Store } from "../store/port.js";
import { ArchiveError } from "./archive/archived-height.js";
import { importHeights } from "./archive/import-heights.js";
import { readNdjsonArchive, writeNdjsonArchive } from "./archive/ndjson-archive.js";
import { isParquetArchive, readParquetArchive, writeParquetArchive } from "./archive/parquet-archive.js";
import { readStoredHeights } from "./archive/stored-heights.js";
import { configure } from "./config.js";
import { createProcessLogger } from "./logging.js";
import { chainOption, heightOption } from "./manager-commands.js";
import { addSettings, givenFlags, type GivenOptions } from "./options.js";
import { addJsonOption, formatCount, printJson, printNote } from "./output.js";
import { UsageError } from "./process.js";
import { createProgress } from "./progress.js";

/** The settings that choose the database. */
interface StoreSettings extends Settings {
  readonly databaseUrl: Settings[string];
  readonly dataFolder: Settings[string];
  readonly logLevel: Settings[string];
}

interface ExportOptions extends GivenOptions {
  readonly chain?: ChainRef;
  readonly from?: number;
  readonly to?: number;
  readonly format: "ndjson" | "parquet";
}

const poolSize = 4;

/** Adds `export` and `import` to `db`. */
export function addArchiveCommands(db: Command, settings: StoreSettings): void {
  const exporting = db
    .command("export <path>")
    .description(
      "Write whole heights, blocks with all their transactions: NDJSON to a file (- for standard output), Parquet to a folder.",
    )
    .addOption(chainOption().makeOptionMandatory(false))
    .addOption(heightOption("--from", "lowest height"))
    .addOption(heightOption("--to", "highest height"))
    .addOption(
      new Option("--format <format>", "file format").choices(["ndjson", "parquet"]).default("ndjson"),
    );
  addJsonOption(addSettings(exporting, settings)).action(async (path: string, options: ExportOptions) => {
    if (options.format === "parquet" && path === "-")
      throw new UsageError("Parquet needs a folder, not '-'.");
    await withStore(settings, options, (store) => exportHeights(store, path, options));
  });

  const importing = db
    .command("import <path>")
    .description(
      "Store the heights of an export (- for NDJSON on standard input). Importing twice changes nothing.",
    )
    .option("--overwrite", "Store heights again that are complete already.");
  addJsonOption(addSettings(importing, settings)).action(async (path: string, options: GivenOptions) => {
    const heights = openArchive(path);
    await withStore(
      settings,
      options,
      async (store) => {
        const startedAt = systemClock.monotonic();
        let notedAt = startedAt;
        const totals = await importHeights(heights, {
          store,
          overwrite: options["overwrite"] === true,
          onProgress: ({ heights: count, stored }) => {
            if (systemClock.monotonic() - notedAt < 2_000) return;
            notedAt = systemClock.monotonic();
            const perSecond = (count * 1_000) / (notedAt - startedAt);
            printNote(
              `${formatCount(count)} heights read · ${formatCount(stored)} stored · ${formatCount(Math.round(perSecond))} heights/s`,
            );
          },
        });
        if (options["json"] === true) return printJson(totals);
        printNote(
          `Imported ${formatCount(totals.heights)} heights: ${formatCount(totals.stored)} stored with ${formatCount(totals.transactions)} transactions, ${formatCount(totals.skipped)} complete before.`,
        );
      },
      { create: true },
    );
  });
}

function openArchive(path: string): ReturnType<typeof readNdjsonArchive> {
  if (path === "-") return readNdjsonArchive(path);
  if (!existsSync(path))
    throw new ArchiveError(`${path} does not exist. Name the path that was exported to.`);
  if (!statSync(path).isDirectory()) return readNdjsonArchive(path);
  if (isParquetArchive(path)) return readParquetArchive(path);
  throw new ArchiveError(`${path} has no blocks.parquet. Name a folder that was exported to as Parquet.`);
}

async function exportHeights(store: Store, path: string, options: ExportOptions): Promise<void> {
  const { chain, from, to, format } = options;
  const plan: { readonly chain: ChainRef; readonly ranges: readonly HeightRange[] }[] = [];
  for (const each of await store.chains()) {
    if (chain !== undefined && chainName(each.chain) !== chainName(chain)) continue;
    const bounds = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    plan.push({ chain: each.chain, ranges: await store.indexed(each.chain, bounds) });
  }
  if (chain !== undefined && plan.length === 0) {
    throw new ArchiveError(
      `The database has no chain ${chainName(chain)}. List chains with 'indexer status'.`,
    );
  }
  const total = plan.reduce((sum, { ranges }) => sum + totalHeights(ranges), 0);
  const progress = createProgress({ total, unit: "heights", clock: systemClock });
  const writer = format === "parquet" ? writeParquetArchive(path) : writeNdjsonArchive(path);
  let heights = 0;
  let transactions = 0;
  try {
    for (const { chain: each, ranges } of plan) {
      for await (const data of readStoredHeights(store, each, ranges)) {
        await writer.write(data);
        heights += 1;
        transactions += data.transactions.length;
        progress.update(heights);
      }
    }
    await writer.finish();
  } finally {
    progress.stop();
  }
  if (options["json"] === true && path !== "-") return printJson({ path, format, heights, transactions });
  printNote(
    `Exported ${formatCount(heights)} heights with ${formatCount(transactions)} transactions of ${plan.map((each) => chainName(each.chain)).join(", ")} to ${path === "-" ? "standard output" : path}.`,
  );
}

async function withStore(
  settings: StoreSettings,
  options: GivenOptions,
  work: (store: Store) => Promise<void>,
  { create }: { readonly create: boolean } = { create: false },
): Promise<void> {
  const values = configure(settings, givenFlags(settings, options), options.config);
  const databaseUrl = typeof values.databaseUrl === "string" ? values.databaseUrl : undefined;
  const folder = String(values.dataFolder);
  if (databaseUrl === undefined && !create && !existsSync(join(folder, "pgdata"))) {
    throw new ArchiveError(
      `There is no embedded database in ${folder}. Name its folder with --data-folder, or a PostgreSQL with --database-url.`,
    );
  }
  const store = await createStore({
    folder,
    poolSize,
    logger: await createProcessLogger(String(values.logLevel)),
    ...(databaseUrl !== undefined && { databaseUrl }),
  });
  try {
    await work(store);
  } finally {
    await store.close();
  }
}
