// Who is next among those who wait: interactive before background, callers in turn, each caller's own in order.
// Imports only this folder's port; never knows what waits.
import type { Priority } from "../port.js";

export interface FairQueue<T> {
  readonly size: number;
  /** Adds at the end of the caller's line; at its front where it waited before. */
  add(
    item: T,
    place: { readonly priority: Priority; readonly caller: string; readonly front: boolean },
  ): void;
  /** Takes the first item, in fair order, that `accept` agrees to; the turn goes on to the next caller. */
  take(accept: (item: T) => boolean): T | undefined;
  remove(item: T): void;
  /** Items in no order. */
  items(): Iterable<T>;
}

const priorities: readonly Priority[] = ["interactive", "background"];

/** Creates an empty queue. */
export function createFairQueue<T>(): FairQueue<T> {
  /** Callers in the order of their turn: a Map keeps the order of insertion. */
  const lines: Readonly<Record<Priority, Map<string, T[]>>> = {
    interactive: new Map(),
    background: new Map(),
  };
  let size = 0;

  const cut = (callers: Map<string, T[]>, caller: string, at: number): void => {
    const line = callers.get(caller) ?? [];
    line.splice(at, 1);
    size -= 1;
    callers.delete(caller);
    if (line.length > 0) callers.set(caller, line);
  };

  return {
    get size() {
      return size;
    },
    add(item, { priority, caller, front }) {
      const line = lines[priority].get(caller) ?? [];
      if (front) line.unshift(item);
      else line.push(item);
      lines[priority].set(caller, line);
      size += 1;
    },
    take(accept) {
      for (const priority of priorities) {
        for (const [caller, line] of lines[priority]) {
          const at = line.findIndex(accept);
          const item = line[at];
          if (item === undefined) continue;
          cut(lines[priority], caller, at);
          return item;
        }
      }
      return undefined;
    },
    remove(item) {
      for (const priority of priorities) {
        for (const [caller, line] of lines[priority]) {
          const at = line.indexOf(item);
          if (at >= 0) return cut(lines[priority], caller, at);
        }
      }
    },
    *items() {
      for (const priority of priorities) for (const line of lines[priority].values()) yield* line;
    },
  };
}
