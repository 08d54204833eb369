// The rules of one endpoint's state: outages, cooldowns, latency, rate limit and attempts, each with exact values.
import { describe, expect, it } from "vitest";
import { TaskFailure } from "../domain/task.js";
import {
  connectionRefused as down,
  createVariableEndpoints as setUp,
  outcomeAfter as after,
  taskFailureOf as failureOf,
  variableNode as node,
} from "../testing/endpoint-nodes.js";
import { EndpointError } from "./endpoint-error.js";

const { signal } = new AbortController();
const limited = (retryAfterMs: number) => (): Error =>
  new EndpointError("rate-limited", "429", { retryAfterMs });
const noCooldownWait = { maxCooldownWaitMs: 0 };

describe("an outage of an endpoint", () => {
  it("ends with a success: the next outage cools down for the first period again", async () => {
    const one = node("one", { fault: down });
    const { clock, endpoints, callName } = setUp([one], noCooldownWait);
    const cooldownMs = (): number | undefined => endpoints.status()[0]?.cooldownMs;
    await failureOf(callName());
    await clock.advance(500);
    await failureOf(callName());
    expect(cooldownMs()).toBe(1_000);
    one.fault = undefined;
    await clock.advance(1_000);
    expect(await callName()).toBe("one");
    expect(endpoints.status()).toMatchObject([{ cooldownMs: 0 }]);
    one.fault = down;
    await failureOf(callName());
    expect(cooldownMs()).toBe(500);
  });

  it("does not end with the success of a call that started before it", async () => {
    const one = node("one", { latency: 100 });
    const { clock, endpoints, callName } = setUp([one], noCooldownWait);
    await after(clock, 100, callName());
    const early = callName();
    await clock.advance(0);
    one.latency = 10;
    one.fault = down;
    await failureOf(after(clock, 10, callName()));
    one.fault = undefined;
    expect(await after(clock, 90, early)).toBe("one");
    expect(endpoints.status()[0]?.lastFault).toBe("the connection was refused");
    await clock.advance(410);
    one.fault = down;
    await failureOf(after(clock, 10, callName()));
    expect(endpoints.status()[0]?.cooldownMs).toBe(1_000);
  });

  it("grows with a call that starts at the moment of the last failure", async () => {
    const faults = [limited(0), down];
    const one = node("one", { fault: () => faults.shift()?.() ?? down() });
    const { endpoints, callName } = setUp([one], noCooldownWait);
    await failureOf(callName());
    expect(one.calls).toBe(2);
    expect(endpoints.status()[0]?.cooldownMs).toBe(1_000);
  });

  it("cools down for at most a minute", async () => {
    const one = node("one", { fault: down });
    const { clock, endpoints, callName } = setUp([one], noCooldownWait);
    for (let outage = 0; outage < 12; outage += 1) {
      await failureOf(callName());
      await clock.advance(endpoints.status()[0]?.cooldownMs ?? 0);
    }
    await failureOf(callName());
    expect(endpoints.status()[0]?.cooldownMs).toBe(60_000);
  });

  it("keeps the longest cooldown of calls that fail together", async () => {
    const one = node("one", { latency: 10 });
    const { clock, endpoints, callName } = setUp([one], noCooldownWait);
    await after(clock, 10, callName());
    const faults = [limited(3_000), limited(100)];
    one.fault = () => faults.shift()?.() ?? down();
    const calls = [failureOf(callName()), failureOf(callName())];
    await clock.advance(10);
    await Promise.all(calls);
    expect(endpoints.status()[0]?.cooldownMs).toBe(3_000);
  });
});

describe("the latency of an endpoint", () => {
  it("moves by a fifth towards each measurement, and is replaced by the first one after a minute", async () => {
    const one = node("one", { latency: 100 });
    const { clock, endpoints, callName } = setUp([one]);
    const measure = async (latency: number): Promise<number | undefined> => {
      one.latency = latency;
      await after(clock, latency, callName());
      return endpoints.status()[0]?.latencyMs;
    };
    expect(await measure(100)).toBe(100);
    expect(await measure(50)).toBeCloseTo(90, 9);
    await clock.advance(60_001);
    expect(await measure(10)).toBe(10);
    expect(await measure(60)).toBeCloseTo(20, 9);
  });

  it("stays outdated until a measurement succeeds", async () => {
    const absent = new TaskFailure("Absent.", "other-worker", { type: "not_found" });
    const one = node("one", { latency: 100 });
    const { clock, endpoints, callName } = setUp([one]);
    await after(clock, 100, callName());
    await clock.advance(60_001);
    one.latency = 10;
    one.fault = () => new EndpointError("missing", "absent", { failure: absent });
    await failureOf(after(clock, 10, callName()));
    one.fault = undefined;
    await after(clock, 10, callName());
    expect(endpoints.status()[0]?.latencyMs).toBe(10);
  });
});

