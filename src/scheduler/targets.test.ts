import { afterEach, expect, it } from "vitest";
import { silentLogger } from "../lib/logger.js";
import { createManualClock } from "../testing/manual-clock.js";
import { until } from "../testing/until.js";
import { readManagers } from "./destinations.js";
import { createTargets, type Targets } from "./targets.js";

const chain = { network: "demo", chainId: "demo-1" };
const running: Targets[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
});

/** Targets whose names and health a test changes. */
async function createBench(managers: readonly string[], names: Record<string, readonly string[]> = {}) {
  const clock = createManualClock();
  const dead = new Set<string>();
  const targets = createTargets({
    destinations: readManagers(managers),
    resolve: async (name) => {
      const found = names[name];
      if (found === undefined) throw new Error(`${name} is not known.`);
      return found;
    },
    probe: async ({ address }) => {
      if (dead.has(address)) throw new Error("refused");
    },
    clock,
    logger: silentLogger(),
    intervalMs: 1_000,
  });
  running.push(targets);
  await targets.refresh();
  return { targets, names, dead, clock, turns: (count: number) => turnsOf(targets, count) };
}

function turnsOf(targets: Targets, count: number): string[] {
  return Array.from({ length: count }, () => targets.turn(chain)[0]?.address ?? "none");
}

it("takes turns over all addresses of all names", async () => {
  const names = { managers: ["10.0.0.1", "10.0.0.2"] };
  const { turns } = await createBench(["managers:80", "10.0.0.3:80"], names);
  expect(turns(6)).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1", "10.0.0.2", "10.0.0.3"]);
});

it("goes on when three managers shrink to one, to none, and grow again (lesson 34)", async () => {
  const names: Record<string, readonly string[]> = { managers: ["10.0.0.1", "10.0.0.2", "10.0.0.3"] };
  const { targets, turns, clock } = await createBench(["managers:80"], names);
  turns(2);
  const [gone] = targets.turn(chain);
  names["managers"] = ["10.0.0.1"];
  await clock.advance(1_000);
  expect(turns(3)).toEqual(["10.0.0.1", "10.0.0.1", "10.0.0.1"]);
  expect(gone?.address).toBe("10.0.0.3");
  expect(gone?.dead.aborted).toBe(true);
  names["managers"] = [];
  await clock.advance(1_000);
  expect(turns(1)).toEqual(["none"]);
  names["managers"] = ["10.0.0.1", "10.0.0.4"];
  await clock.advance(1_000);
  expect(new Set(turns(4))).toEqual(new Set(["10.0.0.1", "10.0.0.4"]));
});

it("leaves out dead managers at once, and takes them back when they respond", async () => {
  const { targets, turns, dead, clock } = await createBench(["10.0.0.1:80", "10.0.0.2:80"]);
  const [first] = targets.turn(chain);
  dead.add(first!.address);
  targets.failed(first!, new Error("no response"));
  expect(first!.dead.aborted).toBe(true);
  expect(turns(2)).toEqual(["10.0.0.2", "10.0.0.2"]);
  expect(targets.list()).toMatchObject([
    { url: "http://10.0.0.1", address: "10.0.0.1", alive: false, error: "no response" },
    { alive: true },
  ]);
  await clock.advance(1_000);
  expect(targets.list()[0]).toMatchObject({ alive: false, error: "refused" });
  dead.clear();
  await clock.advance(1_000);
  expect(new Set(turns(2))).toEqual(new Set(["10.0.0.1", "10.0.0.2"]));
});

it("keeps the last addresses of a name that cannot be resolved now", async () => {
  const names: Record<string, readonly string[]> = { managers: ["10.0.0.1"] };
  const { turns, clock } = await createBench(["managers:80"], names);
  delete names["managers"];
  await clock.advance(3_000);
  expect(turns(1)).toEqual(["10.0.0.1"]);
});

it("counts a manager that does not respond within 2 s as dead", async () => {
  const clock = createManualClock();
  const targets = createTargets({
    destinations: readManagers(["10.0.0.1:80"]),
    resolve: async () => [],
    probe: (_target, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason as Error)),
      ),
    clock,
    logger: silentLogger(),
    intervalMs: 1_000,
  });
  running.push(targets);
  await until("the check", () => clock.sleepers > 0);
  await clock.advance(2_000);
  expect(targets.list()).toMatchObject([{ alive: false, error: "No response within 2000 ms." }]);
});
