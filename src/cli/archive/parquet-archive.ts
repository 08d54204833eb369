// An archive as Apache Parquet: a folder with blocks.parquet and transactions.parquet, both in order of heights.
// Imports only domain, lib and this folder.
// Never holds more than one row group of each file in memory.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  type ParquetReadOptions,
  type SchemaElement,
} from "hyparquet";
import { fileWriter, ParquetWriter } from "hyparquet-writer";
import { formatTime } from "../../domain/time.js";
import { participation, type BlockData } from "../../domain/transaction.js";
import { ArchiveError, restoreHeight } from "./archived-height.js";
import type { ArchiveWriter } from "./ndjson-archive.js";

/** One value of a row. */
type Cell = string | number | bigint | boolean | Uint8Array | object | undefined;
type Row = Readonly<Record<string, Cell>>;

const required = { repetition_type: "REQUIRED" } as const;
const optional = { repetition_type: "OPTIONAL" } as const;
const text = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const;
const jsonText = { type: "BYTE_ARRAY", converted_type: "JSON" } as const;
const bytes = { type: "BYTE_ARRAY" } as const;
const int64 = { type: "INT64" } as const;
const int32 = { type: "INT32" } as const;
const nanoseconds = {
  type: "INT64",
  logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" },
} as const;

const blockColumns: readonly SchemaElement[] = [
  { name: "network", ...text, ...required },
  { name: "chain_id", ...text, ...required },
  { name: "height", ...int64, ...required },
  { name: "time", ...nanoseconds, ...required },
  { name: "hash", ...text, ...required },
  { name: "parent_hash", ...text, ...optional },
  { name: "epoch", ...text, ...optional },
  { name: "proposer", ...text, ...optional },
  { name: "transaction_count", ...int32, ...required },
];

/** Gas is text: chains state values above 2^63. The lists are JSON, which query engines read. */
const transactionColumns: readonly SchemaElement[] = [
  { name: "network", ...text, ...required },
  { name: "chain_id", ...text, ...required },
  { name: "height", ...int64, ...required },
  { name: "index", ...int32, ...required },
  { name: "time", ...nanoseconds, ...required },
  { name: "hash", ...text, ...required },
  { name: "epoch", ...text, ...optional },
  { name: "has_errors", type: "BOOLEAN", ...required },
  { name: "gas_wanted", ...text, ...required },
  { name: "gas_used", ...text, ...required },
  { name: "memo", ...text, ...required },
  { name: "fee", ...jsonText, ...required },
  { name: "types", ...jsonText, ...required },
  { name: "parties", ...jsonText, ...required },
  { name: "senders", ...jsonText, ...required },
  { name: "recipients", ...jsonText, ...required },
  { name: "events", ...jsonText, ...required },
  { name: "raw", ...bytes, ...optional },
  { name: "raw_log", ...bytes, ...optional },
];

/** A row group ends at this many rows, or at about this many bytes. */
const rowsPerGroup = 10_000;
const bytesPerGroup = 16 * 1024 * 1024;

const blocksFile = "blocks.parquet";
const transactionsFile = "transactions.parquet";

/** Whether a path is a folder with a Parquet archive. */
export function isParquetArchive(path: string): boolean {
  return existsSync(join(path, blocksFile));
}

/** Creates a writer to a folder, which it creates. Replaces existing files. */
export function writeParquetArchive(folder: string): ArchiveWriter {
  mkdirSync(folder, { recursive: true });
  const blocks = createRowWriter(join(folder, blocksFile), blockColumns);
  const transactions = createRowWriter(join(folder, transactionsFile), transactionColumns);
  return {
    async write(data) {
      const { block } = data;
      const { network, chainId } = block.chain;
      await blocks.add({
        network,
        chain_id: chainId,
        height: BigInt(block.height),
        time: block.time,
        hash: block.hash,
        parent_hash: block.parentHash,
        epoch: block.epoch,
        proposer: block.proposer,
        transaction_count: block.transactionCount,
      });
      for (const transaction of data.transactions) {
        const { types, parties, senders, recipients } = participation(transaction.events);
        await transactions.add({
          network,
          chain_id: chainId,
          height: BigInt(transaction.height),
          index: transaction.index,
          time: transaction.time,
          hash: transaction.hash,
          epoch: transaction.epoch,
          has_errors: transaction.hasErrors,
          gas_wanted: transaction.gasWanted.toString(),
          gas_used: transaction.gasUsed.toString(),
          memo: transaction.memo,
          fee: transaction.fee,
          types,
          parties,
          senders,
          recipients,
          events: transaction.events,
          raw: transaction.raw,
          raw_log: transaction.rawLog,
        });
      }
    },
    async finish() {
      await blocks.finish();
      await transactions.finish();
    },
  };
}

