// A fair order of waiting items: interactive before background, callers in turn, each caller's items in order.
// Imports only the port; never knows the content of an item.
import type { Priority } from "../port.js";

/** The place of an item in the queue. */
export interface QueuePlace {
  readonly priority: Priority;
  readonly caller: string;
  /** True to put the item in front of the caller's other items. */
  readonly front: boolean;
}

/** Waiting items. */
export interface FairQueue<T> {
  readonly size: number;
  add(item: T, place: QueuePlace): void;
  /** Removes and returns the first acceptable item in fair order, and moves its caller to the end of the turn. */
  take(accept: (item: T) => boolean): T | undefined;
  remove(item: T): void;
  /** Returns the items in no particular order. */
  items(): Iterable<T>;
}

const priorities: readonly Priority[] = ["interactive", "background"];

/** Creates an empty queue. */
export function createFairQueue<T>(): FairQueue<T> {
  /** Callers in the order of their turn: a Map keeps the order of insertion. */
  const callersByPriority: Readonly<Record<Priority, Map<string, T[]>>> = {
    interactive: new Map(),
    background: new Map(),
  };
  let size = 0;

  const removeAt = (callers: Map<string, T[]>, caller: string, at: number): void => {
    const items = callers.get(caller) ?? [];
    items.splice(at, 1);
    size -= 1;
    callers.delete(caller);
    if (items.length > 0) callers.set(caller, items);
  };

  return {
    get size() {
      return size;
    },
    add(item, { priority, caller, front }) {
      const items = callersByPriority[priority].get(caller) ?? [];
      if (front) items.unshift(item);
      else items.push(item);
      callersByPriority[priority].set(caller, items);
      size += 1;
    },
    take(accept) {
      for (const priority of priorities) {
        for (const [caller, items] of callersByPriority[priority]) {
          const at = items.findIndex(accept);
          const item = items[at];
          if (item === undefined) continue;
          removeAt(callersByPriority[priority], caller, at);
          return item;
        }
      }
      return undefined;
    },
    remove(item) {
      for (const priority of priorities) {
        for (const [caller, items] of callersByPriority[priority]) {
          const at = items.indexOf(item);
          if (at >= 0) return removeAt(callersByPriority[priority], caller, at);
        }
      }
    },
    *items() {
      for (const priority of priorities)
        for (const items of callersByPriority[priority].values()) yield* items;
    },
  };
}
