// The nodes of `indexer dev`: which chains are open, which wait for their node, and why.
// Imports only chains, domain, lib and this folder.
// Never names a network.
import type { OpenDeps } from "../chains/adapter.js";
import type { ChainReader } from "../chains/port.js";
import { chainName } from "../domain/chain.js";
import { systemClock } from "../lib/clock.js";
import { observeReader, openChain, type ObservedReader } from "./open-chain.js";
import type { NodeFaultReport } from "./status-line.js";

/** The chains of a process, open or not. */
export interface DevNodes {
  /** Opens a chain under the name of its address. Rejects if its node serves another chain. */
  open(name: string, open: (deps: OpenDeps) => Promise<ChainReader>, deps: OpenDeps): Promise<ChainReader>;
  readers(): readonly ChainReader[];
  /** Returns the names of chains that are not open yet. */
  opening(): readonly string[];
  /** Returns the faults of nodes, by the name of the address or of the chain. */
  faults(): readonly NodeFaultReport[];
}

/** Creates the list of chains. */
export function createDevNodes(): DevNodes {
  const clock = systemClock;
  const waiting = new Map<string, string | undefined>();
  const opened: ObservedReader[] = [];
  return {
    async open(name, open, deps) {
      waiting.set(name, undefined);
      const onWaiting = (reason: string): void => {
        if (waiting.has(name)) waiting.set(name, reason);
      };
      try {
        const reader = await openChain(() => open({ ...deps, onWaiting }), {
          signal: deps.signal,
          clock,
          onFault: onWaiting,
        });
        const observed = observeReader(reader, clock);
        opened.push(observed);
        return observed.reader;
      } finally {
        waiting.delete(name);
      }
    },
    readers: () => opened.map(({ reader }) => reader),
    opening: () => [...waiting.keys()],
    faults: () => [
      ...[...waiting].flatMap(([name, reason]) => (reason === undefined ? [] : [{ name, reason }])),
      ...opened.flatMap((observed) => {
        const name = chainName(observed.reader.chain);
        const reason = observed.fault();
        return reason === undefined ? [] : [{ name, reason }];
      }),
    ],
  };
}
