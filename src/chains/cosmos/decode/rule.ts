// How one message type is understood beyond what its fields say by themselves.
// Imports only domain and its neighbours; never assembles an event.
import type { Amount } from "../../../domain/amount.js";
import type { SubEvent, Transfer } from "../../../domain/transaction.js";
import { decodeBytes, type Codec } from "./bytes-reader.js";
import { amountFromCoin, type Coin } from "./coins.js";
import type { FieldHints, Packed } from "./fields.js";
import { createTransfer } from "./transfers.js";
import type { NodeEvent } from "./node-events.js";

/** What surrounds a message. */
export interface MessageContext {
  /** The events of this very message; none where it was not run. */
  readonly events: readonly NodeEvent[];
  /** The coin that the transaction's fee is paid in: what an EVM's value is counted in. */
  readonly feeDenom: string | undefined;
  /** How many messages this one is inside of. */
  readonly depth: number;
  /** Understands a message inside this one, with the events that are its own. */
  decodeInner(packed: Packed, events?: readonly NodeEvent[]): SubEvent;
}

/** What a rule says. What it leaves out is read off the fields. */
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
  /** Under which name the distribution module's payments stand; `reward` unless told. */
  readonly payoutName?: string;
  /** The events that are the message's own, where others of them are of messages in `sub` and stand there. */
  readonly ownEvents?: readonly NodeEvent[];
  readonly hints?: FieldHints;
}

/** The rule of one type. */
export interface MessageRule {
  readonly typeUrl: string;
  interpret(
    bytes: Uint8Array,
    context: MessageContext,
  ): { readonly message: object; readonly meaning: Interpretation };
}

/** A rule over a library's type. */
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

/** One account that gives or gets coins; nobody where it is empty. */
export function singleTransfer(account: string, coins: readonly Coin[] = []): Transfer[] {
  return account === "" ? [] : [createTransfer(account, coins.map(amountFromCoin))];
}

/** A coin that may be left out, as a list. */
export function coinList(coin: Coin | undefined): Coin[] {
  return coin === undefined ? [] : [coin];
}
