// Runs the requests of schedulers through the client. Imports the client's port and this folder.
// Never fails: a failure is part of the response.
import type { Client } from "../client/port.js";
import { toIndexerError } from "../domain/errors.js";
import type { Logger } from "../lib/logger.js";
import { publicFailure } from "./failures.js";
import { readDataRequest, type DataRequest, type DataResponse, writeDataResponse } from "./latest-data.js";

/** The use cases that schedulers call. */
export type SchedulerClient = Pick<Client, "scrapeLatest" | "startRun" | "indexed" | "blocksAt">;

/** A response, and the HTTP status that fits it. */
export interface AnsweredRequest {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The requests of schedulers. */
export interface SchedulerRequests {
  /** One step of following. */
  lastData(body: unknown, signal: AbortSignal): Promise<AnsweredRequest>;
  /** Starts the backfill of a range, or returns how far it is. */
  syncRange(body: unknown, signal: AbortSignal): Promise<AnsweredRequest>;
}

/** The form of the response if the request cannot be read. */
const unreadable = { retryCount: 0, nonce: null, camelCase: false } as const;

/** Creates the requests. */
export function createSchedulerRequests(client: SchedulerClient, logger: Logger): SchedulerRequests {
  const respond = async (
    body: unknown,
    run: (request: DataRequest) => Promise<DataResponse>,
  ): Promise<AnsweredRequest> => {
    let request: DataRequest | undefined;
    try {
      request = readDataRequest(body);
      return { status: 200, body: writeDataResponse(request, await run(request)) };
    } catch (error) {
      const { code, message, status } = publicFailure(toIndexerError(error), logger);
      const height = request?.lastHeight;
      const response = {
        processing: false,
        failure: { code, message },
        ...(height !== undefined && { height }),
      };
      return { status, body: writeDataResponse(request ?? unreadable, response) };
    }
  };

  return {
    lastData: (body, signal) =>
      respond(body, async ({ chain }) => {
        const { head, processing } = await client.scrapeLatest({ chain }, signal);
        return { processing, ...(head !== undefined && { head, height: head.height }) };
      }),
    syncRange: (body) => respond(body, (request) => syncRange(client, request)),
  };
}

async function syncRange(
  client: SchedulerClient,
  { chain, lastHeight, firstHeight, finalHeight }: DataRequest,
): Promise<DataResponse> {
  // Existing schedulers send 0 before the first known height.
  const from = lastHeight === 0 ? (firstHeight ?? 1) : Math.max(lastHeight + 1, firstHeight ?? 0);
  if (finalHeight === undefined || from > finalHeight) return { height: lastHeight, processing: false };
  const heights = { from, to: finalHeight };
  const indexed = await client.indexed(chain, heights);
  const reached = indexed[0]?.from === from ? indexed[0].to : lastHeight;
  if (reached < finalHeight) {
    await client.startRun({ chain, heights, mode: "MISSING", window: 1_000, force: false });
  }
  const [head] = await client.blocksAt(chain, [reached]);
  return { height: reached, processing: reached < finalHeight, ...(head !== undefined && { head }) };
}
