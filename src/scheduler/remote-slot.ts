// The work of a slot in a scheduler process: managers do it. The scheduler tries one after the other until one responds.
// Imports domain, lib, the client's slots and this folder.
// Never reads a chain.
import { chainName } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import type { Schedule, ScheduleOutcome } from "../domain/schedule.js";
import type { Clock } from "../lib/clock.js";
import type { ExecuteSlot, SlotWork } from "../client/slot-runner.js";
import { sendToManager, UnreachableError, type ManagerResponse } from "./manager-requests.js";
import type { Targets } from "./targets.js";

/** The services of the work. */
export interface RemoteSlotOptions {
  readonly targets: Pick<Targets, "turn" | "failed">;
  readonly clock: Clock;
  /** Milliseconds for one request. */
  readonly requestTimeoutMs: number;
  /** The version of a schedule's workers, which managers of existing systems need. */
  readonly versionOf: (taskId: string) => string;
}

/** The wait before the next request while a manager works. */
const busyMs = 1_000;
/** Existing managers are written in Go, where this is the time that is not set. */
const noTime = "0001-01-01T00:00:00Z";

/** Creates the work of slots. */
export function createRemoteSlot(options: RemoteSlotOptions): ExecuteSlot {
  const { clock } = options;
  return async (work) => {
    const { schedule, signal, over, report } = work;
    const range = schedule.kind === "SYNCRANGE" ? schedule.heights : undefined;
    const start = range === undefined ? 0 : Math.max(0, range.from - 1);
    let reached: ScheduleOutcome = schedule.last ?? {};
    for (;;) {
      const before = Math.max(reached.height ?? 0, start);
      const { height, hash, processing } = await sendToAny(options, work, before);
      // A manager that works, or has stored nothing, may return no height: what was reached before stays.
      if (height > 0) reached = { height, ...(hash !== "" && { hash }) };
      else reached = withoutError(reached);
      if (range !== undefined && height >= range.to) return { outcome: reached, completed: true };
      if (over.aborted || (range === undefined && (processing || height <= before)))
        return { outcome: reached };
      if (height > before) await report(reached);
      else await clock.sleep(busyMs, AbortSignal.any([signal, over])).catch(() => {});
      signal.throwIfAborted();
    }
  };
}

function withoutError({ height, hash }: ScheduleOutcome): ScheduleOutcome {
  return { ...(height !== undefined && { height }), ...(hash !== undefined && { hash }) };
}

/** Sends a request to the living managers, one after the other, until one responds. */
async function sendToAny(
  options: RemoteSlotOptions,
  { schedule, signal }: SlotWork,
  lastHeight: number,
): Promise<ManagerResponse> {
  const { targets, clock, requestTimeoutMs } = options;
  const request = requestOf(options, schedule, lastHeight);
  let failure: unknown;
  for (const target of targets.turn(schedule.chain)) {
    const { lastData, syncRange } = target.destination;
    const url = schedule.kind === "SYNCRANGE" ? syncRange : lastData;
    const ended = new AbortController();
    const timeout = new AbortController();
    void clock
      .sleep(requestTimeoutMs, ended.signal)
      .then(() => timeout.abort(new Error(`No response within ${requestTimeoutMs} ms.`)))
      .catch(() => {});
    try {
      const signals = AbortSignal.any([signal, target.dead, timeout.signal]);
      return await sendToManager({ url, address: target.address }, request, signals);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UnreachableError)) throw error;
      failure = error;
      targets.failed(target, error);
    } finally {
      ended.abort();
    }
  }
  const reason = failure instanceof Error ? ` The last one: ${failure.message}` : "";
  throw new IndexerError(
    "OVERLOADED",
    `No manager of ${chainName(schedule.chain)} responds.${reason} Check MANAGERS and the managers.`,
    {},
    { cause: failure },
  );
}

function requestOf(
  { versionOf }: RemoteSlotOptions,
  { taskId, chain, kind, heights, last }: Schedule,
  lastHeight: number,
): Parameters<typeof sendToManager>[1] {
  return {
    network: chain.network,
    chain_id: chain.chainId,
    version: versionOf(taskId),
    task_id: taskId,
    last_hash: last?.hash ?? "",
    last_height: lastHeight,
    ...(kind === "SYNCRANGE" &&
      heights !== undefined && { first_height: heights.from, final_height: heights.to }),
    last_epoch: "",
    last_time: noTime,
    retry_count: last?.retryCount ?? 0,
    nonce: null,
  };
}
