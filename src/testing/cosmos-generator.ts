// Generates blocks of a Cosmos chain: transactions encoded by cosmjs-types, results in the format of each node version.
import { createHash } from "node:crypto";
import { bech32 } from "@scure/base";
import { MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import { SignMode } from "cosmjs-types/cosmos/tx/signing/v1beta1/signing";
import { AuthInfo, TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { Any } from "cosmjs-types/google/protobuf/any";
import type { NodeHeight } from "./cosmos-node.js";

/** The format of results by SDK version: 0.42–0.46 (`base64`), 0.47 (`plain`), 0.50–0.53 (`finalize`). */
export type ResultFormat = "base64" | "plain" | "finalize";
/** All formats, oldest first. */
export const resultFormats: readonly ResultFormat[] = ["base64", "plain", "finalize"];

/** An event of a transaction's result. */
export interface GeneratedEvent {
  readonly type: string;
  readonly attributes: readonly (readonly [key: string, value: string])[];
}

/** A transaction for a block, with its result; the result is a success by default. */
export interface GeneratedTransaction {
  readonly bytes: Uint8Array;
  readonly messageTypes: readonly string[];
  readonly code?: number;
  readonly codespace?: string;
  readonly log?: string;
  readonly gasWanted?: bigint;
  readonly gasUsed?: bigint;
  /** Events of each message, without `message.action`. */
  readonly events?: readonly (readonly GeneratedEvent[])[];
}

/** Returns the address of a name, always the same; a validator's with the prefix `testvaloper`. */
export function testAddress(name: string, prefix = "test"): string {
  const bytes = createHash("sha256").update(name).digest().subarray(0, 20);
  return bech32.encode(prefix, bech32.toWords(bytes));
}

/** The account of the distribution module, which pays rewards. */
export const distributionAccount = testAddress("distribution");

/** Encodes a message of cosmjs-types as `Any`. */
export function pack<T>(
  codec: { readonly typeUrl: string; encode(message: T): { finish(): Uint8Array } },
  message: T,
): Any {
  return Any.fromPartial({ typeUrl: codec.typeUrl, value: codec.encode(message).finish() });
}

/** Options of `makeTransaction`. */
export interface SigningOptions {
  readonly memo?: string;
  readonly fee?: readonly { readonly denom: string; readonly amount: string }[];
  readonly payer?: string;
  readonly granter?: string;
  readonly sequence?: bigint;
  readonly key?: Uint8Array;
}

/** Creates the bytes of a signed transaction. */
export function makeTransaction(messages: readonly Any[], signing: SigningOptions = {}): Uint8Array {
  const body = TxBody.fromPartial({ messages: [...messages], memo: signing.memo ?? "" });
  const authInfo = AuthInfo.fromPartial({
    signerInfos: [
      {
        ...(signing.key !== undefined && { publicKey: pack(PubKey, { key: signing.key }) }),
        modeInfo: { single: { mode: SignMode.SIGN_MODE_DIRECT } },
        sequence: signing.sequence ?? 0n,
      },
    ],
    fee: {
      amount: (signing.fee ?? [{ denom: "utest", amount: "5000" }]).map((coin) => ({ ...coin })),
      gasLimit: 200_000n,
      payer: signing.payer ?? "",
      granter: signing.granter ?? "",
    },
  });
  return TxRaw.encode({
    bodyBytes: TxBody.encode(body).finish(),
    authInfoBytes: AuthInfo.encode(authInfo).finish(),
    signatures: [new Uint8Array(64).fill(7)],
  }).finish();
}

/** Creates the bank's events of a payment, in the format of SDK 0.43 and later. */
export function paymentEvents(from: string, to: string, amount: string): GeneratedEvent[] {
  return [
    {
      type: "coin_spent",
      attributes: [
        ["spender", from],
        ["amount", amount],
      ],
    },
    {
      type: "coin_received",
      attributes: [
        ["receiver", to],
        ["amount", amount],
      ],
    },
    {
      type: "transfer",
      attributes: [
        ["recipient", to],
        ["sender", from],
        ["amount", amount],
      ],
    },
    { type: "message", attributes: [["sender", from]] },
  ];
}

function blockHash(chainId: string, height: number): string {
  return createHash("sha256").update(`${chainId}/${height}`).digest("hex").toUpperCase();
}

/** Creates a height in the format of the RPC. */
export function makeHeight(
  chainId: string,
  height: number,
  {
    transactions,
    era,
  }: { readonly transactions: readonly GeneratedTransaction[]; readonly era: ResultFormat },
): NodeHeight {
  const block = {
    block_id: { hash: blockHash(chainId, height), parts: { total: 1, hash: "AB" } },
    block: {
      header: {
        version: { block: "11" },
        chain_id: chainId,
        height: String(height),
        time: `2024-05-06T07:08:${String(height % 60).padStart(2, "0")}.00000000${height % 10}Z`.replace(
          /\.0+Z$/,
          "Z",
        ),
        last_block_id: { hash: height === 1 ? "" : blockHash(chainId, height - 1) },
        proposer_address: createHash("sha256").update("proposer").digest("hex").slice(0, 40).toUpperCase(),
      },
      data: {
        txs:
          transactions.length === 0
            ? null
            : transactions.map(({ bytes }) => Buffer.from(bytes).toString("base64")),
      },
      evidence: { evidence: [] },
      last_commit: null,
    },
  };
  const results = transactions.map((transaction) => makeResult(transaction, era));
  const txsResults = results.length === 0 ? null : results;
  const blockResults =
    era === "finalize"
      ? { height: String(height), txs_results: txsResults, finalize_block_events: [], app_hash: "" }
      : { height: String(height), txs_results: txsResults, begin_block_events: null, end_block_events: null };
  return { block, blockResults };
}

function makeResult(transaction: GeneratedTransaction, era: ResultFormat): unknown {
  const { code = 0, codespace = "", log = "", gasWanted = 200_000n, gasUsed = 60_000n } = transaction;
  const own = transaction.messageTypes.map((typeUrl, index): GeneratedEvent[] => [
    { type: "message", attributes: [["action", typeUrl]] },
    ...(transaction.events?.[index] ?? []),
  ]);
  const payer = testAddress("payer");
  const before: GeneratedEvent[] = [
    ...paymentEvents(payer, testAddress("fee_collector"), "5000utest"),
    {
      type: "tx",
      attributes: [
        ["fee", "5000utest"],
        ["fee_payer", payer],
      ],
    },
    { type: "tx", attributes: [["acc_seq", `${payer}/0`]] },
  ];
  const messageEvents = own.flatMap((events, index) =>
    events.map(({ type, attributes }): GeneratedEvent => ({
      type,
      attributes: era === "finalize" ? [...attributes, ["msg_index", String(index)]] : attributes,
    })),
  );
  const write = (text: string): string =>
    era === "base64" ? Buffer.from(text, "utf8").toString("base64") : text;
  return {
    code,
    codespace,
    data: null,
    info: "",
    log: code === 0 && era !== "finalize" ? JSON.stringify(own.map(logOf)) : log,
    gas_wanted: gasWanted.toString(),
    gas_used: gasUsed.toString(),
    events: [...before, ...(code === 0 ? messageEvents : [])].map(({ type, attributes }) => ({
      type,
      attributes: attributes.map(([key, value]) => ({ key: write(key), value: write(value), index: true })),
    })),
  };
}

/** Creates the log of older chains: it merges events of one type, and omits index 0 and empty values. */
function logOf(events: readonly GeneratedEvent[], index: number): unknown {
  const merged = new Map<string, { key: string; value?: string }[]>();
  for (const { type, attributes } of events) {
    const list = merged.get(type) ?? [];
    for (const [key, value] of attributes) list.push({ key, ...(value !== "" && { value }) });
    merged.set(type, list);
  }
  return {
    ...(index > 0 && { msg_index: index }),
    events: [...merged]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([type, attributes]) => ({ type, attributes })),
  };
}

/** Creates a chain of `count` heights with a few payments each; every fourth is empty. The formats alternate unless `era` is set. */
export function makeChain(
  chainId: string,
  count: number,
  options: { readonly era?: ResultFormat; readonly transactionsPerHeight?: number } = {},
): Map<number, NodeHeight> {
  const perHeight = options.transactionsPerHeight ?? 3;
  const heights = new Map<number, NodeHeight>();
  for (let height = 1; height <= count; height += 1) {
    const transactions = Array.from({ length: height % 4 === 0 ? 0 : perHeight }, (_, index) =>
      makePayment(height, index),
    );
    const era = options.era ?? resultFormats[height % resultFormats.length] ?? "finalize";
    heights.set(height, makeHeight(chainId, height, { transactions, era }));
  }
  return heights;
}

/** Creates a payment that is unique in its chain. */
export function makePayment(height: number, index: number): GeneratedTransaction {
  const [from, to] = [testAddress(`from ${height % 7}`), testAddress(`to ${index % 5}`)];
  const amount = `${height * 1000 + index}`;
  const message = pack(MsgSend, { fromAddress: from, toAddress: to, amount: [{ denom: "utest", amount }] });
  return {
    bytes: makeTransaction([message], {
      sequence: BigInt(height * 1000 + index),
      memo: `${height}/${index}`,
    }),
    messageTypes: [MsgSend.typeUrl],
    events: [paymentEvents(from, to, `${amount}utest`)],
  };
}
