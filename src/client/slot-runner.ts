// Claims slots of schedules and runs them, until it is stopped. Every scheduling process has one: the database decides which
// of them runs a slot, by its own clock.
import { setMaxListeners } from "node:events";
import type { ChainRef } from "../domain/chain.js";
import type { Schedule, ScheduleLease, ScheduleOutcome } from "../domain/schedule.js";
import { toWorkFailure } from "../domain/work-failure.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import { createWakeUp, waitAtMost } from "../lib/wake-up.js";
import type { ScheduleStore, SlotEnd } from "../store/schedule-port.js";
import { whileRenewed } from "./lease.js";

/** A slot in progress. */
export interface SlotWork {
  readonly schedule: Schedule;
  /** Cancels the work: the process stops, or the lease is lost. */
  readonly signal: AbortSignal;
  /** Aborts when the slot's time is over: the work should end soon, so that the next slot can be claimed. */
  readonly over: AbortSignal;
  /** Stores what the work reached so far. */
  report(outcome: ScheduleOutcome): Promise<void>;
}

/** Does the work of a slot. If it throws, the error is stored and the work is tried again. */
export type ExecuteSlot = (work: SlotWork) => Promise<Pick<SlotEnd, "outcome" | "completed">>;

/** The services of a slot runner. */
export interface SlotRunnerOptions {
  readonly store: Pick<ScheduleStore, "claimSlots" | "renewSlot" | "endSlot">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names this process in leases. */
  readonly owner: string;
  /** The chains whose slots this process can run, before each claim; without it, all chains. */
  readonly chains?: () => Promise<readonly ChainRef[]>;
  readonly execute: ExecuteSlot;
}

/** A running slot runner. */
export interface SlotRunner {
  /** Claims at once. */
  wake(): void;
  /** Cancels the slots in progress; other processes can continue them at once. */
  stop(): Promise<void>;
}

/** New schedules, and slots that other processes end early, are found within this time. */
const pollMs = 1_000;
const backoff = { first: 1_000, max: 30_000 } as const;

/** Starts to claim slots. */
export function startSlotRunner(options: SlotRunnerOptions): SlotRunner {
  const { store, clock, logger, owner } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  // Each slot in progress adds listeners. This is not a leak.
  setMaxListeners(0, signal);
  const wakeUp = createWakeUp();
  const running = new Set<Promise<void>>();

  const claim = async (): Promise<number> => {
    const chains = await options.chains?.();
    if (chains?.length === 0) return pollMs;
    const { leases, nextInMs = pollMs } = await store.claimSlots(owner, chains);
    for (const lease of leases) {
      const run = runSlot(options, lease, signal).finally(() => {
        running.delete(run);
        wakeUp.notify();
      });
      running.add(run);
    }
    return Math.min(Math.max(nextInMs, 1), pollMs);
  };

  const loop = async (): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const ms = await claim();
        failures = 0;
        await waitAtMost(wakeUp, { clock, ms, signal });
      } catch (error) {
        failures += 1;
        logWithBackoff(logger, failures, { error }, "Claiming schedules failed. It is retried.");
        await clock.sleep(backoffDelay({ first: 250, max: 5_000 }, failures), signal).catch(() => {});
      }
    }
  };
  const looping = loop();

  return {
    wake: wakeUp.notify,
    stop: async () => {
      stopping.abort(new Error("The scheduler stops."));
      await looping;
      await Promise.all(running);
    },
  };
}

/** Runs a slot to its end. Never rejects. */
async function runSlot(
  options: SlotRunnerOptions,
  lease: ScheduleLease,
  stopping: AbortSignal,
): Promise<void> {
  const { store, clock, logger } = options;
  const { taskId } = lease.schedule;
  const ended = new AbortController();
  const over = new AbortController();
  void clock.sleep(lease.remainingMs, ended.signal).then(
    () => over.abort(new Error("The slot is over.")),
    () => {},
  );
  const renew = (): Promise<boolean> => store.renewSlot(lease);
  try {
    const end = await whileRenewed({ clock, signal: stopping, renew }, (signal) =>
      executeUntilDone(options, lease, { signal, over: over.signal }),
    );
    await store.endSlot(lease, end);
  } catch (error) {
    if (stopping.aborted) await store.endSlot(lease, { interrupted: true }).catch(() => {});
    else logger.warn({ error, taskId }, "A slot of a schedule ended early. The next claim continues it.");
  } finally {
    ended.abort(new Error("The slot ended."));
  }
}

/** Tries again after a failure: within the slot if its time allows it, else in a later slot after the delay. */
async function executeUntilDone(
  { store, clock, logger, execute }: SlotRunnerOptions,
  lease: ScheduleLease,
  signals: Pick<SlotWork, "signal" | "over">,
): Promise<SlotEnd> {
  const { schedule } = lease;
  const { signal, over } = signals;
  const endsAt = clock.monotonic() + lease.remainingMs;
  let failures = schedule.last?.retryCount ?? 0;
  const report = async (outcome: ScheduleOutcome): Promise<void> => {
    if (outcome.error === undefined) failures = 0;
    if (!(await store.renewSlot(lease, outcome))) signal.throwIfAborted();
  };
  for (;;) {
    try {
      return await execute({ schedule, report, ...signals });
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      logWithBackoff(
        logger,
        failures,
        { error, taskId: schedule.taskId, failures },
        "A schedule failed. It is retried.",
      );
      const outcome = { error: toWorkFailure(error).message };
      const delay = backoffDelay(backoff, failures - 1);
      if (clock.monotonic() + delay >= endsAt) return { outcome, retryInMs: delay };
      await report(outcome);
      await clock.sleep(delay, AbortSignal.any([signal, over])).catch(() => {});
      signal.throwIfAborted();
    }
  }
}

/** Logs failures 1, 2, 4, 8, …: work that fails for hours does not flood the log. */
function logWithBackoff(logger: Logger, failures: number, fields: object, sentence: string): void {
  if (Number.isInteger(Math.log2(failures))) logger.warn(fields, sentence);
}
