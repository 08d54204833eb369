// Opens a chain and checks its node: a node of another chain ends the start, a silent or busy one is reported at once.
// Imports only chains, domain and lib.
// Never waits long for a node: a worker may start before its node.
import type { ChainReader } from "../chains/port.js";
import { chainName, type ChainHead } from "../domain/chain.js";
import { TaskFailure } from "../domain/task.js";
import type { Clock } from "../lib/clock.js";
import { errorMessage } from "../lib/error-message.js";

/** What opening a chain needs from its process. */
export interface OpenChainDeps {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Receives the reason why the node is not available. */
  readonly onFault: (reason: string) => void;
}

/** Milliseconds that a start waits for the node's first response. */
const firstResponseMs = 2_000;

/** Opens a chain. Rejects if its nodes serve another chain; any other fault of a node is reported and retried. */
export async function openChain(
  open: () => Promise<ChainReader>,
  { signal, clock, onFault }: OpenChainDeps,
): Promise<ChainReader> {
  const reader = await open();
  const answered = new AbortController();
  const checked = reader
    .head(signal)
    .then(
      () => undefined,
      (error: unknown) => error,
    )
    .finally(() => answered.abort(new Error("The node responded.")));
  const silent = clock.sleep(firstResponseMs, AbortSignal.any([signal, answered.signal])).then(
    () => true,
    () => false,
  );
  if (await silent) {
    onFault(`No response within ${firstResponseMs / 1_000} s.`);
    void checked.then((error) => error !== undefined && !signal.aborted && onFault(errorMessage(error)));
    return reader;
  }
  signal.throwIfAborted();
  const error = await checked;
  if (error === undefined) return reader;
  if (error instanceof TaskFailure && error.details.type === "wrong_chain") {
    await reader.close();
    const name = chainName(reader.chain);
    throw new Error(
      `${name} cannot be read: ${error.message} Set CHAIN_ID to the chain that the node serves, or choose a node of ${name}.`,
    );
  }
  onFault(errorMessage(error));
  return reader;
}

/** A reader whose node is observed. */
export interface ObservedReader {
  readonly reader: ChainReader;
  /** Returns why the node is not available now; undefined while it responds. */
  fault(): string | undefined;
}

/** A call without a response for this long counts as a fault. */
const silentMs = 2_500;

/** Observes the calls that read a node's head, which a worker repeats as long as it runs. */
export function observeReader(reader: ChainReader, clock: Clock): ObservedReader {
  const pending = new Set<{ readonly since: number }>();
  let failure: string | undefined;
  const head = async (signal: AbortSignal): Promise<ChainHead> => {
    const call = { since: clock.monotonic() };
    pending.add(call);
    try {
      const found = await reader.head(signal);
      failure = undefined;
      return found;
    } catch (error) {
      if (!signal.aborted) failure = errorMessage(error);
      throw error;
    } finally {
      pending.delete(call);
    }
  };
  return {
    reader: { ...reader, head },
    fault: () => {
      const endpoints = reader.endpoints?.() ?? [];
      const faults = endpoints.flatMap(({ name, lastFault }) =>
        lastFault === undefined ? [] : [`${name}: ${lastFault}`],
      );
      if (endpoints.length > 0 && faults.length === endpoints.length) return faults.join("; ");
      const oldest = Math.min(...[...pending].map(({ since }) => since));
      const silent = clock.monotonic() - oldest;
      if (silent > silentMs) return `The node has not responded for ${Math.floor(silent / 1_000)} s.`;
      return failure;
    },
  };
}
