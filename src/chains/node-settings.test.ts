// The wait for a first node: reported soon, each reason once, ended by success, a final failure or an abort.
import { describe, expect, it } from "vitest";
import { TaskFailure } from "../domain/task.js";
import { silentLogger } from "../lib/logger.js";
import { createManualClock } from "../testing/manual-clock.js";
import { until } from "../testing/until.js";
import { retryUntilIdentified } from "./node-settings.js";

function createBench(identify: (attempt: number) => Promise<string>, stop = new AbortController()) {
  const clock = createManualClock();
  const reasons: string[] = [];
  let attempts = 0;
  const result = retryUntilIdentified(() => identify(attempts++), {
    logger: silentLogger(),
    signal: stop.signal,
    clock,
    onWaiting: (reason) => void reasons.push(reason),
  });
  return { clock, reasons, result, stop, attempts: () => attempts };
}

describe("waiting for a node", () => {
  it("reports a node that does not respond within 1.5 s", async () => {
    let respond: (chainId: string) => void = () => {};
    const { clock, reasons, result } = createBench(() => new Promise((resolve) => (respond = resolve)));
    await clock.advance(1_499);
    expect(reasons).toEqual([]);
    await clock.advance(1);
    expect(reasons).toEqual(["No response within 1.5 s."]);
    respond("chain-1");
    expect(await result).toBe("chain-1");
    expect(clock.sleepers).toBe(0);
  });

  it("reports each reason once while it retries", async () => {
    const { clock, reasons, result, attempts } = createBench(async (attempt) => {
      if (attempt < 3) throw new Error("ECONNREFUSED");
      if (attempt === 3) throw new Error("it limits requests");
      return "chain-1";
    });
    await until("the fifth attempt", async () => {
      await clock.advance(1_000);
      return attempts() === 5;
    });
    expect(await result).toBe("chain-1");
    expect(reasons).toEqual(["ECONNREFUSED", "it limits requests"]);
  });

  it("rejects at once on a final failure, and on an abort", async () => {
    const final = createBench(async () => {
      throw new TaskFailure("not an address", "never");
    });
    await expect(final.result).rejects.toThrow("not an address");
    const aborted = createBench(() => new Promise(() => {}));
    const refused = createBench(async () => {
      throw new Error("ECONNREFUSED");
    });
    await until("the first attempt", () => refused.reasons.length === 1);
    refused.stop.abort(new Error("stopping"));
    await expect(refused.result).rejects.toThrow("stopping");
    aborted.stop.abort(new Error("stopping"));
    expect(aborted.reasons).toEqual([]);
  });
});
