// Work that must not overlap: one turn at a time for each name.

/** Turns by name. */
export interface Turns {
  /** Runs the work after all earlier work of this name has ended. */
  take<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** Creates turns without waiting work. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    take(name, work) {
      const turn = (last.get(name) ?? Promise.resolve()).then(work);
      const ended = turn.catch(() => {});
      last.set(name, ended);
      void ended.then(() => {
        if (last.get(name) === ended) last.delete(name);
      });
      return turn;
    },
  };
}
