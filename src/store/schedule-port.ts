// The store's contract for schedules, in domain types. A slot belongs to the process that claimed it.
// Imports only domain; exposes no rows, SQL or driver errors.
import type { ChainRef } from "../domain/chain.js";
import type { Schedule, ScheduleDefinition, ScheduleLease, ScheduleResult } from "../domain/schedule.js";

/** Schedules and their slots. */
export interface ScheduleStore {
  /** Creates the schedule of this task id, or replaces its definition. A changed interval starts a new count of slots. */
  saveSchedule(definition: ScheduleDefinition): Promise<Schedule>;
  /** Creates the schedule unless one of this task id exists. Returns the stored one. */
  ensureSchedule(definition: ScheduleDefinition): Promise<Schedule>;
  /** Deletes a schedule. Returns false if it does not exist. */
  removeSchedule(id: string): Promise<boolean>;
  /** All schedules, by task id. */
  schedules(): Promise<readonly Schedule[]>;

  /**
   * Claims the present slot, by the database's clock, of every enabled schedule of these chains that is neither claimed for
   * this slot nor leased. One claim wins each slot; passed slots are counted as missed. A lease lasts 15 s.
   */
  claimSlots(owner: string, chains: readonly ChainRef[]): Promise<readonly ScheduleLease[]>;
  /** Extends the lease by 15 s. Returns false if it is lost. */
  renewSlot(lease: ScheduleLease): Promise<boolean>;
  /** Stores a result and ends the lease. `completed` ends a SYNCRANGE schedule. Does nothing if the lease is lost. */
  endSlot(
    lease: ScheduleLease,
    result: Omit<ScheduleResult, "time" | "retryCount">,
    completed: boolean,
  ): Promise<void>;
}
