// Compares a decoded transaction with a Go node's REST JSON of the same bytes, value by value.
import type { Amount } from "../domain/amount.js";
import type { SubEvent, Transaction } from "../domain/transaction.js";
import type { NodeMessage, NodeResult, NodeTransaction } from "./cosmos-recordings.js";

/** The comparison of one field. */
export interface FieldComparison {
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
  readonly equal: boolean;
  /** Why a difference is allowed. */
  readonly reason?: string;
}

const text = (value: unknown): string => JSON.stringify(value) ?? "undefined";

function compare(field: string, expected: unknown, actual: unknown): FieldComparison {
  const [left, right] = [text(expected), text(actual)];
  return { field, expected: left, actual: right, equal: left === right };
}

/** Types in the common format by their SDK name; a separate list, so that it checks the decoder. */
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
 * Compares all fields of a node's transaction. Some recorded `tx_response`s were edited (heights, gas, logs): if one differs from
 * its recorded `block_results`, the decoded value must equal the latter.
 */
export function compareTransaction(
  node: NodeTransaction,
  result: NodeResult,
  decoded: Transaction,
): FieldComparison[] {
  const { tx, tx_response: response } = node;
  const compareResult = (
    field: string,
    expected: unknown,
    committed: unknown,
    actual: unknown,
  ): FieldComparison => {
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

/** Parts of messages that are only in the transaction's raw bytes. */
const rawOnlyFields: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/(^|\.)proof(_\w+)?(\.|$)|_proof(\.|$)/, "IBC proofs are only in the raw bytes"],
  [
    /^(header|client_message|client_state|consensus_state)\./,
    "states and headers of light clients are named, not decoded",
  ],
  [
    /^data\.(@type|chain_id|gas_price|gas_tip_cap|gas_fee_cap|data|accesses|v|r|s)(\.|$)|^(raw|size|hash|from)$/,
    "prices, input, signature and hash of Ethereum transactions are only in the raw bytes",
  ],
  [/(^|\.)proof_height\./, "IBC proofs are only in the raw bytes"],
  [/^wasm_byte_code$/, "contract code is only in the raw bytes"],
  [/^packet(\.data|_data)\.data$/, "nested messages are decoded, not repeated"],
];

/** Enumeration values that equal an absent field. */
const unspecifiedEnum = /_UNSPECIFIED$/;

/** Expects every value of the node's message in the event, in any field. */
function compareMessage(message: NodeMessage, event: SubEvent | undefined): FieldComparison[] {
  const values = new Set(event === undefined ? [] : valuesOf(event));
  const leaves = leavesOf(withContractText(message), "");
  return leaves.map(({ path, value }): FieldComparison => {
    const expected = lowerAddress(value);
    const equal = values.has(expected);
    const [, reason] = rawOnlyFields.find(([pattern]) => pattern.test(path)) ?? [];
    return {
      field: `${message["@type"]} ${path}`,
      expected,
      actual: equal ? expected : "not in the event",
      equal,
      ...(!equal && reason !== undefined && { reason }),
    };
  });
}

/** Converts the JSON of a contract's message to text: the common format has it as text, nodes nest it. */
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

/** Returns the values of a message's JSON: each coin as one value, without empty values. */
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
  if (typeof value === "string") return nestedLeaves(path, value);
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

/** Values of bytes that the decoder reads: an ICS-20 packet, an acknowledgement. */
function nestedLeaves(path: string, value: string): Leaf[] {
  const bytes = (): string => Buffer.from(value, "base64").toString("utf8");
  if (path === "acknowledgement") return [{ path, value: bytes() }];
  if (path !== "packet.data") return [{ path, value }];
  const data = JSON.parse(bytes()) as Readonly<Record<string, unknown>>;
  return leavesOf({ ...data, denom: undefined }, path);
}

/** Returns a text and, if it is JSON, the same without whitespace: nodes serialize it again. */
function originalAndCompactJson(original: string): string[] {
  if (!original.startsWith("{")) return [original];
  try {
    return [original, JSON.stringify(JSON.parse(original))];
  } catch {
    return [original];
  }
}

/** Returns all values of an event, of any field. */
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
      // The type of a nested message, for comparison with its type URL.
      ...(inner.type.length > 0 ? [`type ${inner.type.join()}`] : []),
    ]),
  ];
}

/** Formats the numbers of equal and different fields, and of each allowed difference. */
export function comparisonTable(compared: readonly FieldComparison[], transactions: number): string {
  const equal = compared.filter((each) => each.equal).length;
  const allowed = compared.filter((each) => !each.equal && each.reason !== undefined);
  const different = compared.length - equal - allowed.length;
  const reasons = new Map<string, number>();
  for (const { reason = "" } of allowed) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const rows = [
    ["transactions compared", transactions],
    ["fields equal", equal],
    ["fields different", different],
    ...[...reasons].map(([reason, count]) => [`  allowed difference: ${reason}`, count] as const),
  ] as const;
  return rows.map(([name, count]) => `${String(count).padStart(6)}  ${name}`).join("\n");
}
