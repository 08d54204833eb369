// Selects a worker, and explains why the others were not selected. Pure.
// Imports only domain and the port; never calls a worker.
import type { WorkerState } from "../../domain/worker.js";
import type { Priority } from "../port.js";

/** A worker of the chain, as the selection sees it. */
export interface Candidate {
  readonly workerId: string;
  readonly state: WorkerState;
  readonly capacity: number;
  readonly inFlight: number;
  /** Grows with each assignment: the smallest value was selected longest ago. */
  readonly lastSelected: number;
}

/** The workers that a task avoids and prefers. */
export interface WorkerPreference {
  /** Workers that failed this task: selected only if there is no other. */
  readonly avoid: ReadonlySet<string>;
  /** The worker that requested a retry after a delay; ignored if it is not online. */
  readonly prefer?: string;
  /** A background task leaves the last place of a worker free; interactive by default. */
  readonly priority?: Priority;
}

/** The selected worker, if any, and the reasons against the others. */
export interface Selection {
  readonly workerId?: string;
  readonly reasons: readonly { readonly workerId: string; readonly reason: string }[];
}

/** Returns how many tasks a worker executes before it accepts no more of a priority: interactive tasks never wait behind a backfill. */
export function placesFor({ capacity }: Pick<Candidate, "capacity">, priority: Priority): number {
  return priority === "background" && capacity > 1 ? capacity - 1 : capacity;
}

/** Whether a worker can execute another task of any priority. */
export function hasCapacity({ state, inFlight, capacity }: Candidate): boolean {
  return state === "ONLINE" && inFlight < capacity;
}

/** Selects among workers with capacity the least loaded; among equal ones the one selected longest ago. */
export function selectWorker(
  candidates: readonly Candidate[],
  { avoid, prefer, priority = "interactive" }: WorkerPreference,
): Selection {
  const online = candidates.filter(({ state }) => state === "ONLINE");
  const untried = online.filter(({ workerId }) => !avoid.has(workerId));
  const allowed = untried.length > 0 ? untried : online;
  const preferred = online.filter(({ workerId }) => workerId === prefer);
  const eligible = preferred.length > 0 ? preferred : allowed;
  const [selected] = eligible
    .filter((each) => hasCapacity(each) && each.inFlight < placesFor(each, priority))
    .sort((a, b) => load(a) - load(b) || a.lastSelected - b.lastSelected);

  const reasons = candidates
    .filter((each) => each !== selected)
    .map((each) => ({ workerId: each.workerId, reason: reasonAgainst(each, eligible, priority) }));
  return { reasons, ...(selected !== undefined && { workerId: selected.workerId }) };
}

function load({ inFlight, capacity }: Candidate): number {
  return inFlight / capacity;
}

function reasonAgainst(candidate: Candidate, eligible: readonly Candidate[], priority: Priority): string {
  switch (candidate.state) {
    case "CONNECTING":
      return "is being connected to";
    case "DRAINING":
      return "is draining and accepts no new task";
    case "OFFLINE":
      return "is offline";
    case "ONLINE":
  }
  if (!eligible.includes(candidate)) return "failed this task before";
  if (candidate.inFlight >= candidate.capacity) {
    return `executes ${candidate.inFlight} of ${candidate.capacity} tasks`;
  }
  if (candidate.inFlight >= placesFor(candidate, priority))
    return "keeps its last place for interactive tasks";
  return "has a higher load, or was selected more recently";
}
