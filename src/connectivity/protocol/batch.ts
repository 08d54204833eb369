// Groups results into messages: whole heights together up to a size, one large height over several messages.
// Imports only domain and this folder; never sends.
import type { Height } from "../../domain/height.js";
import { TaskFailure, type TaskResult } from "../../domain/task.js";
import type { Item } from "./frames.js";
import { counts, sizes } from "./limits.js";

/** The content of one message. */
export interface Message {
  readonly items: readonly Item[];
  /** The last height that is completely sent with it. */
  readonly cursor?: Height;
}

/** Results that are not sent yet, grouped into messages. */
export interface Batch {
  readonly empty: boolean;
  /** True if the batch is large enough to send without delay. */
  readonly full: boolean;
  /** Adds a result. Throws a TaskFailure if it can never be sent. */
  add(result: TaskResult): void;
  /** Removes and returns all messages. */
  take(): readonly Message[];
}

/** Settings of a batch. */
export interface BatchOptions {
  /** Items in one message; 1 for managers without the feature `batch`. */
  readonly maxItems: number;
  /** The largest message that the manager accepts, in bytes. */
  readonly maxBytes: number;
  /** Returns the encoded size of an item, in bytes. */
  measure(item: Item): number;
}

/** Bytes of a message without its items. */
const envelope = 1_024;

interface OpenMessage {
  readonly items: Item[];
  bytes: number;
  transactions: number;
  heights: number;
}

/** Creates an empty batch. */
export function createBatch({ maxItems, maxBytes, measure }: BatchOptions): Batch {
  const limit = maxBytes - envelope;
  const targetBytes = Math.min(sizes.batch, limit);
  let messages: Message[] = [];
  let open = emptyMessage();
  let cursor: Height | undefined;
  let bufferedBytes = 0;

  const close = (): void => {
    if (open.items.length > 0) {
      messages.push({ items: open.items, ...(cursor !== undefined && { cursor }) });
    }
    open = emptyMessage();
  };

  const put = (item: Item, bytes: number): void => {
    const full = open.items.length >= maxItems || open.bytes + bytes > targetBytes;
    if (full) close();
    open.items.push(item);
    open.bytes += bytes;
    bufferedBytes += bytes;
    if (item.kind === "transaction") open.transactions += 1;
  };

  /** Returns the item and its size, or a quarantine item in place of a transaction that fits no message. */
  const fitting = (item: Item): readonly [Item, number] => {
    const bytes = measure(item);
    if (bytes <= limit) return [item, bytes];
    const error = `It takes ${bytes} bytes; at most ${limit} fit in a message.`;
    if (item.kind !== "transaction") {
      throw new TaskFailure(`A result does not fit. ${error}`, "never", { type: "too_large" });
    }
    const { height, index } = item.transaction;
    const note: Item = { kind: "quarantine", height, index, error };
    return [note, measure(note)];
  };

  const addHeight = (height: Height, items: readonly Item[]): void => {
    const sized = items.map(fitting);
    const bytes = sized.reduce((sum, [, each]) => sum + each, 0);
    // A height that fits in one message is not split because of the heights before it.
    if (open.bytes + bytes > targetBytes) close();
    for (const [item, each] of sized) put(item, each);
    cursor = height;
    open.heights += 1;
    const full =
      open.transactions >= counts.batchTransactions ||
      open.heights >= counts.batchHeights ||
      open.items.length >= maxItems;
    if (full) close();
  };

  return {
    get empty() {
      return messages.length === 0 && open.items.length === 0;
    },
    get full() {
      return messages.length > 0 || bufferedBytes >= targetBytes;
    },
    add(result) {
      const items = itemsOfResult(result);
      if (result.kind === "height") addHeight(result.block.height, items);
      else if (result.kind === "quarantine" && result.index === undefined) addHeight(result.height, items);
      else for (const item of items) put(...fitting(item));
    },
    take() {
      close();
      const taken = messages;
      messages = [];
      bufferedBytes = 0;
      return taken;
    },
  };
}

/** Returns the items of a result, in the order in which they are sent. */
export function itemsOfResult(result: TaskResult): readonly Item[] {
  switch (result.kind) {
    case "height":
      return [
        { kind: "block", block: result.block },
        ...result.transactions.map((transaction): Item => ({ kind: "transaction", transaction })),
      ];
    case "transaction":
      return [
        { kind: "block", block: result.block },
        { kind: "transaction", transaction: result.transaction },
      ];
    case "quarantine":
    case "reward":
    case "balance":
    case "delegations":
      return [result];
  }
}

function emptyMessage(): OpenMessage {
  return { items: [], bytes: 0, transactions: 0, heights: 0 };
}