describe("the rate of an endpoint", () => {
  it("falls after a timeout as after a rate limit, and rises after a response", async () => {
    const one = node("one");
    const { clock, endpoints, callName } = setUp([one], noCooldownWait);
    for (let i = 0; i < 100; i += 1) await callName();
    one.latency = 5_000;
    await failureOf(after(clock, 1_000, callName()));
    expect(endpoints.status()[0]?.requestsPerSecond).toBe(50.5);
    one.latency = 0;
    await clock.advance(1_000);
    await callName();
    expect(endpoints.status()[0]?.requestsPerSecond).toBeCloseTo(53.025, 9);
  });

  it("does not fall after an outage", async () => {
    const one = node("one", { fault: down });
    const { endpoints, callName } = setUp([one], { ...noCooldownWait, requestsPerSecond: 10 });
    await failureOf(callName());
    expect(endpoints.status()[0]?.requestsPerSecond).toBe(10);
  });

  it("counts a call by its weight", async () => {
    const one = node("one");
    const { clock, endpoints, callName } = setUp([one], { requestsPerSecond: 10 });
    await endpoints.call(() => Promise.resolve(1), { signal, weight: 5 });
    const next = callName();
    await clock.advance(499);
    expect(one.calls).toBe(0);
    expect(await after(clock, 1, next)).toBe("one");
  });

  it("is not used up by calls that find the endpoint cooling down", async () => {
    // The call starts a few promise turns before the failure of another one is known.
    for (let turns = 0; turns < 12; turns += 1) {
      const one = node("one");
      const { clock, endpoints, callName } = setUp([one], { requestsPerSecond: 2 });
      await callName();
      await clock.advance(500);
      let attempts = 0;
      let fail = (_: Error): void => undefined;
      const failing = endpoints.call(
        () => ((attempts += 1) > 1 ? Promise.resolve() : new Promise((_, reject) => (fail = reject))),
        { signal },
      );
      await clock.advance(500);
      const callLater = async (): Promise<void> => {
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        await endpoints.call(() => Promise.resolve(), { signal, weight: 4 });
      };
      let done = 0;
      // Started before the failure, so that it comes first in each turn.
      const calls = [callLater(), failing].map((each) => each.then(() => (done += 1)));
      fail(down());
      // The cooldown ends after 500 ms, and the weight of 4 takes 2 s only if that call was made before.
      await clock.advance(2_000);
      expect(done).toBe(2);
      await Promise.all(calls);
    }
  });
});

describe("the attempts of a call", () => {
  it("are two more than there are endpoints", async () => {
    for (const count of [1, 2, 3]) {
      const nodes = Array.from({ length: count }, (_, at) => node(`node ${at}`, { fault: limited(1) }));
      const { clock, callName } = setUp(nodes);
      await failureOf(after(clock, 4_000, callName()));
      expect(nodes.reduce((sum, { calls }) => sum + calls, 0)).toBe(count + 2);
    }
  });

  it("have the whole time limit for each round", async () => {
    const { clock, endpoints } = setUp([node("one")], noCooldownWait);
    const call = (ms: number): Promise<string> =>
      endpoints.call(() => clock.sleep(ms).then(() => "done"), { signal, rounds: 3 });
    expect(await after(clock, 2_999, call(2_999))).toBe("done");
    expect((await failureOf(after(clock, 3_001, call(3_001)))).message).toContain("within 3000 ms");
  });

  it("may be repeated after half a second at the earliest", async () => {
    const { clock, callName } = setUp([node("one", { fault: limited(1) })]);
    const { retry, details } = await failureOf(after(clock, 4_000, callName()));
    expect(retry).toBe("same-worker");
    expect(details).toEqual({ type: "rate_limited", retryAfterMs: 500 });
  });

  it("fail as wrong chain only if every endpoint serves another one", async () => {
    const { callName } = setUp(
      [node("wrong", { chainId: "5" }), node("down", { fault: down })],
      noCooldownWait,
    );
    expect((await failureOf(callName())).details).toEqual({ type: "unavailable" });
  });

  it("fail as missing data only if it is missing on every endpoint", async () => {
    const absent = new TaskFailure("Absent.", "never", { type: "not_found" });
    const missing = (): Error => new EndpointError("missing", "absent", { failure: absent });
    const { callName } = setUp([node("a", { fault: missing }), node("b", { fault: down })], noCooldownWait);
    const failure = await failureOf(callName());
    expect(failure).not.toBe(absent);
    expect(failure.retry).toBe("other-worker");
  });
});

describe("the newest blocks of other endpoints", () => {
  it("count by the lowest of them", async () => {
    const nodes = [node("a", { head: 900_000_000 }), node("b"), node("c", { head: 900_000_000 })];
    for (const [at, each] of nodes.entries()) each.latency = 3 - at;
    const { clock, endpoints, head } = setUp(nodes);
    expect(await after(clock, 10, head())).toEqual({ height: 900_000_000 });
    expect(await after(clock, 10, head())).toEqual({ height: 100 });
    expect(await after(clock, 10, head())).toEqual({ height: 100 });
    expect(endpoints.status()[2]?.lastFault).toContain("implausibly far above the previous 100");
  });

  it("do not include the endpoint's own, older one", async () => {
    const nodes = [node("a", { latency: 5 }), node("b", { latency: 50, head: 105 })];
    const limits = { maxRollback: 10, maxAhead: 10, blocksPerSecond: 1 };
    const { clock, endpoints, head } = setUp(nodes, { headLimits: limits, ...noCooldownWait });
    await after(clock, 5, head());
    await clock.advance(9_945);
    expect(await after(clock, 50, head())).toEqual({ height: 105 });
    for (const each of nodes) each.head = 117;
    // The first one's own limit is 100 + 10 + 10; 105 + 10 of the second one is lower.
    await failureOf(after(clock, 100, head()));
    expect(endpoints.status()[0]?.lastFault).toContain("implausibly far above the previous 105");
  });
});
