// Reads the fields of any decoded message: coins, accounts by role, nested messages, and all other values as text.
// Imports only domain and its neighbours; never knows a message type: it uses only the names and shapes of fields.
import type { Amount } from "../../../domain/amount.js";
import { formatTime } from "../../../domain/time.js";
import { orderToJSON, stateToJSON } from "cosmjs-types/ibc/core/channel/v1/channel";
import { voteOptionToJSON } from "cosmjs-types/cosmos/gov/v1/gov";
import { execToJSON } from "cosmjs-types/cosmos/group/v1/tx";
import { authorizationTypeToJSON } from "cosmjs-types/cosmos/staking/v1beta1/authz";
import { permissions_LevelToJSON } from "cosmjs-types/cosmos/circuit/v1/types";
import { normalizeAddress } from "./addresses.js";
import { accountsInJson } from "./contract-json.js";
import { amountFromCoin, formatDecimal, type Coin } from "./coins.js";
import { snakeCase } from "./names.js";

/** google.protobuf.Any: a message's type URL and bytes. */
export interface Packed {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** The values of a message, in field order. Owned by the caller, which may modify them. */
export interface MessageFields {
  readonly amounts: (readonly [name: string, amount: Amount])[];
  readonly roles: Map<string, readonly string[]>;
  readonly additional: Map<string, readonly string[]>;
  readonly nested: { readonly path: string; readonly packed: Packed }[];
}

/** The values of a message while they are collected. */
interface MutableMessageFields extends MessageFields {
  readonly roles: Map<string, string[]>;
  readonly additional: Map<string, string[]>;
}

/** Information that the values alone do not contain. Paths are snake case with dots, `commission.rate`. */
export interface FieldHints {
  /** Paths of decimals that protobuf carries multiplied by 10^18. */
  readonly decimals?: readonly string[];
  /** Paths of bytes that are a contract's JSON in UTF-8. Its accounts get the role `account`. */
  readonly texts?: readonly string[];
  /** Whether sender and recipient fields become roles, for values without a sender and recipient of their own. */
  readonly partiesAsRoles?: boolean;
  /** Paths that the rule reads itself. */
  readonly skip?: readonly string[];
}

/** Maximum length of bytes to repeat as text; longer ones (code, proofs, headers) are only in the transaction's raw bytes. */
const maxRepeatedBytes = 1024;

/** Formatters of enumerations by field name, which has one meaning in all modules. */
const enumerations: Readonly<Record<string, (value: number) => string>> = {
  option: voteOptionToJSON,
  ordering: orderToJSON,
  state: stateToJSON,
  exec: execToJSON,
  authorization_type: authorizationTypeToJSON,
  permission: wasmAccessName,
  level: permissions_LevelToJSON,
};
/** Names of wasm permissions in the node's JSON, which differ from protobuf's (wasmd, AccessType.MarshalText). */
const wasmAccessNames = ["Unspecified", "Nobody", "OnlyAddress", "Everybody", "AnyOfAddresses"];

function wasmAccessName(value: number): string {
  return wasmAccessNames[value] ?? String(value);
}

/** Fields with a timestamp; other values with seconds and nanoseconds are durations. */
const timestampFields = /(^|[._])(expiration|expiry|timestamp|time|period_reset)$/;
const durationFields = /unbonding_time$/;
/** Roles that the event's sender and recipient already contain. */
const partyRoles: ReadonlySet<string> = new Set(["from", "to", "sender", "recipient", "receiver", "signer"]);
const roleNames: Readonly<Record<string, string>> = {
  validator_src: "validator_source",
  validator_dst: "validator_destination",
};

/** Reads the fields of a message. Throws AmountError if a coin's amount is not an integer. */
export function readFields(message: object, hints: FieldHints = {}): MessageFields {
  const facts: MutableMessageFields = { amounts: [], roles: new Map(), additional: new Map(), nested: [] };
  readObject(message, "", { facts, hints });
  return facts;
}

/** The value of a field of a decoded message; undefined if it has none. */
export function fieldOf(message: object, name: string): unknown {
  return isRecord(message) ? message[name] : undefined;
}

function isRecord(value: object): value is Readonly<Record<string, unknown>> {
  return !Array.isArray(value);
}

interface FieldContext {
  readonly facts: MutableMessageFields;
  readonly hints: FieldHints;
}

function readObject(message: object, prefix: string, reading: FieldContext): void {
  for (const name of Object.keys(message)) {
    const path = prefix === "" ? snakeCase(name) : `${prefix}.${snakeCase(name)}`;
    if (reading.hints.skip?.includes(path)) continue;
    readValue(fieldOf(message, name), path, reading);
  }
}

function readValue(value: unknown, path: string, reading: FieldContext): void {
  const { facts, hints } = reading;
  switch (typeof value) {
    case "string":
      if (value !== "")
        readText(hints.decimals?.includes(path) ? formatDecimal(value) : value, path, reading);
      return;
    case "number":
      if (value !== 0) add(facts.additional, path, enumerations[lastPart(path)]?.(value) ?? String(value));
      return;
    case "bigint":
      if (value !== 0n) add(facts.additional, path, value.toString());
      return;
    case "boolean":
      if (value) add(facts.additional, path, "true");
      return;
    case "object":
      if (value !== null) readCompound(value, path, reading);
      return;
    default:
  }
}

function readCompound(value: object, path: string, reading: FieldContext): void {
  const { facts, hints } = reading;
  if (value instanceof Uint8Array) {
    if (value.length === 0) return;
    if (hints.texts?.includes(path)) readContractJson(Buffer.from(value).toString("utf8"), path, facts);
    else if (value.length <= maxRepeatedBytes)
      add(facts.additional, path, Buffer.from(value).toString("base64"));
    else add(facts.additional, `${path}.size`, String(value.length));
  } else if (Array.isArray(value)) {
    value.forEach((each) => readValue(each, path, reading));
  } else if (isCoin(value)) {
    facts.amounts.push([path, amountFromCoin(value)]);
  } else if (isSeconds(value)) {
    add(facts.additional, path, formatSeconds(value, path));
  } else if (isPacked(value)) {
    facts.nested.push({ path, packed: value });
  } else {
    readObject(value, path, reading);
  }
}

function readContractJson(text: string, path: string, facts: MutableMessageFields): void {
  add(facts.additional, path, text);
  for (const account of accountsInJson(text)) add(facts.roles, "account", account);
}

function readText(text: string, path: string, { facts, hints }: FieldContext): void {
  const address = normalizeAddress(text);
  if (address === undefined) {
    add(facts.additional, path, text);
    return;
  }
  const stripped = lastPart(path).replace(/_?(address|addr)$/, "");
  const role = roleNames[stripped] ?? (stripped === "" ? "account" : stripped);
  // The event's sender and recipient contain those of the message itself, but not those of nested values.
  if (!partyRoles.has(role) || hints.partiesAsRoles === true || path.includes("."))
    add(facts.roles, role, address);
  // The canonical address identifies the account; a different original spelling is kept as text.
  if (address !== text) add(facts.additional, path, text);
}

function add(map: Map<string, string[]>, name: string, value: string): void {
  const values = map.get(name);
  if (values === undefined) map.set(name, [value]);
  else values.push(value);
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function hasExactly(value: object, first: string, second: string): boolean {
  return first in value && second in value && Object.keys(value).length === 2;
}

function isCoin(value: object): value is Coin {
  return hasExactly(value, "denom", "amount");
}

/** Whether a value is a packed message (google.protobuf.Any). */
export function isPacked(value: object): value is Packed {
  return hasExactly(value, "typeUrl", "value") && "value" in value && value.value instanceof Uint8Array;
}

interface Seconds {
  readonly seconds: bigint;
  readonly nanos: number | bigint;
}

function isSeconds(value: object): value is Seconds {
  return hasExactly(value, "seconds", "nanos") && "seconds" in value && typeof value.seconds === "bigint";
}

function formatSeconds(value: Seconds, path: string): string {
  const nanos = BigInt(value.nanos);
  if (timestampFields.test(path) && !durationFields.test(path)) {
    return formatTimestamp(value) ?? `${value.seconds}s`;
  }
  const fraction = nanos === 0n ? "" : `.${nanos.toString().padStart(9, "0").replace(/0+$/, "")}`;
  return `${value.seconds}${fraction}s`;
}

/** Formats a protobuf timestamp as RFC 3339; undefined outside of the years 1 to 9999. */
export function formatTimestamp({ seconds, nanos }: Seconds): string | undefined {
  // The range of google.protobuf.Timestamp.
  if (seconds < -62_135_596_800n || seconds > 253_402_300_799n) return undefined;
  return formatTime(seconds * 1_000_000_000n + BigInt(nanos));
}
