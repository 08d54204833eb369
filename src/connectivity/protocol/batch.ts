// Cuts answers into messages: whole heights together up to a size, one fat height over several.
// Imports only domain and this folder; never sends.
import type { Height } from "../../domain/height.js";
import { TaskFailure, type TaskResult } from "../../domain/task.js";
import type { Item } from "./frames.js";
import { counts, sizes } from "./limits.js";

/** What goes into one message. */
export interface Message {
  readonly items: readonly Item[];
  /** The last height that is wholly sent with it. */
  readonly cursor?: Height;
}

export interface Batch {
  readonly empty: boolean;
  /** Worth sending without waiting for more. */
  readonly full: boolean;
  /** Adds an answer. Throws a TaskFailure where it can never be sent. */
  add(answer: TaskResult): void;
  /** Takes all that was added. */
  take(): readonly Message[];
}

export interface BatchOptions {
  /** False for peers that take one thing a message. */
  readonly together: boolean;
  /** The largest message that the peer takes. */
  readonly maxBytes: number;
  measure(piece: Item): number;
}

/** Room for what a message holds beside its pieces. */
const envelope = 1_024;

/** Creates an empty batch. */
export function createBatch({ together, maxBytes, measure }: BatchOptions): Batch {
  const limit = maxBytes - envelope;
  const soft = Math.min(sizes.batch, limit);
  let messages: Message[] = [];
  let open: { pieces: Item[]; bytes: number; transactions: number; heights: number } = emptyMessage();
  let cursor: Height | undefined;
  let waiting = 0;

  const close = (): void => {
    if (open.pieces.length > 0)
      messages.push({ items: open.pieces, ...(cursor !== undefined && { cursor }) });
    open = emptyMessage();
  };

  const put = (piece: Item, bytes: number): void => {
    if (open.bytes + bytes > soft && open.pieces.length > 0) close();
    open.pieces.push(piece);
    open.bytes += bytes;
    waiting += bytes;
    if (piece.kind === "transaction") open.transactions += 1;
  };

  /** The piece, or what stands for it where it is larger than any message may be. */
  const fitting = (piece: Item): readonly [Item, number] => {
    const bytes = measure(piece);
    if (bytes <= limit) return [piece, bytes];
    const error = `It takes ${bytes} bytes, more than the ${limit} that fit in a message.`;
    if (piece.kind !== "transaction" || !together) {
      throw new TaskFailure(`An answer does not fit. ${error}`, "never", { type: "too_large" });
    }
    const { height, index } = piece.transaction;
    const note: Item = { kind: "quarantine", height, index, error };
    return [note, measure(note)];
  };

  const addHeight = (height: Height, pieces: readonly Item[]): void => {
    const sized = pieces.map(fitting);
    const bytes = sized.reduce((sum, [, each]) => sum + each, 0);
    // A height that fits a message is not torn apart by what came before it.
    if (open.bytes + bytes > soft) close();
    for (const [piece, each] of sized) put(piece, each);
    cursor = height;
    open.heights += 1;
    if (open.transactions >= counts.batchTransactions || open.heights >= counts.batchHeights) close();
  };

  const addSingly = (pieces: readonly Item[]): void => {
    for (const piece of pieces) {
      put(...fitting(piece));
      close();
    }
  };

  return {
    get empty() {
      return messages.length === 0 && open.pieces.length === 0;
    },
    get full() {
      return messages.length > 0 || waiting >= soft;
    },
    add(answer) {
      const pieces = piecesOf(answer);
      if (!together)
        addSingly(answer.kind === "height" ? [...pieces, partialOf(answer.block.height)] : pieces);
      else if (answer.kind === "height") addHeight(answer.block.height, pieces);
      else if (answer.kind === "quarantine" && answer.index === undefined) addHeight(answer.height, pieces);
      else for (const piece of pieces) put(...fitting(piece));
    },
    take() {
      close();
      const taken = messages;
      messages = [];
      waiting = 0;
      return taken;
    },
  };
}

function emptyMessage(): { pieces: Item[]; bytes: number; transactions: number; heights: number } {
  return { pieces: [], bytes: 0, transactions: 0, heights: 0 };
}

function partialOf(height: Height): Item {
  return { kind: "partial", height };
}

function piecesOf(answer: TaskResult): readonly Item[] {
  switch (answer.kind) {
    case "height":
      return [
        { kind: "block", block: answer.block },
        ...answer.transactions.map((transaction): Item => ({ kind: "transaction", transaction })),
      ];
    case "transaction":
      return [
        { kind: "block", block: answer.block },
        { kind: "transaction", transaction: answer.transaction },
      ];
    case "quarantine":
    case "reward":
    case "balance":
    case "delegations":
      return [answer];
  }
}
