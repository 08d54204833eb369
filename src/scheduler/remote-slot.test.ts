// Slots that managers run, over real HTTP servers and WebSockets.
import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { IndexerError } from "../domain/errors.js";
import type { Schedule, ScheduleDefinition, ScheduleOutcome } from "../domain/schedule.js";
import { systemClock } from "../lib/clock.js";
import { silentLogger } from "../lib/logger.js";
import { startTestServer, type TestServer } from "../testing/http-server.js";
import { readManagers } from "./destinations.js";
import { probeManager } from "./manager-requests.js";
import { createRemoteSlot } from "./remote-slot.js";
import { createTargets, type Targets } from "./targets.js";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const startManager = async (): Promise<TestServer> => {
  const started = await startTestServer();
  open.push(started.server);
  return started;
};
/** A server that accepts requests and never responds, except to checks if `alive`. */
const startFrozen = (alive: boolean): Promise<{ url: string; requests: number }> =>
  new Promise((resolve) => {
    const state = { url: "", requests: 0 };
    const server: Server = createServer((request, response) => {
      if (request.url === "/health/live" && alive) response.end("{}");
      else state.requests += 1;
    });
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      state.url = `127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}`;
      open.push({ close: () => (server.closeAllConnections(), server.close()) });
      resolve(state);
    });
  });
const createScheduler = async (managers: readonly string[], requestTimeoutMs = 30_000) => {
  const targets: Targets = createTargets({
    destinations: readManagers(managers),
    resolve: async () => ["127.0.0.1"],
    probe: probeManager,
    clock: systemClock,
    logger: silentLogger(),
    intervalMs: 60_000,
  });
  open.push({ close: () => targets.stop() });
  await targets.refresh();
  const reports: ScheduleOutcome[] = [];
  const execute = createRemoteSlot({
    targets,
    clock: systemClock,
    requestTimeoutMs,
    versionOf: () => "0.0.1",
  });
  return {
    targets,
    reports,
    run: (definition: Partial<ScheduleDefinition> = {}, last?: ScheduleOutcome) => {
      const schedule: Schedule = {
        id: "1",
        taskId: "task",
        chain: { network: "demo", chainId: "demo-1" },
        kind: "LASTDATA",
        intervalMs: 1_000,
        enabled: true,
        fired: 1n,
        missed: 0n,
        createdAt: 0,
        asOf: 0,
        ...(last !== undefined && { last: { time: 0, retryCount: 0, ...last } }),
        ...definition,
      };
      const signal = new AbortController().signal;
      const report = async (outcome: ScheduleOutcome): Promise<void> => void reports.push(outcome);
      return execute({ schedule, signal, over: signal, report });
    },
  };
};

describe("a slot of LASTDATA", () => {
  it.each(["http://localhost", "ws://localhost"])("is run by a manager at %s", async (base) => {
    const { port, client } = await startManager();
    const { run, reports } = await createScheduler([`${base}:${port}`]);
    // The second request finds nothing new.
    expect(await run()).toEqual({ outcome: { height: 20, hash: "demo-1-block-20" } });
    expect(reports).toEqual([{ height: 20, hash: "demo-1-block-20" }]);
    expect(client.calls.map(({ name }) => name)).toEqual(["scrapeLatest", "scrapeLatest"]);
  });

  it("goes to the next manager when one is frozen or gone, and leaves it out", async () => {
    const frozen = await startFrozen(true);
    const { port, client } = await startManager();
    const { run, targets } = await createScheduler([frozen.url, `127.0.0.1:${port}`], 300);
    expect(await run({}, { height: 20 })).toMatchObject({ outcome: { height: 20 } });
    expect(frozen.requests).toBe(1);
    expect(targets.list()).toMatchObject([
      { alive: false, error: expect.stringContaining("No response within 300 ms.") as string },
      { alive: true },
    ]);
    await run({}, { height: 20 });
    expect(frozen.requests).toBe(1);
    expect(client.calls).toHaveLength(2);
  });

  it("fails with the manager's own error, and with the reason when no manager responds", async () => {
    const { port, client, server } = await startManager();
    const { run } = await createScheduler([`127.0.0.1:${port}`]);
    client.fail("scrapeLatest", new IndexerError("NO_WORKER", "No worker of demo/demo-1 is online."));
    await expect(run()).rejects.toMatchObject({
      code: "WORKER_FAILED",
      message: "No worker of demo/demo-1 is online.",
    });
    await server.close();
    await expect(run()).rejects.toMatchObject({
      code: "OVERLOADED",
      message: /No manager of demo\/demo-1 responds.*ECONNREFUSED/,
    });
  });
});

describe("a slot of SYNCRANGE", () => {
  it("starts the range after its last height and completes it", async () => {
    const { port, client } = await startManager();
    const { run } = await createScheduler([`127.0.0.1:${port}`]);
    const range = { kind: "SYNCRANGE", heights: { from: 3, to: 18 } } as const;
    expect(await run(range)).toEqual({
      outcome: { height: 18, hash: "demo-1-block-18" },
      completed: true,
    });
    expect(client.calls.find(({ name }) => name === "indexed")?.args[1]).toEqual({ from: 3, to: 18 });
  });
});
