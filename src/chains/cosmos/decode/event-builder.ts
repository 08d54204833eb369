// Builds an event of the common format from its parts, without the empty ones.
// Imports only domain; never reads a message.
import type { Amount } from "../../../domain/amount.js";
import type { AccountRef, SubEvent, Transfer } from "../../../domain/transaction.js";

/** The mutable parts of an event, named as in the common format. Accounts of a role may repeat or be empty. */
export interface EventParts {
  readonly type: readonly string[];
  readonly module: string;
  readonly action?: string;
  sender?: readonly Transfer[];
  readonly recipient?: readonly Transfer[];
  readonly node: Map<string, readonly string[]>;
  nonce?: string | undefined;
  readonly completion?: string | undefined;
  amount?: readonly (readonly [name: string, amount: Amount])[];
  readonly transfers?: readonly (readonly [name: string, transfers: readonly Transfer[]])[];
  readonly additional: Map<string, readonly string[]>;
  error?: string | undefined;
  readonly sub?: readonly SubEvent[];
}

type MutableSubEvent = { -readonly [K in keyof SubEvent]: SubEvent[K] };

/** Builds the event. Assigns field by field, since conditional spreads dominate the cost of this hot path. */
export function buildEvent(parts: EventParts): SubEvent {
  const { type, module, action, sender, recipient, nonce, completion, error, sub } = parts;
  const event: MutableSubEvent = { type };
  if (action !== undefined) event.action = action;
  if (module !== "") event.module = module;
  if (sender !== undefined && sender.length > 0) event.sender = sender;
  if (recipient !== undefined && recipient.length > 0) event.recipient = recipient;
  const node = toRecord(parts.node, accountRefs);
  if (node !== undefined) event.node = node;
  if (nonce !== undefined) event.nonce = nonce;
  if (completion !== undefined) event.completion = completion;
  const amount = toRecord(parts.amount ?? [], (value) => value);
  if (amount !== undefined) event.amount = amount;
  const transfers = toRecord(parts.transfers ?? [], nonEmpty);
  if (transfers !== undefined) event.transfers = transfers;
  if (error !== undefined) event.error = error;
  const additional = toRecord(parts.additional, nonEmpty);
  if (additional !== undefined) event.additional = additional;
  if (sub !== undefined && sub.length > 0) event.sub = sub;
  return event;
}

/** Maps entries to an object without those that `read` maps to undefined; undefined if none is left. */
function toRecord<V, R>(
  entries: Iterable<readonly [string, V]>,
  read: (value: V) => R | undefined,
): Record<string, R> | undefined {
  let found: Record<string, R> | undefined;
  for (const [name, value] of entries) {
    const kept = read(value);
    if (kept !== undefined) (found ??= {})[name] = kept;
  }
  return found;
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function accountRefs(accounts: readonly string[]): readonly AccountRef[] | undefined {
  const refs: AccountRef[] = [];
  for (const id of accounts) if (id !== "" && !refs.some((each) => each.id === id)) refs.push({ id });
  return nonEmpty(refs);
}
