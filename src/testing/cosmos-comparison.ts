// A decoded transaction held against what a Go node's REST API made of the same bytes, value by value.
import type { Amount } from "../domain/amount.js";
import type { SubEvent, Transaction } from "../domain/transaction.js";
import type { NodeMessage, NodeResult, NodeTransaction } from "./cosmos-recordings.js";

/** One comparison: what was compared, both sides, and, where they may differ, why. */
export interface FieldComparison {
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
  readonly equal: boolean;
  /** Why a difference is no fault. */
  readonly reason?: string;
}

const text = (value: unknown): string => JSON.stringify(value) ?? "undefined";

function compare(field: string, expected: unknown, actual: unknown): FieldComparison {
  const [left, right] = [text(expected), text(actual)];
  return { field, expected: left, actual: right, equal: left === right };
}

/** Types in the common format by their name in the SDK, written out here and not taken from the decoder. */
const specialTypes: Readonly<Record<string, string>> = {
  MsgMultiSend: "multisend",
  MsgUndelegate: "begin_unbonding",
  MsgAcknowledgement: "channel_acknowledgement",
  MsgCreateVestingAccount: "msg_create_vesting_account",
  MsgCreatePermanentLockedAccount: "msg_create_permanent_locked_account",
  MsgCreatePeriodicVestingAccount: "msg_create_periodic_vesting_account",
  MsgMintNFT: "mint_nft",
  MsgTransferNFT: "transfer_nft",
  MsgEditNFT: "edit_nft",
  MsgBurnNFT: "burn_nft",
};

function expectedType(typeUrl: string): string {
  const name = typeUrl.slice(typeUrl.lastIndexOf(".") + 1);
  const plain = name
    .replace(/^Msg/, "")
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    .slice(1);
  return specialTypes[name] ?? plain;
}

const lowerAddress = (value: string): string =>
  /^([A-Z]+1[02-9AC-HJ-NP-Z]{38,}|0x[0-9a-fA-F]{40})$/.test(value) ? value.toLowerCase() : value;

/**
 * Compares all that a node says of a transaction. People have edited some recorded `tx_response`s (heights, gas, logs): where one
 * does not agree with the `block_results` recorded with it, those must be what was decoded.
 */
export function compareTransaction(
  node: NodeTransaction,
  result: NodeResult,
  decoded: Transaction,
): FieldComparison[] {
  const { tx, tx_response: response } = node;
  const compareResult = (field: string, expected: unknown, committed: unknown, actual: unknown): FieldComparison => {
    const found = compare(field, expected, actual);
    const edited = text(expected) !== text(committed) && text(committed) === text(actual);
    return {
      ...found,
      ...(edited && { reason: `${field}: tx_response was edited, block_results is decoded` }),
    };
  };
  const first = decoded.events[0]?.sub[0];
  const payer = tx.auth_info.fee.payer;
  const granter = tx.auth_info.fee.granter;
  return [
    compare("hash", response.txhash, decoded.hash),
    compareResult("failed", response.code !== 0, result.code !== 0, decoded.hasErrors),
    compareResult("log", response.raw_log, result.log, Buffer.from(decoded.rawLog ?? []).toString("utf8")),
    compareResult("gas wanted", response.gas_wanted, result.gas_wanted, decoded.gasWanted.toString()),
    compareResult("gas used", response.gas_used, result.gas_used, decoded.gasUsed.toString()),
    compare("memo", tx.body.memo, decoded.memo),
    compare(
      "fee",
      tx.auth_info.fee.amount.map(({ denom, amount }) => [denom, amount]),
      decoded.fee.map(({ currency, numeric, exp }) => [currency, exp === 0 ? numeric : `${numeric}e-${exp}`]),
    ),
    ...(payer === "" ? [] : [compare("fee payer", lowerAddress(payer), first?.node?.["fee_payer"]?.[0]?.id)]),
    ...(granter === ""
      ? []
      : [compare("fee granter", lowerAddress(granter), first?.node?.["fee_granter"]?.[0]?.id)]),
    compare(
      "signers' keys",
      tx.auth_info.signer_infos.flatMap(({ public_key: key }) => (key === null ? [] : [key["key"]])),
      first?.additional?.["public_key"] ?? [],
    ),
    compare(
      "signers' sequences",
      tx.auth_info.signer_infos.map(({ sequence }) => sequence),
      first?.additional?.["sequence"] ?? [],
    ),
    ...(response.code === 0
      ? []
      : [
          compare("code", String(response.code), first?.additional?.["code"]?.[0]),
          compare("codespace", response.codespace, first?.additional?.["codespace"]?.[0]),
          compare("error", response.raw_log, first?.error),
        ]),
    compare(
      "message types",
      tx.body.messages.map((message) => expectedType(message["@type"])),
      decoded.events.map(({ kind }) => kind),
    ),
    ...tx.body.messages.flatMap((message, index) => compareMessage(message, decoded.events[index]?.sub[0])),
  ];
}

/** Parts of messages that the common format leaves to the transaction's raw bytes. */
const rawOnlyFields: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/(^|\.)proof(_\w+)?(\.|$)|_proof(\.|$)/, "proofs of IBC stay in the raw bytes"],
  [
    /^(header|client_message|client_state|consensus_state)\./,
    "light clients' states and headers are named, not unfolded",
  ],
  [
    /^data\.(@type|chain_id|gas_price|gas_tip_cap|gas_fee_cap|data|accesses|v|r|s)(\.|$)|^(raw|size|hash|from)$/,
    "prices, input, signature and hash of Ethereum transactions stay in the raw bytes",
  ],
  [/(^|\.)proof_height\./, "proofs of IBC stay in the raw bytes"],
  [/^wasm_byte_code$/, "contracts' code stays in the raw bytes"],
  [/^packet(\.data|_data)\.data$/, "packed messages are read, not repeated"],
];

