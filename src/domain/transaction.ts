// A transaction in the common format, and the participants in its events. Pure values; imports only domain; never does I/O.
import type { Amount } from "./amount.js";
import type { Block } from "./block.js";
import type { ChainRef } from "./chain.js";
import type { Height } from "./height.js";
import type { UnixNanos } from "./time.js";

/** An account in the chain's own notation, with optional details. */
export interface AccountRef {
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
  readonly contact?: string;
  readonly website?: string;
}

/** A transfer: an account and the amounts that it sent or received. */
export interface Transfer {
  readonly account: AccountRef;
  readonly amounts: readonly Amount[];
}

/** One action of an event. Empty fields are absent. */
export interface SubEvent {
  readonly type: readonly string[];
  readonly action?: string;
  readonly module?: string;
  readonly sender?: readonly Transfer[];
  readonly recipient?: readonly Transfer[];
  /** Accounts by their role: `validator`, `delegator`, `fee_payer`, … */
  readonly node?: Readonly<Record<string, readonly AccountRef[]>>;
  readonly nonce?: string;
  /** RFC 3339, UTC. */
  readonly completion?: string;
  readonly amount?: Readonly<Record<string, Amount>>;
  readonly transfers?: Readonly<Record<string, readonly Transfer[]>>;
  readonly error?: string;
  readonly additional?: Readonly<Record<string, readonly string[]>>;
  readonly sub?: readonly SubEvent[];
}

/** One message or log of a transaction, in order. */
export interface TransactionEvent {
  readonly id: string;
  readonly kind: string;
  readonly sub: readonly SubEvent[];
}

/** A transaction in the common format, as a worker returns it. */
export interface Transaction {
  readonly chain: ChainRef;
  readonly hash: string;
  readonly blockHash: string;
  readonly height: Height;
  /** Position in its block, from 0. */
  readonly index: number;
  readonly time: UnixNanos;
  readonly epoch?: string;
  readonly fee: readonly Amount[];
  readonly gasWanted: bigint;
  readonly gasUsed: bigint;
  readonly memo: string;
  readonly hasErrors: boolean;
  readonly events: readonly TransactionEvent[];
  /** The transaction as the chain encoded it. */
  readonly raw?: Uint8Array;
  /** The log as the node returned it. */
  readonly rawLog?: Uint8Array;
}

/** A block with all of its transactions, in order: the smallest unit of coverage. */
export interface BlockData {
  readonly block: Block;
  readonly transactions: readonly Transaction[];
}

/** The action types and the accounts of a transaction, each once, in order of first occurrence. */
export interface Participation {
  readonly types: readonly string[];
  readonly parties: readonly string[];
  readonly senders: readonly string[];
  readonly recipients: readonly string[];
}

/** Collects the participants from events. This is the only definition of a party. */
export function participation(events: readonly TransactionEvent[]): Participation {
  const types = new Set<string>();
  const parties = new Set<string>();
  const senders = new Set<string>();
  const recipients = new Set<string>();

  const visit = (sub: SubEvent): void => {
    for (const type of sub.type) types.add(type);
    for (const { account } of sub.sender ?? []) {
      senders.add(account.id);
      parties.add(account.id);
    }
    for (const { account } of sub.recipient ?? []) {
      recipients.add(account.id);
      parties.add(account.id);
    }
    for (const accounts of Object.values(sub.node ?? {})) {
      for (const account of accounts) parties.add(account.id);
    }
    for (const transfers of Object.values(sub.transfers ?? {})) {
      for (const { account } of transfers) parties.add(account.id);
    }
    for (const inner of sub.sub ?? []) visit(inner);
  };
  for (const event of events) for (const sub of event.sub) visit(sub);

  for (const set of [parties, senders, recipients]) set.delete("");
  return { types: [...types], parties: [...parties], senders: [...senders], recipients: [...recipients] };
}
