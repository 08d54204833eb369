import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChainRef } from "../domain/chain.js";
import { nextSlotStart, slotAt, type ScheduleDefinition, type ScheduleLease } from "../domain/schedule.js";
import { silentLogger } from "../lib/logger.js";
import { until } from "../testing/until.js";
import { storeOver } from "./create-store.js";
import type { Store } from "./port.js";
import type { Database } from "./sql.js";

let chains = 0;

/** A chain that no other test touches. */
function newChain(): ChainRef {
  chains += 1;
  return { network: "test", chainId: `schedules-${chains}` };
}

/** A slot of this length does not end during a test: the next one begins in 2033. */
const endlessMs = 1_000_000_000_000;

function definition(chain: ChainRef, changes: Partial<ScheduleDefinition> = {}): ScheduleDefinition {
  return {
    taskId: `task-${chain.chainId}`,
    chain,
    kind: "LASTDATA",
    intervalMs: endlessMs,
    enabled: true,
    ...changes,
  };
}

/** Tests of schedules and leases, on any database. */
export function schedulesSuite(open: () => Promise<Database>): void {
  let database: Database;
  let store: Store;
  beforeAll(async () => {
    database = await open();
    store = await storeOver(database, { logger: silentLogger(), migrate: true });
  });
  afterAll(() => store.close());

  const claim = async (chain: ChainRef, owner = "a"): Promise<ScheduleLease | undefined> =>
    (await store.claimSlots(owner, [chain])).leases[0];
  const read = async (chain: ChainRef) =>
    (await store.schedules()).find(({ taskId }) => taskId === `task-${chain.chainId}`)!;
  /** Moves the row instead of the database's clock: to the row it is the same. */
  const advance = async (chain: ChainRef, { slots = 0, seconds = 0 }): Promise<void> => {
    await database.query({
      text: `update schedule set slot = slot - $2, lease_until = lease_until - make_interval(secs => $3::float8)
             where task_id = $1`,
      values: [`task-${chain.chainId}`, slots, seconds + (slots * endlessMs) / 1_000],
    });
  };

  describe("definitions", () => {
    it("stores a definition, replaces it, and lists all by task id", async () => {
      const chain = newChain();
      const heights = { from: 5, to: 9 };
      const created = await store.saveSchedule(definition(chain, { kind: "SYNCRANGE", heights }));
      expect(created).toMatchObject({
        chain,
        kind: "SYNCRANGE",
        heights,
        enabled: true,
        fired: 0n,
        missed: 0n,
      });
      expect(created).not.toHaveProperty("last");
      expect(nextSlotStart(created)).toBe(created.asOf);
      const replaced = await store.saveSchedule(definition(chain, { enabled: false, intervalMs: 30_000 }));
      expect(replaced).toMatchObject({
        id: created.id,
        kind: "LASTDATA",
        intervalMs: 30_000,
        enabled: false,
      });
      expect(replaced).not.toHaveProperty("heights");
      expect(nextSlotStart(replaced)).toBeUndefined();
      expect(await store.schedule(created.id)).toMatchObject({ taskId: created.taskId });
      const ids = (await store.schedules()).map(({ taskId }) => taskId);
      expect(ids).toEqual([...ids].sort());
      expect(await store.removeSchedule(created.id)).toBe(true);
      expect(await store.removeSchedule(created.id)).toBe(false);
      expect(await store.schedule(created.id)).toBeNull();
      expect(await store.schedule("x")).toBeNull();
    });

    it("keeps an existing definition when it is ensured", async () => {
      const chain = newChain();
      await store.saveSchedule(definition(chain, { enabled: false }));
      expect(await store.ensureSchedule(definition(chain))).toMatchObject({ enabled: false });
    });

    it("stores one definition when many save at once", async () => {
      const chain = newChain();
      const saved = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          store.saveSchedule(definition(chain, { intervalMs: 1_000 + at, enabled: at % 2 === 0 })),
        ),
      );
      expect(new Set(saved.map(({ id }) => id)).size).toBe(1);
      const { intervalMs, enabled } = await read(chain);
      expect(enabled).toBe(intervalMs % 2 === 0);
    });

    it("rejects task ids that PostgreSQL cannot store, and clears control characters of errors", async () => {
      const chain = newChain();
      await expect(store.saveSchedule(definition(chain, { taskId: "a\u0000" }))).rejects.toMatchObject({
        code: "BAD_USER_INPUT",
      });
      await store.saveSchedule(definition(chain));
      const lease = await claim(chain);
      await store.endSlot(lease!, { outcome: { error: "a\u0000b" } });
      expect((await read(chain)).last).toMatchObject({ error: "ab" });
    });
  });

  describe("claims", () => {
    it("gives each slot to one of many concurrent claimers, with its number by the database's clock", async () => {
      const chain = newChain();
      await store.saveSchedule(definition(chain));
      for (let round = 1; round <= 10; round += 1) {
        const owners = Array.from({ length: 12 }, (_, at) => `owner-${at}`);
        const claims = await Promise.all(owners.map((owner) => claim(chain, owner)));
        const won = claims.filter((each) => each !== undefined);
        expect(won).toHaveLength(1);
        expect(won[0]!.slot).toBe(slotAt(won[0]!.schedule.asOf, endlessMs));
        expect(won[0]!.schedule.fired).toBe(BigInt(round));
        await store.endSlot(won[0]!);
        expect(await claim(chain)).toBeUndefined();
        await advance(chain, { slots: 1 });
      }
      expect(await read(chain)).toMatchObject({ fired: 10n, missed: 0n });
    });

    it("claims each slot of a 1 s schedule once in real time, and reports when the next begins", async () => {
      const chain = newChain();
      await store.saveSchedule(definition(chain, { intervalMs: 1_000 }));
      const slots: bigint[] = [];
      await until("four slots", async () => {
        const claims = await Promise.all(["a", "b", "c"].map((owner) => store.claimSlots(owner, [chain])));
        for (const { leases, nextInMs } of claims) {
          expect(nextInMs).toBeLessThanOrEqual(15_000);
          for (const lease of leases) {
            expect(lease.remainingMs).toBeGreaterThan(0);
            expect(lease.remainingMs).toBeLessThanOrEqual(1_000);
            slots.push(lease.slot);
            expect(await store.endSlot(lease)).toBe(true);
          }
        }
        return slots.length >= 4;
      });
      expect(new Set(slots).size).toBe(slots.length);
      const { fired, missed } = await read(chain);
      expect(fired).toBe(BigInt(slots.length));
      expect(fired + missed).toBe(slots.at(-1)! - slots[0]! + 1n);
    });

    it("claims only enabled schedules of the given chains, and all without a list", async () => {
      const [chain, other] = [newChain(), newChain()];
      await store.saveSchedule(definition(chain));
      await store.saveSchedule(definition(other));
      expect(await store.claimSlots("a", [])).toEqual({ leases: [] });
      expect((await store.claimSlots("a", [newChain()])).leases).toEqual([]);
      expect(await claim(chain)).toMatchObject({ schedule: { chain } });
      const all = (await store.claimSlots("a")).leases.map(({ schedule }) => schedule.chain.chainId);
      expect(all).toContain(other.chainId);
      expect(all).not.toContain(chain.chainId);
      await advance(other, { slots: 1 });
      await store.saveSchedule(definition(other, { enabled: false }));
      expect(await claim(other)).toBeUndefined();
    });

    it("counts slots that passed without a claim, and does not run them later", async () => {
      const chain = newChain();
      await store.saveSchedule(definition(chain));
      await store.endSlot((await claim(chain))!);
      await advance(chain, { slots: 6 });
      const lease = await claim(chain);
      expect(lease!.schedule).toMatchObject({ fired: 2n, missed: 5n });
      await store.endSlot(lease!);
      expect(await claim(chain)).toBeUndefined();
    });

    it("gives an interrupted slot to another claimer after the lease, without counting it again", async () => {
      const chain = newChain();
      await store.saveSchedule(definition(chain));
      const dead = (await claim(chain, "dead"))!;
      expect(await claim(chain)).toBeUndefined();
      await advance(chain, { seconds: 16 });
      const taken = (await claim(chain))!;
      expect(taken.slot).toBe(dead.slot);
      expect(taken.schedule).toMatchObject({ fired: 1n, missed: 0n });
      expect(await store.renewSlot(dead, { height: 1 })).toBe(false);
      expect(await store.endSlot(dead, { outcome: { height: 1 }, completed: true })).toBe(false);
      expect(await read(chain)).not.toHaveProperty("last");
      expect(await read(chain)).not.toHaveProperty("completedAt");
      expect(await store.renewSlot(taken, { height: 2, hash: "b" })).toBe(true);
      expect(await store.endSlot(taken)).toBe(true);
      expect(await store.endSlot(taken, { outcome: { height: 3 } })).toBe(false);
      expect((await read(chain)).last).toMatchObject({ height: 2, hash: "b" });
    });

    it("starts a new count of slots after a changed interval, and takes the slot in progress away", async () => {
      const chain = newChain();
      await store.saveSchedule(definition(chain));
      const before = (await claim(chain))!;
      await store.saveSchedule(definition(chain));
      expect(await store.renewSlot(before)).toBe(true);
      await store.saveSchedule(definition(chain, { intervalMs: endlessMs / 2 }));
      expect(await store.renewSlot(before)).toBe(false);
      const after = await claim(chain);
      expect(after).toMatchObject({ schedule: { missed: 0n, intervalMs: endlessMs / 2 } });
      expect(after!.slot).toBe(slotAt(after!.schedule.asOf, endlessMs / 2));
    });

    it("claims again after the database's clock was set back far, but not after a small correction", async () => {
      const chain = newChain();
      await store.saveSchedule(definition(chain, { intervalMs: 1_000 }));
      await store.endSlot((await claim(chain))!);
      const set = (ahead: number) =>
        database.query({
          text: "update schedule set slot = extract(epoch from clock_timestamp())::int8 + $2 where task_id = $1",
          values: [`task-${chain.chainId}`, ahead],
        });
      await set(50);
      expect(await claim(chain)).toBeUndefined();
      await set(3_600);
      expect(await claim(chain)).toMatchObject({ schedule: { missed: 0n } });
    });
  });

  describe("results", () => {
    it("keeps the last height, counts failures, and resets the count after a success", async () => {
      const chain = newChain();
      await store.saveSchedule(definition(chain));
      const lease = (await claim(chain))!;
      await store.renewSlot(lease, { height: 7, hash: "seven" });
      await store.renewSlot(lease, { error: "No node." });
      await store.renewSlot(lease, { error: "No node again." });
      const failing = await read(chain);
      expect(failing.last).toMatchObject({
        height: 7,
        hash: "seven",
        retryCount: 2,
        error: "No node again.",
      });
      expect(failing.lastSuccess).toBeLessThanOrEqual(failing.last!.time);
      await store.endSlot(lease, { outcome: { height: 8 } });
      const good = await read(chain);
      expect(good.last).toMatchObject({ height: 8, retryCount: 0 });
      expect(good.last).not.toHaveProperty("error");
      expect(good.last).not.toHaveProperty("hash");
      expect(good.lastSuccess).toBe(good.last!.time);
    });

    it("holds a schedule back after a failure for the given time", async () => {
      const chain = newChain();
      await store.saveSchedule(definition(chain));
      await store.endSlot((await claim(chain))!, { outcome: { error: "x" }, retryInMs: 30_000 });
      await advance(chain, { slots: 1 });
      // The shift of a whole slot also ends the delay, so it is set again.
      await database.query({
        text: "update schedule set lease_until = clock_timestamp() + interval '30 s' where task_id = $1",
        values: [`task-${chain.chainId}`],
      });
      expect(await claim(chain)).toBeUndefined();
      const { nextInMs } = await store.claimSlots("a", [chain]);
      expect(nextInMs).toBeGreaterThan(25_000);
      await advance(chain, { seconds: 31 });
      expect(await claim(chain)).toBeDefined();
    });

    it("does not fire again after it completed, until its range changes", async () => {
      const chain = newChain();
      const range = (to: number) => definition(chain, { kind: "SYNCRANGE", heights: { from: 1, to } });
      await store.saveSchedule(range(5));
      await store.endSlot((await claim(chain))!, { outcome: { height: 5 }, completed: true });
      await advance(chain, { slots: 3 });
      expect(await claim(chain)).toBeUndefined();
      expect((await store.claimSlots("a", [chain])).nextInMs).toBeUndefined();
      expect((await read(chain)).completedAt).toBeGreaterThan(0);
      const extended = await store.saveSchedule(range(6));
      expect(extended).not.toHaveProperty("completedAt");
      expect(extended).not.toHaveProperty("last");
      expect(await claim(chain)).toBeDefined();
    });
  });

  describe("leases", () => {
    it("gives a name to one of many, until it is released or expires", async () => {
      const name = newChain().chainId;
      const taken = await Promise.all(
        Array.from({ length: 12 }, (_, at) => store.acquireLease(name, `owner-${at}`, 60_000)),
      );
      const [lease, ...others] = taken.filter((each) => each !== undefined);
      expect(others).toEqual([]);
      expect(await store.renewLease(lease!, 0)).toBe(true);
      const next = await store.acquireLease(name, "next", 60_000);
      expect(next!.token).toBeGreaterThan(lease!.token);
      expect(await store.renewLease(lease!, 60_000)).toBe(false);
      await store.releaseLease(lease!);
      expect(await store.acquireLease(name, "third", 60_000)).toBeUndefined();
      await store.releaseLease(next!);
      expect(await store.acquireLease(name, "third", 60_000)).toBeDefined();
    });
  });

  it("behaves as a simple model in any order of claims, renewals, ends, crashes and moves of the clock", async () => {
    type Step =
      | { readonly do: "claim"; readonly owner: number }
      | { readonly do: "renew" | "end"; readonly claim: number; readonly failed: boolean }
      | { readonly do: "slots"; readonly count: number }
      | { readonly do: "minute" };
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({ do: fc.constant("claim" as const), owner: fc.nat(2) }),
      fc.record({
        do: fc.constantFrom("renew" as const, "end" as const),
        claim: fc.nat(5),
        failed: fc.boolean(),
      }),
      fc.record({ do: fc.constant("slots" as const), count: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constant("minute" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const chain = newChain();
        await store.saveSchedule(definition(chain));
        /** The claims so far; `holder` is the one that owns the slot, `leased` whether its lease is valid. */
        const claims: ScheduleLease[] = [];
        const model = {
          slot: undefined as number | undefined,
          fired: 0,
          missed: 0,
          retryCount: 0,
          results: 0,
        };
        let present = 0;
        let holder: ScheduleLease | undefined;
        let leased = false;
        for (const each of steps) {
          if (each.do === "claim") {
            const lease = await claim(chain, `owner-${each.owner}`);
            const free =
              !leased && (model.slot === undefined || model.slot < present || holder !== undefined);
            expect(lease !== undefined).toBe(free);
            if (lease === undefined) continue;
            if (model.slot !== present) model.fired += 1;
            model.missed += Math.max(0, present - (model.slot ?? present) - 1);
            model.slot = present;
            [holder, leased] = [lease, true];
            claims.push(lease);
          } else if (each.do === "renew" || each.do === "end") {
            const lease = claims.at(-1 - each.claim);
            if (lease === undefined) continue;
            const outcome = each.failed ? { error: "failed" } : { height: claims.length };
            const stored =
              each.do === "renew"
                ? await store.renewSlot(lease, outcome)
                : await store.endSlot(lease, { outcome });
            expect(stored).toBe(lease === holder);
            if (!stored) continue;
            model.results += 1;
            model.retryCount = each.failed ? model.retryCount + 1 : 0;
            leased = each.do === "renew";
            if (each.do === "end") holder = undefined;
          } else {
            const slots = each.do === "slots" ? each.count : 0;
            present += slots;
            await advance(chain, { slots, seconds: each.do === "minute" ? 60 : 0 });
            leased = false;
          }
        }
        const schedule = await read(chain);
        expect(schedule).toMatchObject({ fired: BigInt(model.fired), missed: BigInt(model.missed) });
        expect(schedule.last?.retryCount).toBe(model.results === 0 ? undefined : model.retryCount);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
}
