// One fetch as the gateway runs it: with a time limit, until exactly one final. Imports client's port; never stores.
import type { FetchEvent, FetchFinal, FetchRequest } from "../client/port.js";
import { IndexerError } from "../domain/errors.js";
import type { GatewayContext } from "./context.js";

/** What was told so far, for a final that the client could not give any more. */
interface Told {
  fetchId: string | undefined;
  parts: number;
  blocks: number;
  transactions: number;
}

/** The events of a fetch. A time limit that passes, or a closing gateway, is told by the final like any failure of the work. */
export async function* fetchEvents(
  { client, limits, closing }: Pick<GatewayContext, "client" | "limits" | "closing">,
  request: FetchRequest,
  left: AbortSignal,
): AsyncGenerator<FetchEvent, void, undefined> {
  const work = new AbortController();
  const started = performance.now();
  const told: Told = { fetchId: undefined, parts: 0, blocks: 0, transactions: 0 };
  let cause: IndexerError | undefined;
  const end = (error: IndexerError | undefined): void => {
    cause ??= error;
    work.abort(error);
  };
  const leave = (): void => end(undefined);
  const close = (): void =>
    end(new IndexerError("SHUTTING_DOWN", "This manager is closing: ask another one."));
  const timer = setTimeout(() => {
    const seconds = limits.fetchMs / 1000;
    end(
      new IndexerError(
        "TIMEOUT",
        `The fetch took longer than its limit of ${seconds} s; what came is stored.`,
        {
          limit: seconds,
        },
      ),
    );
  }, limits.fetchMs);
  left.addEventListener("abort", leave);
  closing.addEventListener("abort", close);
  if (left.aborted) leave();
  if (closing.aborted) close();
  try {
    for await (const event of client.fetch(request, work.signal)) {
      if (event.kind === "final") {
        yield cause === undefined ? event : failed(event, cause);
        return;
      }
      note(told, event);
      yield event;
    }
  } catch (error) {
    if (cause === undefined || told.fetchId === undefined) throw cause ?? error;
    const { parts, blocks, transactions } = told;
    const counts = {
      parts,
      blockCount: blocks,
      transactionCount: transactions,
      durationMs: Math.round(performance.now() - started),
    };
    yield failed({ kind: "final", status: "FAILED", fetchId: told.fetchId, ...counts }, cause);
  } finally {
    clearTimeout(timer);
    left.removeEventListener("abort", leave);
    closing.removeEventListener("abort", close);
  }
}

function note(told: Told, event: Exclude<FetchEvent, FetchFinal>): void {
  told.fetchId = event.fetchId;
  if (event.kind !== "part") return;
  told.parts += 1;
  told.blocks += event.blocks.length;
  told.transactions += event.transactions.length;
}

function failed(final: FetchFinal, { code, message, retryable }: IndexerError): FetchFinal {
  return { ...final, status: "FAILED", error: { code, message, retryable } };
}
