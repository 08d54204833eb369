// The shapes of JSON payloads: blocks, transactions, account results and requests. Numbers of every size stay exact.
// Imports only libraries; never converts to domain values.
import { isInteger, LosslessNumber, parse, stringify } from "lossless-json";
import { z } from "zod";
import { maxDigits, WireFault } from "./numbers.js";

/** An absent key, null and Go's zero value mean the same. */
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);
const record = <T extends z.ZodType>(value: T) =>
  z
    .record(z.string(), value)
    .nullish()
    .transform((given) => given ?? {});
/** A whole number, quoted or not. */
const whole = z
  .union([
    z.bigint(),
    z
      .string()
      .regex(/^-?\d+$/)
      .transform(BigInt),
  ])
  .nullish()
  .transform((value) => value ?? 0n);
/** A number, possibly with a decimal point or an exponent. */
const numeric = z
  .union([z.bigint().transform(String), z.string(), z.instanceof(LosslessNumber).transform(String)])
  .nullish()
  .transform((value) => value ?? "0");

const amount = z.object({ text, currency: text, numeric, exp: whole });
const account = z.object({
  id: text,
  detail: z.object({ name: text, description: text, contact: text, website: text }).nullish(),
});
const transfer = z.object({ account: account.nullish(), amounts: list(amount) });

const subEventFields = {
  type: z
    .union([z.array(z.string()), z.string().transform((one) => [one])])
    .nullish()
    .transform((value) => value ?? []),
  action: text,
  module: text,
  sender: list(transfer),
  recipient: list(transfer),
  node: record(list(account)),
  nonce: z
    .union([z.string(), z.bigint().transform(String)])
    .nullish()
    .transform((value) => value ?? ""),
  completion: text,
  amount: record(amount),
  transfers: record(list(transfer)),
  error: z.object({ message: text }).nullish(),
  additional: record(list(z.string())),
};

/** A sub-event. Nested sub-events are checked one level at a time during conversion. */
export const subEventShape = z.object({ ...subEventFields, sub: list(z.unknown()) });
/** A block. */
export const blockShape = z.object({
  hash: text,
  parent_hash: text,
  height: whole,
  time: text,
  epoch: text,
  proposer: text,
  chain_id: text,
  num_txs: whole,
});
/** A transaction. */
export const transactionShape = z.object({
  hash: text,
  block_hash: text,
  height: whole,
  index: z.bigint().optional(),
  time: text,
  epoch: text,
  chain_id: text,
  transaction_fee: list(amount),
  gas_wanted: whole,
  gas_used: whole,
  memo: text,
  has_errors: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  events: list(z.object({ id: text, kind: text, sub: list(z.unknown()) })),
  raw: text,
  raw_log: text,
});
const validatorAmount = z.object({
  ...amount.shape,
  validator: text,
  amounts: list(amount),
});
/** Rewards: a list of amounts with their validator, or a map from validator to amounts. */
export const rewardShape = z.object({
  height: whole,
  rewards: z
    .union([z.array(validatorAmount), z.record(z.string(), list(amount))])
    .nullish()
    .transform((value) => value ?? []),
});
/** Balances. */
export const balanceShape = z.object({ height: whole, balances: list(amount) });
/** Delegations. */
export const delegationsShape = z.object({
  height: whole,
  delegations: list(
    z.object({
      delegator: text,
      validator: text,
      shares: z.union([amount, z.string()]),
      balance: amount,
    }),
  ),
});

/** Keys of requests match in any case, as in Go. */
const anyCase = <T extends z.ZodRawShape>(shape: T) =>
  z.preprocess((value) => (isRecord(value) ? lowered(value) : value), z.object(shape));

/** The payload of `GetTransactions`. */
export const transactionsRequestShape = anyCase({
  hash: text,
  startheight: whole,
  endheight: whole,
  chainid: text,
  network: text,
});
/** The payload of `GetLatest`. */
export const latestRequestShape = anyCase({
  network: text,
  chain_id: text,
  lasthash: text,
  last_hash: text,
  lastheight: z.bigint().optional(),
  last_height: z.bigint().optional(),
  limit: z.bigint().optional(),
});
/** The payload of an account query. */
export const accountRequestShape = anyCase({ height: whole, account: text, chainid: text, network: text });

/** An amount. */
export type AmountJson = z.output<typeof amount>;
/** An account. */
export type AccountJson = z.output<typeof account>;
/** A transfer. */
export type TransferJson = z.output<typeof transfer>;
/** A sub-event. */
export type SubEventJson = z.output<typeof subEventShape>;

/** Parses JSON bytes and checks the shape. Throws a WireFault. */
export function readJson<T extends z.ZodType>(payload: Uint8Array, shape: T): z.output<T> {
  const result = shape.safeParse(parseLossless(payload));
  if (result.success) return result.data;
  throw faultOf(result.error);
}

/** Checks the shape of a parsed value. Throws a WireFault. */
export function checkShape<T extends z.ZodType>(value: unknown, shape: T): z.output<T> {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  throw faultOf(result.error);
}

/** Writes JSON bytes; bigints become unquoted integers, undefined keys are left out. */
export function writeJson(value: unknown): Buffer {
  return Buffer.from(stringify(value) ?? "null");
}

function parseLossless(payload: Uint8Array): unknown {
  try {
    const json = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8");
    return parse(json, null, readNumber);
  } catch (cause) {
    throw new WireFault("The payload is not JSON.", { cause });
  }
}

function readNumber(digits: string): bigint | LosslessNumber {
  if (digits.length > maxDigits) throw new WireFault(`A number has ${digits.length} digits.`);
  return isInteger(digits) ? BigInt(digits) : new LosslessNumber(digits);
}

function faultOf(error: z.ZodError): WireFault {
  const [issue] = error.issues;
  return new WireFault(
    `The payload's '${issue?.path.join(".") ?? ""}' is wrong: ${issue?.message ?? "unreadable"}.`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function lowered(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toLowerCase(), each]));
}
