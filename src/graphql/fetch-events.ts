// One fetch as the gateway runs it: with a time limit, until exactly one final. Imports client's types. Never stores data.
import type { FetchEvent, FetchFinal, FetchRequest } from "../client/port.js";
import { IndexerError } from "../domain/errors.js";
import type { GatewayContext } from "./context.js";

/** What was delivered so far, for a final that the client itself could not send. */
interface Progress {
  fetchId: string | undefined;
  parts: number;
  blockCount: number;
  transactionCount: number;
}

/**
 * Starts a fetch and returns its events. A wrong request throws at once. If the time limit passes or the gateway closes,
 * the final reports it, like any failure of the work.
 */
export function fetchEvents(
  { client, limits, closing }: Pick<GatewayContext, "client" | "limits" | "closing">,
  request: FetchRequest,
  disconnected: AbortSignal,
): AsyncGenerator<FetchEvent, void, undefined> {
  const work = new AbortController();
  const events = client.fetch(request, work.signal);
  return untilFinal(events, { work, limits, closing, disconnected });
}

async function* untilFinal(
  events: AsyncIterable<FetchEvent>,
  {
    work,
    limits,
    closing,
    disconnected,
  }: Pick<GatewayContext, "limits" | "closing" | "disconnected"> & { readonly work: AbortController },
): AsyncGenerator<FetchEvent, void, undefined> {
  const started = performance.now();
  const progress: Progress = { fetchId: undefined, parts: 0, blockCount: 0, transactionCount: 0 };
  let cause: IndexerError | undefined;
  const end = (error: IndexerError | undefined): void => {
    cause ??= error;
    work.abort(error);
  };
  const disconnect = (): void => end(undefined);
  const close = (): void =>
    end(new IndexerError("SHUTTING_DOWN", "This manager is shutting down. Fetch again at another manager."));
  const timer = setTimeout(() => {
    const seconds = limits.fetchMs / 1000;
    const message = `The fetch took longer than ${seconds} s, its time limit. Its parts so far are stored. Fetch the rest again.`;
    end(new IndexerError("TIMEOUT", message, { limit: seconds }));
  }, limits.fetchMs);
  disconnected.addEventListener("abort", disconnect);
  closing.addEventListener("abort", close);
  if (disconnected.aborted) disconnect();
  if (closing.aborted) close();
  try {
    for await (const event of events) {
      if (event.kind === "final") {
        yield cause === undefined ? event : failed(event, cause);
        return;
      }
      record(progress, event);
      yield event;
    }
  } catch (error) {
    const { fetchId, ...counts } = progress;
    if (cause === undefined || fetchId === undefined) throw cause ?? error;
    const durationMs = Math.round(performance.now() - started);
    yield failed({ kind: "final", status: "FAILED", fetchId, ...counts, durationMs }, cause);
  } finally {
    clearTimeout(timer);
    disconnected.removeEventListener("abort", disconnect);
    closing.removeEventListener("abort", close);
  }
}

function record(progress: Progress, event: Exclude<FetchEvent, FetchFinal>): void {
  progress.fetchId = event.fetchId;
  if (event.kind !== "part") return;
  progress.parts += 1;
  progress.blockCount += event.blocks.length;
  progress.transactionCount += event.transactions.length;
}

function failed(final: FetchFinal, { code, message, retryable }: IndexerError): FetchFinal {
  return { ...final, status: "FAILED", error: { code, message, retryable } };
}
