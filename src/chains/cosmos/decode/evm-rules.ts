// Rules of MsgEthereumTx of ethermint and cosmos/evm, which wraps an Ethereum transaction of any type.
// Imports only domain and its neighbours; never verifies a signature.
import { attributeValues } from "./node-events.js";
import { canonicalAccount, normalizeAddress } from "./addresses.js";
import { decodeBytes } from "./bytes-reader.js";
import { fieldOf, isPacked } from "./fields.js";
import { accountsIn } from "./field-rules.js";
import { codecOf } from "./registry.js";
import { readRlpList } from "./rlp.js";
import {
  singleTransfer,
  messageRule,
  type Interpretation,
  type MessageContext,
  type MessageRule,
} from "./rule.js";

/** The fields of an Ethereum transaction that the common format has. */
interface EthereumTransactionFields {
  readonly type: string;
  readonly nonce: string;
  readonly gas: string;
  /** 0x address; empty for a contract creation. */
  readonly to: string;
  readonly value: string;
  readonly data: Uint8Array;
}

/** Positions of nonce, gas, to, value and data in the list of each envelope (EIP-2718, 2930, 1559, 4844, 7702). */
const layouts: ReadonlyMap<
  number,
  readonly [nonce: number, gas: number, to: number, value: number, data: number]
> = new Map([
  [0, [0, 2, 3, 4, 5]],
  [1, [1, 3, 4, 5, 6]],
  [2, [1, 4, 5, 6, 7]],
  [3, [1, 4, 5, 6, 7]],
  [4, [1, 4, 5, 6, 7]],
]);

function parseRawTransaction(raw: Uint8Array): EthereumTransactionFields | undefined {
  const first = raw[0] ?? 0;
  const type = first >= 0xc0 ? 0 : first;
  const layout = layouts.get(type);
  const items = layout === undefined ? undefined : readRlpList(type === 0 ? raw : raw.subarray(1));
  if (layout === undefined || items === undefined) return undefined;
  const at = (position: number): Uint8Array => items[position] ?? new Uint8Array();
  const to = at(layout[2]);
  return {
    type: String(type),
    nonce: integerText(at(layout[0])),
    gas: integerText(at(layout[1])),
    to: to.length === 0 ? "" : `0x${Buffer.from(to).toString("hex")}`,
    value: integerText(at(layout[3])),
    data: at(layout[4]),
  };
}

function integerText(bytes: Uint8Array): string {
  return bytes.length === 0 ? "0" : BigInt(`0x${Buffer.from(bytes).toString("hex")}`).toString();
}

const typeNumbers: Readonly<Record<string, string>> = { LegacyTx: "0", AccessListTx: "1", DynamicFeeTx: "2" };

function parsePackedTransaction(message: object): EthereumTransactionFields | undefined {
  const packed = fieldOf(message, "data");
  if (typeof packed !== "object" || packed === null || !isPacked(packed)) return undefined;
  const codec = codecOf(packed.typeUrl);
  if (codec === undefined) return undefined;
  const inside = decodeBytes(codec, packed.value);
  const text = (name: string): string => {
    const value = fieldOf(inside, name);
    return typeof value === "string" ? value : typeof value === "bigint" ? value.toString() : "";
  };
  const data = fieldOf(inside, "data");
  return {
    type: typeNumbers[packed.typeUrl.slice(packed.typeUrl.lastIndexOf(".") + 1)] ?? packed.typeUrl,
    nonce: text("nonce") || "0",
    gas: text("gas") || "0",
    to: text("to"),
    value: text("value") || "0",
    data: data instanceof Uint8Array ? data : new Uint8Array(),
  };
}

/** The sender's 0x address. Newer messages, with the raw transaction, have it as a field; of older ones only the events do. */
function senderOf(message: object, { events }: MessageContext): string {
  const from = fieldOf(message, "from");
  if (from instanceof Uint8Array && from.length === 20) return `0x${Buffer.from(from).toString("hex")}`;
  const [written] = accountsIn(message, "deprecatedFrom");
  const reported = attributeValues(events, "message", "sender").map(canonicalAccount);
  return written ?? reported.find((account) => account.startsWith("0x")) ?? reported[0] ?? "";
}

function interpretEthereumTx(message: object, context: MessageContext): Interpretation {
  const raw = fieldOf(message, "raw");
  const call =
    raw instanceof Uint8Array && raw.length > 0 ? parseRawTransaction(raw) : parsePackedTransaction(message);
  const sender = senderOf(message, context);
  const accounts = attributeValues(context.events, "message", "sender")
    .map((text) => normalizeAddress(text))
    .filter((address) => address !== undefined && address !== canonicalAccount(sender));
  const hashes = attributeValues(context.events, "ethereum_tx", "ethereumTxHash");
  const failures = attributeValues(context.events, "ethereum_tx", "ethereumTxFailed");
  const coins =
    call === undefined || call.value === "0"
      ? []
      : [{ denom: context.feeDenom ?? "wei", amount: call.value }];
  return {
    sender: singleTransfer(sender, coins),
    recipient: singleTransfer(call?.to ?? "", coins),
    ...(accounts.length > 0 && { node: { account: accounts.filter((each) => each !== undefined) } }),
    ...(call !== undefined && { nonce: call.nonce }),
    additional: {
      ...(call !== undefined && {
        ethereum_type: [call.type],
        gas: [call.gas],
        ...(call.to !== "" && { to: [call.to] }),
        ...(call.data.length >= 4 && {
          selector: [`0x${Buffer.from(call.data.subarray(0, 4)).toString("hex")}`],
        }),
      }),
      ...(hashes.length > 0 && { ethereum_hash: [...new Set(hashes)] }),
      ...(failures.length > 0 && { ethereum_error: failures }),
    },
    hints: { skip: ["data", "raw", "from"] },
  };
}

/** The rules of MsgEthereumTx. */
export const evmRules: readonly MessageRule[] = [
  "/ethermint.evm.v1.MsgEthereumTx",
  "/cosmos.evm.vm.v1.MsgEthereumTx",
]
  .map(codecOf)
  .filter((codec) => codec !== undefined)
  .map((codec) => messageRule(codec, interpretEthereumTx));
