// The interpretation of a message type beyond the plain values of its fields.
// Imports only domain and its neighbours; never builds an event.
import type { Amount } from "../../../domain/amount.js";
import type { SubEvent, Transfer } from "../../../domain/transaction.js";
import { decodeBytes, type Codec } from "./bytes-reader.js";
import { amountFromCoin, type Coin } from "./coins.js";
import type { FieldHints, Packed } from "./fields.js";
import { createTransfer } from "./transfers.js";
import type { NodeEvent } from "./node-events.js";

/** The context of a message. */
export interface MessageContext {
  /** The events of this message; empty if it was not executed. */
  readonly events: readonly NodeEvent[];
  /** The denomination of the transaction's fee, in which EVM values are counted. */
  readonly feeDenom: string | undefined;
  /** The number of messages that enclose this one. */
  readonly depth: number;
  /** Decodes a message nested in this one, with its own events. */
  decodeInner(packed: Packed, events?: readonly NodeEvent[]): SubEvent;
}

/** The result of a rule. Absent parts are derived from the fields. */
export interface Interpretation {
  readonly sender?: readonly Transfer[];
  readonly recipient?: readonly Transfer[];
  readonly node?: Readonly<Record<string, readonly string[]>>;
  readonly amounts?: readonly (readonly [name: string, amount: Amount])[];
  readonly additional?: Readonly<Record<string, readonly string[]>>;
  readonly sub?: readonly SubEvent[];
  readonly nonce?: string;
  /** RFC 3339. */
  readonly completion?: string;
  /** The name of the distribution module's payments in `transfers`; `reward` by default. */
  readonly payoutName?: string;
  /** The message's own events, if some of the context's events belong to messages in `sub`. */
  readonly ownEvents?: readonly NodeEvent[];
  readonly hints?: FieldHints;
}

/** Decodes and interprets messages of one type. */
export interface MessageRule {
  readonly typeUrl: string;
  interpret(
    bytes: Uint8Array,
    context: MessageContext,
  ): { readonly message: object; readonly meaning: Interpretation };
}

/** Creates the rule of a codec's type. */
export function messageRule<T extends object>(
  codec: Codec<T>,
  interpret: (message: T, context: MessageContext) => Interpretation,
): MessageRule {
  return {
    typeUrl: codec.typeUrl,
    interpret: (bytes, context) => {
      const message = decodeBytes(codec, bytes);
      return { message, meaning: interpret(message, context) };
    },
  };
}

/** A list of one transfer; empty for an empty account. */
export function singleTransfer(account: string, coins: readonly Coin[] = []): Transfer[] {
  return account === "" ? [] : [createTransfer(account, coins.map(amountFromCoin))];
}

/** A list of an optional coin. */
export function coinList(coin: Coin | undefined): Coin[] {
  return coin === undefined ? [] : [coin];
}
