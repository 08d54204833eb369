// Chooses a worker and says why the others were not chosen. Pure.
// Imports only domain; never asks a worker.
import type { WorkerState } from "../../domain/worker.js";

/** A worker of the chain, as the choice sees it. */
export interface Candidate {
  readonly workerId: string;
  readonly state: WorkerState;
  readonly capacity: number;
  readonly inFlight: number;
  /** Grows with each task given: the smallest was chosen longest ago. */
  readonly lastChosen: number;
}

export interface Wish {
  /** Workers that failed this task: taken only where there is no other. */
  readonly avoid: ReadonlySet<string>;
  /** The worker that asked to be asked again, if it is still there. */
  readonly prefer?: string;
}

export interface Choice {
  readonly workerId?: string;
  /** Of each worker that was not chosen. */
  readonly reasons: readonly { readonly workerId: string; readonly reason: string }[];
}

/** Chooses among workers with room: the least loaded, and of equal ones the one chosen longest ago. */
export function selectWorker(candidates: readonly Candidate[], { avoid, prefer }: Wish): Choice {
  const online = candidates.filter(({ state }) => state === "ONLINE");
  const untried = online.filter(({ workerId }) => !avoid.has(workerId));
  const allowed = untried.length > 0 ? untried : online;
  const preferred = online.filter(({ workerId }) => workerId === prefer);
  const pool = preferred.length > 0 ? preferred : allowed;
  const [chosen] = pool
    .filter((each) => each.inFlight < each.capacity)
    .sort((a, b) => load(a) - load(b) || a.lastChosen - b.lastChosen);

  const reasons = candidates
    .filter((each) => each !== chosen)
    .map((each) => ({ workerId: each.workerId, reason: whyNot(each, pool) }));
  return { reasons, ...(chosen !== undefined && { workerId: chosen.workerId }) };
}

function load({ inFlight, capacity }: Candidate): number {
  return inFlight / capacity;
}

function whyNot(candidate: Candidate, pool: readonly Candidate[]): string {
  switch (candidate.state) {
    case "CONNECTING":
      return "is being connected to";
    case "DRAINING":
      return "is finishing and takes nothing new";
    case "OFFLINE":
      return "has not been heard of";
    case "ONLINE":
  }
  if (!pool.includes(candidate)) return "failed this task before";
  if (candidate.inFlight >= candidate.capacity) {
    return `holds ${candidate.inFlight} of ${candidate.capacity} tasks`;
  }
  return "has more to do, or was chosen later";
}
