// Assembles whole heights from items. Workers send heights in ascending order without a gap.
// Imports only domain and this folder; never does I/O.
import type { Height } from "../../domain/height.js";
import type { TaskResult, TaskRequest } from "../../domain/task.js";
import { ProtocolViolation, ofChain, type Assembly } from "./assembly.js";
import type { Item } from "./frames.js";
import { createOpenHeight, type HeightItem, type OpenHeight } from "./open-height.js";

/** A request for several heights. */
export type HeightsRequest = Extract<TaskRequest, { kind: "heights" | "latest" }>;

/** Creates the assembly of a range of heights, or of the newest heights. */
export function createHeightAssembly(request: HeightsRequest): Assembly {
  const bounds = boundsOf(request);
  /** The first height that is not complete; undefined if the worker chooses where to begin. */
  let next = bounds.from;
  let remaining = bounds.limit;
  let open: OpenHeight | undefined;
  let complete: TaskResult[] = [];

  const dropReason = (height: Height): string | undefined => {
    if (remaining === 0) return "beyond_limit";
    if (next !== undefined && height < next) return "doubled";
    return height > bounds.to ? "out_of_range" : undefined;
  };

  const openHeight = (height: Height): OpenHeight => {
    next ??= height;
    if (height !== next) {
      throw new ProtocolViolation(`Height ${height} arrived, but height ${next} was expected.`);
    }
    return (open ??= createOpenHeight(height));
  };

  return {
    take(item, bytes) {
      if (!isHeightItem(item)) return "unexpected";
      const height = heightOf(item);
      // Before dropping: data of another chain is an error even if the height is a duplicate.
      const checked = checkChain(item, request);
      const reason = dropReason(height);
      if (reason !== undefined) return reason;
      const entry = openHeight(height);
      if (item.kind === "transaction" && !entry.hasBlock) {
        throw new ProtocolViolation(`A transaction of height ${height} arrived before its block.`);
      }
      const dropped = entry.take(checked, bytes);
      if (entry.isComplete) {
        complete.push(...entry.results());
        open = undefined;
        next = height + 1;
        remaining -= 1;
      }
      return dropped;
    },
    takeComplete() {
      const taken = complete;
      complete = [];
      return taken;
    },
    get cursor() {
      return next === undefined || next === 0 ? undefined : next - 1;
    },
    get incompleteBytes() {
      return open?.bytes ?? 0;
    },
    finish() {
      if (open !== undefined) throw new ProtocolViolation(open.describeMissing());
      if (request.kind === "heights" && next !== bounds.to + 1) {
        throw new ProtocolViolation(`The worker ended, but height ${next ?? bounds.to} never arrived.`);
      }
      return [];
    },
  };
}

/** Whether an item belongs to a height. */
export function isHeightItem(item: Item): item is HeightItem {
  return item.kind === "block" || item.kind === "transaction" || item.kind === "quarantine";
}

/** Returns the height of an item. */
export function heightOf(item: HeightItem): Height {
  switch (item.kind) {
    case "block":
      return item.block.height;
    case "transaction":
      return item.transaction.height;
    case "quarantine":
      return item.height;
  }
}

function checkChain(item: HeightItem, { chain }: HeightsRequest): HeightItem {
  switch (item.kind) {
    case "block": {
      const block = ofChain(item.block, chain);
      return block === item.block ? item : { ...item, block };
    }
    case "transaction": {
      const transaction = ofChain(item.transaction, chain);
      return transaction === item.transaction ? item : { ...item, transaction };
    }
    case "quarantine":
      return item;
  }
}

/** The first and last height that a request allows, and the largest number of heights. */
export interface HeightBounds {
  readonly from: Height | undefined;
  readonly to: Height;
  readonly limit: number;
}

/** Returns the bounds of a request; `from` is undefined if the worker chooses where to begin. */
export function boundsOf(request: HeightsRequest): HeightBounds {
  if (request.kind === "heights") return { ...request.range, limit: Infinity };
  const from = request.after === undefined ? undefined : request.after.height + 1;
  return { from, to: Number.MAX_SAFE_INTEGER, limit: request.limit };
}