interface RowWriter {
  add(row: Row): Promise<void>;
  finish(): Promise<void>;
}

function createRowWriter(path: string, columns: readonly SchemaElement[]): RowWriter {
  const schema: SchemaElement[] = [{ name: "root", num_children: columns.length }, ...columns];
  const writer = new ParquetWriter({ writer: fileWriter(path), schema, createdBy: "indexer" });
  let rows: Row[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    if (rows.length === 0) return;
    await writer.write({
      columnData: columns.map(({ name }) => ({ name, data: rows.map((row) => row[name]) })),
      rowGroupSize: rows.length,
    });
    rows = [];
    size = 0;
  };
  return {
    async add(row) {
      rows.push(row);
      size += Object.values(row).reduce<number>((sum, cell) => sum + sizeOf(cell), 0);
      if (rows.length >= rowsPerGroup || size >= bytesPerGroup) await flush();
    },
    async finish() {
      await flush();
      await writer.finish();
    },
  };
}

/** A rough size in bytes; an object counts about what its JSON takes. */
function sizeOf(cell: Cell): number {
  if (typeof cell === "string" || cell instanceof Uint8Array) return cell.length;
  return typeof cell === "object" ? JSON.stringify(cell).length : 8;
}

/** Reads the heights of a folder's archive. Throws an ArchiveError if its files do not belong together. */
export async function* readParquetArchive(folder: string): AsyncGenerator<BlockData> {
  const transactions = readRows(join(folder, transactionsFile));
  try {
    for await (const block of readRows(join(folder, blocksFile))) {
      const count = Number(block["transaction_count"]);
      const own: Row[] = [];
      while (own.length < count) {
        const next = await transactions.next();
        if (next.done === true || !isOf(block, next.value)) {
          throw new ArchiveError(
            `${folder}: ${transactionsFile} does not have the ${count} transactions of height ${Number(block["height"])} that ${blocksFile} states. Export again.`,
          );
        }
        own.push(next.value);
      }
      yield restoreRow(block, own, folder);
    }
  } finally {
    await transactions.return(undefined);
  }
}

function isOf(block: Row, transaction: Row): boolean {
  return (["network", "chain_id", "height"] as const).every((name) => block[name] === transaction[name]);
}

function restoreRow(block: Row, transactions: readonly Row[], folder: string): BlockData {
  const height = Number(block["height"]);
  const value = {
    chain: { network: block["network"], chainId: block["chain_id"] },
    block: {
      height,
      hash: block["hash"],
      parentHash: block["parent_hash"],
      time: timeText(block["time"]),
      epoch: block["epoch"],
      proposer: block["proposer"],
      transactionCount: block["transaction_count"],
    },
    transactions: transactions.map((each) => ({
      index: each["index"],
      hash: each["hash"],
      time: timeText(each["time"]),
      epoch: each["epoch"],
      fee: each["fee"],
      gasWanted: each["gas_wanted"],
      gasUsed: each["gas_used"],
      memo: each["memo"],
      hasErrors: each["has_errors"],
      events: each["events"],
      raw: base64(each["raw"]),
      rawLog: base64(each["raw_log"]),
    })),
  };
  return restoreHeight(value, `${folder}, height ${height}`);
}

function timeText(value: Cell): string | undefined {
  return typeof value === "bigint" ? formatTime(value) : undefined;
}

function base64(value: Cell): string | undefined {
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : undefined;
}

/** The rows of a file, read one row group at a time. */
async function* readRows(path: string): AsyncGenerator<Row, void> {
  if (!existsSync(path)) throw new ArchiveError(`${path} is missing. Export again.`);
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw new ArchiveError(`${path} is not a complete Parquet file. Export again.`, { cause: error });
  });
  let rowStart = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const rowEnd = rowStart + Number(count);
    const options: Omit<ParquetReadOptions, "onComplete" | "rowFormat"> = {
      file,
      metadata,
      rowStart,
      rowEnd,
      utf8: false,
      parsers: { timestampFromNanoseconds: (nanos) => nanos },
    };
    const rows: readonly Record<string, unknown>[] = await parquetReadObjects(options);
    for (const row of rows) yield presentCells(row);
    rowStart = rowEnd;
  }
}

/** Absent values are null in Parquet. */
function presentCells(row: Readonly<Record<string, unknown>>): Row {
  return Object.fromEntries(
    Object.entries(row).filter(
      (entry): entry is [string, Exclude<Cell, undefined>] => entry[1] !== null && entry[1] !== undefined,
    ),
  );
}
