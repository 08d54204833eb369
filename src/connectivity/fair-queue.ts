// Who is next among those who wait: interactive before background, askers in turn, each asker's own in order.
// Imports only this folder's port; never knows what waits.
import type { Priority } from "./port.js";

export interface FairQueue<T> {
  readonly size: number;
  /** Adds at the end of the asker's line; at its front where it waited before. */
  add(item: T, place: { readonly priority: Priority; readonly asker: string; readonly front: boolean }): void;
  /** Takes the first item, in fair order, that `accept` agrees to; the turn goes on to the next asker. */
  take(accept: (item: T) => boolean): T | undefined;
  remove(item: T): void;
  /** Items in no order. */
  items(): Iterable<T>;
}

const priorities: readonly Priority[] = ["interactive", "background"];

/** Creates an empty queue. */
export function createFairQueue<T>(): FairQueue<T> {
  /** Askers in the order of their turn: a Map keeps the order of insertion. */
  const lines: Readonly<Record<Priority, Map<string, T[]>>> = {
    interactive: new Map(),
    background: new Map(),
  };
  let size = 0;

  const cut = (askers: Map<string, T[]>, asker: string, at: number): void => {
    const line = askers.get(asker) ?? [];
    line.splice(at, 1);
    size -= 1;
    askers.delete(asker);
    if (line.length > 0) askers.set(asker, line);
  };

  return {
    get size() {
      return size;
    },
    add(item, { priority, asker, front }) {
      const line = lines[priority].get(asker) ?? [];
      if (front) line.unshift(item);
      else line.push(item);
      lines[priority].set(asker, line);
      size += 1;
    },
    take(accept) {
      for (const priority of priorities) {
        for (const [asker, line] of lines[priority]) {
          const at = line.findIndex(accept);
          const item = line[at];
          if (item === undefined) continue;
          cut(lines[priority], asker, at);
          return item;
        }
      }
      return undefined;
    },
    remove(item) {
      for (const priority of priorities) {
        for (const [asker, line] of lines[priority]) {
          const at = line.indexOf(item);
          if (at >= 0) return cut(lines[priority], asker, at);
        }
      }
    },
    *items() {
      for (const priority of priorities) for (const line of lines[priority].values()) yield* line;
    },
  };
}
