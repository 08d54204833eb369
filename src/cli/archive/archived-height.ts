// One whole height as plain JSON values: a line of an NDJSON archive, and the fields of a Parquet archive's rows.
// Imports only domain and lib.
// Never does I/O.
import { z } from "zod";
import type { Block } from "../../domain/block.js";
import { formatTime, parseTime } from "../../domain/time.js";
import type { BlockData, Transaction, TransactionEvent } from "../../domain/transaction.js";

const heightValue = z.number().int().nonnegative();
const integerText = z.string().regex(/^-?\d+$/);
const amountShape = z.object({
  text: z.string(),
  currency: z.string(),
  numeric: integerText,
  exp: z.number().int().nonnegative(),
});
/** Events have many optional fields and come from this product: only their outline is checked. */
const eventShape = z.custom<TransactionEvent>(
  (value) =>
    z.object({ id: z.string(), kind: z.string(), sub: z.array(z.object({})) }).safeParse(value).success,
  "must be an event with id, kind and sub",
);

const transactionShape = z.object({
  index: heightValue,
  hash: z.string(),
  time: z.string().optional(),
  epoch: z.string().optional(),
  fee: z.array(amountShape),
  gasWanted: integerText,
  gasUsed: integerText,
  memo: z.string(),
  hasErrors: z.boolean(),
  events: z.array(eventShape),
  raw: z.base64().optional(),
  rawLog: z.base64().optional(),
});

const heightShape = z.object({
  chain: z.object({ network: z.string().min(1), chainId: z.string().min(1) }),
  block: z.object({
    height: heightValue,
    hash: z.string(),
    parentHash: z.string().optional(),
    time: z.string(),
    epoch: z.string().optional(),
    proposer: z.string().optional(),
    transactionCount: heightValue,
  }),
  transactions: z.array(transactionShape),
});

/** A whole height as JSON: times as RFC 3339 with nanoseconds, numbers of any size as text, bytes as base64. */
export type ArchivedHeight = z.output<typeof heightShape>;

/** Converts a height to its archived form. A transaction's time is left out where it is the block's. */
export function archiveHeight({ block, transactions }: BlockData): ArchivedHeight {
  const { chain, time, ...plain } = block;
  return {
    chain,
    block: { ...plain, time: formatTime(time) },
    transactions: transactions.map((each) => archiveTransaction(each, block)),
  };
}

function archiveTransaction(transaction: Transaction, block: Block): ArchivedHeight["transactions"][number] {
  const { index, hash, time, epoch, fee, gasWanted, gasUsed, memo, hasErrors, events, raw, rawLog } =
    transaction;
  return {
    index,
    hash,
    ...(time !== block.time && { time: formatTime(time) }),
    ...(epoch !== undefined && { epoch }),
    fee: [...fee],
    gasWanted: gasWanted.toString(),
    gasUsed: gasUsed.toString(),
    memo,
    hasErrors,
    events: [...events],
    ...(raw !== undefined && { raw: Buffer.from(raw).toString("base64") }),
    ...(rawLog !== undefined && { rawLog: Buffer.from(rawLog).toString("base64") }),
  };
}

/** An archive that cannot be read; the message names the place. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/** Converts a height from its archived form. Throws an ArchiveError that names the place and the wrong field. */
export function restoreHeight(value: unknown, place: string): BlockData {
  const parsed = heightShape.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ArchiveError(`${place}: '${issue?.path.join(".") ?? ""}' is wrong: ${issue?.message ?? ""}.`);
  }
  const { chain, block: plain, transactions } = parsed.data;
  const { parentHash, epoch, proposer, time, ...required } = plain;
  const block: Block = {
    ...required,
    chain,
    time: parseTime(time),
    ...(parentHash !== undefined && { parentHash }),
    ...(epoch !== undefined && { epoch }),
    ...(proposer !== undefined && { proposer }),
  };
  return { block, transactions: transactions.map((each) => restoreTransaction(each, block)) };
}

function restoreTransaction(
  { time, epoch, gasWanted, gasUsed, raw, rawLog, ...plain }: ArchivedHeight["transactions"][number],
  { chain, height, hash: blockHash, time: blockTime }: Block,
): Transaction {
  return {
    ...plain,
    chain,
    height,
    blockHash,
    time: time === undefined ? blockTime : parseTime(time),
    gasWanted: BigInt(gasWanted),
    gasUsed: BigInt(gasUsed),
    ...(epoch !== undefined && { epoch }),
    ...(raw !== undefined && { raw: new Uint8Array(Buffer.from(raw, "base64")) }),
    ...(rawLog !== undefined && { rawLog: new Uint8Array(Buffer.from(rawLog, "base64")) }),
  };
}