/** Values of enumerations that stand for nothing said. */
const unspecifiedEnum = /_UNSPECIFIED$/;

/** Every value that the node writes for a message must stand in the event, whatever place it has there. */
function compareMessage(message: NodeMessage, event: SubEvent | undefined): FieldComparison[] {
  const values = new Set(event === undefined ? [] : valuesOf(event));
  const leaves = leavesOf(withContractText(message), "");
  return leaves.map(({ path, value }): FieldComparison => {
    const wanted = lowerAddress(value);
    const equal = values.has(wanted);
    const [, reason] = rawOnlyFields.find(([pattern]) => pattern.test(path)) ?? [];
    return {
      field: `${message["@type"]} ${path}`,
      expected: wanted,
      actual: equal ? wanted : "not in the event",
      equal,
      ...(!equal && reason !== undefined && { reason }),
    };
  });
}

/** Contracts' messages as one text, since JSON in JSON is what nodes make of it. */
function withContractText(message: NodeMessage): NodeMessage {
  const { msg } = message;
  const isContract =
    message["@type"].startsWith("/cosmwasm.wasm.") && typeof msg === "object" && msg !== null;
  return isContract ? { ...message, msg: JSON.stringify(msg) } : message;
}

interface Leaf {
  readonly path: string;
  readonly value: string;
}

/** The values of a message in JSON; coins as one value, empty ones left out. */
function leavesOf(value: unknown, path: string): Leaf[] {
  const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
  if (
    value === null ||
    value === undefined ||
    value === "" ||
    value === false ||
    value === "0" ||
    value === 0 ||
    (typeof value === "string" && unspecifiedEnum.test(value))
  )
    return [];
  if (Array.isArray(value)) return value.flatMap((each) => leavesOf(each, path));
  if (typeof value === "string") return packedLeaves(path, value);
  if (typeof value === "number" || typeof value === "boolean") return [{ path, value: String(value) }];
  if (typeof value !== "object") return [];
  const entries = Object.entries(value);
  const coin = value as { denom?: unknown; amount?: unknown };
  if (entries.length === 2 && typeof coin.denom === "string" && typeof coin.amount === "string")
    return [{ path, value: `${coin.amount}${coin.denom}` }];
  return entries
    .filter(([name]) => !(name === "@type" && path === ""))
    .flatMap(([name, inner]) =>
      name === "@type" && /(^|\.)(msgs|messages)$/.test(path)
        ? [{ path: at(name), value: `type ${expectedType(String(inner))}` }]
        : leavesOf(inner, at(name)),
    );
}

/** Bytes that the common format opens: an ICS-20 packet, an acknowledgement. */
function packedLeaves(path: string, value: string): Leaf[] {
  const bytes = (): string => Buffer.from(value, "base64").toString("utf8");
  if (path === "acknowledgement") return [{ path, value: bytes() }];
  if (path !== "packet.data") return [{ path, value }];
  const data = JSON.parse(bytes()) as Readonly<Record<string, unknown>>;
  return leavesOf({ ...data, denom: undefined }, path);
}

/** A text, and where it is JSON the same without blanks, as nodes write it anew. */
function originalAndCompactJson(written: string): string[] {
  if (!written.startsWith("{")) return [written];
  try {
    return [written, JSON.stringify(JSON.parse(written))];
  } catch {
    return [written];
  }
}

/** All values that an event says, in any place. */
function valuesOf(event: SubEvent): string[] {
  const amounts = (list: readonly Amount[]): string[] =>
    list.flatMap(({ text: written, numeric }) => [written, numeric]);
  const transfers = [
    ...(event.sender ?? []),
    ...(event.recipient ?? []),
    ...Object.values(event.transfers ?? {}).flat(),
  ];
  return [
    ...event.type,
    ...transfers.flatMap(({ account, amounts: list }) => [account.id, ...amounts(list)]),
    ...Object.values(event.node ?? {}).flatMap((accounts) => accounts.map(({ id }) => id)),
    ...amounts(Object.values(event.amount ?? {})),
    ...Object.values(event.additional ?? {}).flatMap((texts) => texts.flatMap(originalAndCompactJson)),
    ...(event.nonce === undefined ? [] : [event.nonce]),
    ...(event.completion === undefined ? [] : [event.completion]),
    ...(event.sub ?? []).flatMap((inner) => [
      ...valuesOf(inner),
      // Nested messages: their type URL by the event's name.
      ...(inner.type.length > 0 ? [`type ${inner.type.join()}`] : []),
    ]),
  ];
}

/** The reasons of differences, each with how often. */
export function comparisonTable(compared: readonly FieldComparison[], transactions: number): string {
  const equal = compared.filter((each) => each.equal).length;
  const excused = compared.filter((each) => !each.equal && each.reason !== undefined);
  const different = compared.length - equal - excused.length;
  const reasons = new Map<string, number>();
  for (const { reason = "" } of excused) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const rows = [
    ["transactions compared", transactions],
    ["fields equal", equal],
    ["fields different", different],
    ...[...reasons].map(([reason, count]) => [`  left out: ${reason}`, count] as const),
  ] as const;
  return rows.map(([name, count]) => `${String(count).padStart(6)}  ${name}`).join("\n");
}
