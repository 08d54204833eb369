// The store's contract for schedules and leases, in domain types. A slot belongs to the process that claimed it.
// Imports only domain; exposes no rows, SQL or driver errors. All times are those of the database's clock.
import type { ChainRef } from "../domain/chain.js";
import type { Schedule, ScheduleDefinition, ScheduleLease, ScheduleOutcome } from "../domain/schedule.js";

/** Schedules and their slots. */
export interface ScheduleStore extends LeaseStore {
  /**
   * Creates the schedule of this task id, or replaces its definition. A changed definition takes the slot in progress from its
   * owner, and starts a new count of slots. A changed chain, kind or range also clears the result.
   */
  saveSchedule(definition: ScheduleDefinition): Promise<Schedule>;
  /** Creates the schedule unless one of this task id exists. Returns the stored one. */
  ensureSchedule(definition: ScheduleDefinition): Promise<Schedule>;
  /** Deletes a schedule. Returns false if it does not exist. */
  removeSchedule(id: string): Promise<boolean>;
  /** Null if it does not exist. */
  schedule(id: string): Promise<Schedule | null>;
  /** All schedules, by task id. */
  schedules(): Promise<readonly Schedule[]>;

  /**
   * Claims the present slot, by the database's clock, of every enabled schedule of these chains (without a list, of all
   * chains) that is neither claimed for this slot nor leased. One claim wins each slot; passed slots are counted as missed. A
   * lease lasts 15 s.
   */
  claimSlots(owner: string, chains?: readonly ChainRef[]): Promise<SlotClaim>;
  /** Extends the lease by 15 s, and stores an outcome. Returns false, and stores nothing, if the lease is lost. */
  renewSlot(lease: ScheduleLease, outcome?: ScheduleOutcome): Promise<boolean>;
  /** Stores an outcome and ends the lease. Returns false, and stores nothing, if the lease is lost. */
  endSlot(lease: ScheduleLease, end?: SlotEnd): Promise<boolean>;
}

/** Leases by name, for work that only one process may do at a time and that has no row of its own. */
export interface LeaseStore {
  /** Takes the lease of this name for `ms` milliseconds; undefined while another lease of the name is valid. */
  acquireLease(name: string, owner: string, ms: number): Promise<NamedLease | undefined>;
  /** Extends a lease to `ms` milliseconds from now. Returns false if it is lost. */
  renewLease(lease: NamedLease, ms: number): Promise<boolean>;
  /** Ends a lease. Does nothing if it is lost. */
  releaseLease(lease: NamedLease): Promise<void>;
}

/** The result of a claim. */
export interface SlotClaim {
  readonly leases: readonly ScheduleLease[];
  /** Milliseconds until the next slot of these chains can be claimed; undefined if no schedule fires. */
  readonly nextInMs?: number;
}

/** How a slot ends. */
export interface SlotEnd {
  readonly outcome?: ScheduleOutcome;
  /** A SYNCRANGE schedule has stored its whole range. */
  readonly completed?: boolean;
  /** Milliseconds in which no slot is claimed. */
  readonly retryInMs?: number;
  /** The work is not done: another process continues the slot at once. */
  readonly interrupted?: boolean;
}

/** A valid claim of a name. */
export interface NamedLease {
  readonly name: string;
  /** The number of this claim. */
  readonly token: bigint;
}
