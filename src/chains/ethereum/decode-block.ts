// Maps a node's block and receipts to the common format.
// Imports only domain and its own folder.
// Never does I/O; throws a MalformedError if a field violates the JSON-RPC specification.
import type { Block } from "../../domain/block.js";
import type { ChainRef } from "../../domain/chain.js";
import type { BlockData, SubEvent, Transaction, Transfer } from "../../domain/transaction.js";
import { etherAmount } from "./amounts.js";
import { recoverAuthorizations } from "./authorizations.js";
import { decodeLog } from "./decode-log.js";
import {
  count,
  fieldsList,
  hexField,
  hexList,
  listOf,
  MalformedError,
  optionalHex,
  optionalQuantity,
  quantity,
  type Fields,
  type Hex,
} from "./fields.js";
import type { RawEthereumBlock, RawEthereumHeight } from "./raw-height.js";
import { rawTransaction } from "./raw-transaction.js";

/** Properties of the chain that decoding needs. */
export interface EthereumDecodeContext {
  readonly chain: ChainRef;
  /** Name of the native coin, such as `ETH`. */
  readonly currency: string;
  /** Whether decoded transactions include their encoded bytes. */
  readonly raw: boolean;
}

const encoder = new TextEncoder();

/** Decodes a height. All accounts and hashes are in lower case. */
export async function decodeEthereumHeight(
  height: RawEthereumHeight,
  context: EthereumDecodeContext,
): Promise<BlockData> {
  const block = decodeEthereumBlock(height, context.chain);
  const transactions: Transaction[] = [];
  for (const [index, fields] of height.transactions.entries()) {
    const receipt = height.receipts[index];
    if (receipt === undefined) throw new MalformedError(`transaction ${index} has no receipt`);
    try {
      transactions.push(await decodeEthereumTransaction(block, { fields, receipt }, context));
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      throw new MalformedError(`transaction ${index}: ${error.message}`, { cause: error });
    }
  }
  return { block, transactions };
}

/** Decodes a block without its transactions. */
export function decodeEthereumBlock(
  { fields, height, hash, parentHash }: RawEthereumBlock,
  chain: ChainRef,
): Block {
  const proposer = optionalHex(fields, "miner");
  return {
    chain,
    height,
    hash,
    ...(height > 0 && { parentHash }),
    time: quantity(fields, "timestamp") * 1_000_000_000n,
    ...(proposer !== undefined && { proposer }),
    transactionCount: listOf(fields["transactions"], "transactions").length,
  };
}

/** Decodes one transaction with its receipt. */
export async function decodeEthereumTransaction(
  block: Block,
  { fields, receipt }: { readonly fields: Fields; readonly receipt: Fields },
  { chain, currency, raw }: EthereumDecodeContext,
): Promise<Transaction> {
  const logs = fieldsList(receipt["logs"], "logs");
  // Receipts before Byzantium have a state root and no status: such a transaction counts as successful.
  const failed = optionalQuantity(receipt, "status") === 0n;
  const action = await decodeAction(fields, receipt, { failed, currency });
  const events = logs.map((log, at) => {
    const { kind, sub } = decodeLog(log);
    return { id: String(at + 1), kind, sub: [sub] };
  });
  const encoded = raw ? rawTransaction(fields) : undefined;
  return {
    chain,
    hash: hexField(fields, "hash"),
    blockHash: block.hash,
    height: block.height,
    index: count(fields, "transactionIndex"),
    time: block.time,
    fee: [etherAmount(feeOf(fields, receipt), currency)],
    gasWanted: quantity(fields, "gas"),
    gasUsed: quantity(receipt, "gasUsed"),
    memo: "",
    hasErrors: failed,
    events: [{ id: "0", kind: action.type[0] ?? "call", sub: [action] }, ...events],
    ...(encoded !== undefined && { raw: encoded }),
    rawLog: encoder.encode(JSON.stringify(logs)),
  };
}

/** Returns gas used times its price, plus the same for blobs, plus the rollup's cost on layer 1 (`l1Fee`). */
function feeOf(fields: Fields, receipt: Fields): bigint {
  const price = optionalQuantity(receipt, "effectiveGasPrice") ?? optionalQuantity(fields, "gasPrice") ?? 0n;
  const blobGas = optionalQuantity(receipt, "blobGasUsed") ?? 0n;
  const blobPrice = optionalQuantity(receipt, "blobGasPrice") ?? 0n;
  const l1Fee = optionalQuantity(receipt, "l1Fee") ?? 0n;
  return quantity(receipt, "gasUsed") * price + blobGas * blobPrice + l1Fee;
}

/**
 * Decodes the transaction's own action: `transfer` (no input), `create`, or `call` with the selector as action. Senders and
 * recipients have amounts only if value moved. A failed transaction has its value in `amount.value` only.
 */
async function decodeAction(
  fields: Fields,
  receipt: Fields,
  { failed, currency }: { readonly failed: boolean; readonly currency: string },
): Promise<SubEvent> {
  const from = hexField(fields, "from");
  const to = optionalHex(fields, "to");
  const input = hexField(fields, "input");
  const value = quantity(fields, "value");
  const created = to === undefined ? optionalHex(receipt, "contractAddress") : undefined;
  const kind = to === undefined ? "create" : input === "0x" ? "transfer" : "call";
  const amount = etherAmount(value, currency);
  const moved = value > 0n && !failed ? [amount] : [];
  const party = (id: Hex): Transfer => ({ account: { id }, amounts: moved });
  const target = to ?? (failed ? undefined : created);
  const authorities = await recoverAuthorizations(fields);
  const node = {
    ...(created !== undefined && { contract: [{ id: created }] }),
    ...(authorities.length > 0 && { authority: authorities.map(({ authority: id }) => ({ id })) }),
  };
  const blobs = hexList(fields, "blobVersionedHashes");
  return {
    type: [
      kind,
      ...(value > 0n && kind === "call" ? ["transfer"] : []),
      ...(authorities.length > 0 ? ["set_code"] : []),
    ],
    ...(kind === "call" && { action: input.slice(0, 10), ...(to !== undefined && { module: to }) }),
    sender: [party(from)],
    ...(target !== undefined && { recipient: [party(target)] }),
    ...(Object.keys(node).length > 0 && { node }),
    nonce: quantity(fields, "nonce").toString(),
    ...(value > 0n && { amount: { value: amount } }),
    ...(failed && { error: "The transaction failed: its status is 0." }),
    additional: {
      transactionType: [optionalHex(fields, "type") ?? "0x0"],
      ...(blobs.length > 0 && { blobVersionedHashes: blobs }),
      ...(authorities.length > 0 && {
        setCode: authorities.map(({ authority, delegate }) => `${authority}=${delegate}`),
      }),
    },
  };
}
