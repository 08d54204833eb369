// Observes the workers: which chains have an online worker, and when a worker reports another head.
import type { Workers } from "../connectivity/port.js";
import { chainName, type ChainRef } from "../domain/chain.js";

/** The chains of the workers. */
export interface HeadChanges {
  /** The chains that have an online worker now. */
  online(): readonly ChainRef[];
  /** The chains that had an online worker since the start. */
  seen(): readonly ChainRef[];
  /** Calls the listener when a worker of the chain reports another head. Returns a function that removes it. */
  listen(chain: ChainRef, listener: () => void): () => void;
  close(): void;
}

/** Starts to observe. `onChain` is called for each chain at its first online worker. */
export function observeHeads(workers: Workers, onChain: (chain: ChainRef) => void = () => {}): HeadChanges {
  const seen = new Map<string, ChainRef>();
  const heads = new Map<string, string>();
  const listeners = new Map<string, Set<() => void>>();

  const observe = ({ chain, state, head }: ReturnType<Workers["list"]>[number]): void => {
    if (state !== "ONLINE") return;
    const name = chainName(chain);
    const text = `${head?.height ?? ""} ${head?.hash ?? ""}`;
    if (!seen.has(name)) {
      seen.set(name, chain);
      onChain(chain);
    }
    if (heads.get(name) === text) return;
    heads.set(name, text);
    for (const listener of listeners.get(name) ?? []) listener();
  };
  const close = workers.onChange(observe);
  for (const worker of workers.list()) observe(worker);

  return {
    online: () =>
      [...seen.values()].filter((chain) => workers.list(chain).some(({ state }) => state === "ONLINE")),
    seen: () => [...seen.values()],
    listen(chain, listener) {
      const name = chainName(chain);
      const own = (): void => listener();
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set.add(own));
      return () => {
        set.delete(own);
        if (set.size === 0 && listeners.get(name) === set) listeners.delete(name);
      };
    },
    close,
  };
}
