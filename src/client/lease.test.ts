import { expect, it } from "vitest";
import { createManualClock } from "../testing/manual-clock.js";
import { whileRenewed, withLease } from "./lease.js";

const never = new AbortController().signal;

/** Resolves when the signal aborts, with its reason. */
function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));
}

it("extends the lease every 5 s until the work ends", async () => {
  const clock = createManualClock();
  let renewals = 0;
  let finish = (): void => {};
  const renew = async (): Promise<boolean> => ((renewals += 1), true);
  const running = whileRenewed({ clock, signal: never, renew }, async (signal) => {
    await new Promise<void>((resolve) => (finish = resolve));
    return signal.aborted;
  });
  await clock.advance(60_000);
  expect(renewals).toBe(12);
  finish();
  expect(await running).toBe(false);
  await clock.advance(60_000);
  expect([renewals, clock.sleepers]).toEqual([12, 0]);
});

it("aborts the work at once when the lease is lost", async () => {
  const clock = createManualClock();
  const renew = async (): Promise<boolean> => false;
  const running = whileRenewed({ clock, signal: never, renew }, aborted);
  await clock.advance(5_000);
  expect(await running).toMatchObject({ code: "CONFLICT" });
});

it("survives failed renewals, but aborts the work after 15 s without one", async () => {
  const clock = createManualClock();
  const results = [true, new Error("no database"), new Error("no database"), true];
  const renew = async (): Promise<boolean> => {
    const next = results.shift() ?? new Error("no database");
    if (next instanceof Error) throw next;
    return next;
  };
  let lost = false;
  const running = whileRenewed({ clock, signal: never, renew }, aborted).then(() => (lost = true));
  // Renewed at 5 s and at 20 s.
  await clock.advance(34_999);
  expect(lost).toBe(false);
  await clock.advance(1);
  await running;
  expect(lost).toBe(true);
});

it("aborts the work after a suspend of the process that was longer than the lease", async () => {
  const clock = createManualClock();
  const renew = (): Promise<boolean> => Promise.reject(new Error("no database yet"));
  const running = whileRenewed({ clock, signal: never, renew }, aborted);
  await clock.jump(120_000);
  expect(await running).toMatchObject({ code: "CONFLICT" });
});

it("runs work only with the lease, and releases it also after a failure", async () => {
  const clock = createManualClock();
  const free = { name: "x", token: 1n };
  const calls: string[] = [];
  let lease: typeof free | undefined = free;
  const store = {
    acquireLease: async () => lease,
    renewLease: async () => true,
    releaseLease: async () => void calls.push("released"),
  };
  const request = { store, clock, name: "x", owner: "a", signal: never };
  const failure = withLease(request, () => Promise.reject(new Error("failed")));
  await expect(failure).rejects.toThrow("failed");
  expect(calls).toEqual(["released"]);
  lease = undefined;
  expect(await withLease(request, async () => void calls.push("ran"))).toBeUndefined();
  expect(calls).toEqual(["released"]);
});
