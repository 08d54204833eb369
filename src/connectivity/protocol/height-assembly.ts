// Whole heights from pieces: our peers send heights in order, legacy peers as they come.
// Imports only domain and this folder; never does I/O.
import type { Height } from "../../domain/height.js";
import type { TaskResult, TaskRequest } from "../../domain/task.js";
import type { Assembly } from "./assembly.js";
import { ProtocolViolation, ofChain } from "./assembly.js";
import type { Item } from "./frames.js";
import { createOpenHeight, type OpenHeight } from "./open-height.js";

type HeightsRequest = Extract<TaskRequest, { kind: "heights" | "latest" }>;

/** Creates the assembly of a range, or of what is new. */
export function createHeightAssembly(
  request: HeightsRequest,
  { legacy }: { readonly legacy: boolean },
): Assembly {
  const open = new Map<Height, OpenHeight>();
  const bounds = boundsOf(request);
  let next = bounds.from;
  let left = bounds.limit;
  let heldBytes = 0;
  let newest: Height | undefined;
  let last: Height | undefined;

  const opened = (height: Height): OpenHeight => {
    let entry = open.get(height);
    if (entry === undefined) {
      entry = createOpenHeight(height);
      open.set(height, entry);
    }
    return entry;
  };

  /** Why a height is not wanted, or nothing. */
  const unwanted = (height: Height): string | undefined => {
    if (left === 0) return "beyond_limit";
    if (next !== undefined && height < next) return "doubled";
    return height > bounds.to ? "out_of_range" : undefined;
  };

  /** The height that a peer which sends in order must go on with; nothing where it may choose. */
  const due = (): Height | undefined => {
    if (last === undefined) return next;
    return open.get(last)?.isWhole === false ? last : last + 1;
  };

  const refuseDisorder = (piece: HeightPiece, height: Height): void => {
    const expected = due();
    if (expected !== undefined && height !== expected) {
      throw new ProtocolViolation(`Height ${height} came where ${expected} was due.`);
    }
    last = height;
    if (piece.kind === "transaction" && !open.get(height)?.hasBlock) {
      throw new ProtocolViolation(`A transaction of height ${height} came before its block.`);
    }
  };

  const close = (height: Height, entry: OpenHeight): readonly TaskResult[] => {
    open.delete(height);
    heldBytes -= entry.bytes;
    next = height + 1;
    left -= 1;
    return entry.answers();
  };

  const whole = (): TaskResult[] => {
    const answers: TaskResult[] = [];
    // A legacy peer that was not told where to begin may send its newest height first.
    if (next === undefined && legacy) return answers;
    while (left > 0) {
      const at = next ?? open.keys().next().value;
      const entry = at === undefined ? undefined : open.get(at);
      if (at === undefined || entry === undefined || !entry.isWhole) return answers;
      answers.push(...close(at, entry));
    }
    return answers;
  };

  return {
    take(piece, bytes) {
      if (piece.kind === "partial") return undefined;
      if (!isHeightPiece(piece)) return "unexpected";
      const height = heightOf(piece);
      newest = Math.max(newest ?? height, height);
      const reason = unwanted(height);
      if (reason !== undefined) {
        // Seen for its chain all the same: an answer for another chain is no harmless double.
        checkChain(piece, request);
        return reason;
      }
      if (!legacy) refuseDisorder(piece, height);
      const entry = opened(height);
      const before = entry.bytes;
      const dropped = entry.take(checkChain(piece, request), bytes);
      heldBytes += entry.bytes - before;
      return dropped;
    },
    takeComplete: whole,
    get cursor() {
      return next === undefined || next === 0 ? undefined : next - 1;
    },
    get incompleteBytes() {
      return heldBytes;
    },
    finish() {
      if (next === undefined) next = smallest(open.keys());
      const answers = whole();
      if (left === 0) return answers;
      if (request.kind === "heights" ? next !== bounds.to + 1 : open.size > 0) {
        throw missing({ next: next ?? bounds.to, entry: open.get(next ?? bounds.to), request, newest });
      }
      return answers;
    },
  };
}

type HeightPiece = Extract<Item, { kind: "block" | "transaction" | "quarantine" }>;

function isHeightPiece(piece: Item): piece is HeightPiece {
  return piece.kind === "block" || piece.kind === "transaction" || piece.kind === "quarantine";
}

function heightOf(piece: HeightPiece): Height {
  switch (piece.kind) {
    case "block":
      return piece.block.height;
    case "transaction":
      return piece.transaction.height;
    case "quarantine":
      return piece.height;
  }
}

function checkChain(piece: HeightPiece, { chain }: HeightsRequest): HeightPiece {
  switch (piece.kind) {
    case "block": {
      const block = ofChain(piece.block, chain);
      return block === piece.block ? piece : { ...piece, block };
    }
    case "transaction": {
      const transaction = ofChain(piece.transaction, chain);
      return transaction === piece.transaction ? piece : { ...piece, transaction };
    }
    case "quarantine":
      return piece;
  }
}

function boundsOf(request: HeightsRequest): { from: Height | undefined; to: Height; limit: number } {
  if (request.kind === "heights") return { ...request.range, limit: Infinity };
  const from = request.after === undefined ? undefined : request.after.height + 1;
  return { from, to: Number.MAX_SAFE_INTEGER, limit: request.limit };
}

function smallest(heights: Iterable<Height>): Height | undefined {
  let least: Height | undefined;
  for (const height of heights) least = least === undefined ? height : Math.min(least, height);
  return least;
}

function missing(state: {
  readonly next: Height;
  readonly entry: OpenHeight | undefined;
  readonly request: HeightsRequest;
  readonly newest: Height | undefined;
}): ProtocolViolation {
  const { next, entry, request, newest } = state;
  if (entry !== undefined) return new ProtocolViolation(entry.lack());
  const message = `The worker said it was done, but height ${next} never came.`;
  return new ProtocolViolation(message, request.kind === "latest" ? newest : undefined);
}
