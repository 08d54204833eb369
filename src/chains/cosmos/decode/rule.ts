// How one message type is understood beyond what its fields say by themselves.
// Imports only domain and its neighbours; never assembles an event.
import type { Amount } from "../../../domain/amount.js";
import type { SubEvent, Transfer } from "../../../domain/transaction.js";
import { decodeBytes, type Codec } from "./bytes-reader.js";
import { coinAmount, type Coin } from "./coins.js";
import type { FieldHints, Packed } from "./fields.js";
import { transfer } from "./money.js";
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
  inner(packed: Packed, events?: readonly NodeEvent[]): SubEvent;
}

/** What a rule says. What it leaves out is read off the fields. */
export interface Meaning {
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
  readonly payments?: string;
  /** The events that are the message's own, where others of them are of messages in `sub` and stand there. */
  readonly eventsLeft?: readonly NodeEvent[];
  readonly hints?: FieldHints;
}

/** The rule of one type. */
export interface Rule {
  readonly typeUrl: string;
  read(bytes: Uint8Array, context: MessageContext): { readonly message: object; readonly meaning: Meaning };
}

/** A rule over a library's type. */
export function rule<T extends object>(
  codec: Codec<T>,
  explain: (message: T, context: MessageContext) => Meaning,
): Rule {
  return {
    typeUrl: codec.typeUrl,
    read: (bytes, context) => {
      const message = decodeBytes(codec, bytes);
      return { message, meaning: explain(message, context) };
    },
  };
}

/** One account that gives or gets coins; nobody where it is empty. */
export function one(account: string, coins: readonly Coin[] = []): Transfer[] {
  return account === "" ? [] : [transfer(account, coins.map(coinAmount))];
}

/** A coin that may be left out, as a list. */
export function some(coin: Coin | undefined): Coin[] {
  return coin === undefined ? [] : [coin];
}
