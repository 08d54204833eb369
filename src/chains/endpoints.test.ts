import { describe, expect, it } from "vitest";
import { TaskFailure } from "../domain/task.js";
import {
  connectionRefused as down,
  createVariableEndpoints as setUp,
  outcomeAfter as after,
  taskFailureOf as failureOf,
  variableNode as node,
} from "../testing/endpoint-nodes.js";
import { EndpointError, parseRetryAfter } from "./endpoint-error.js";

const signal = new AbortController().signal;

describe("several endpoints of one chain", () => {
  it("tries each endpoint once, prefers the fastest, and measures the others again later", async () => {
    const nodes = [node("slow", { latency: 80 }), node("fast", { latency: 10 })];
    const { clock, callName } = setUp(nodes);
    const served: string[] = [];
    for (let i = 0; i < 6; i += 1) served.push(await after(clock, 100, callName()));
    expect(served).toEqual(["slow", "fast", "fast", "fast", "fast", "fast"]);
    Object.assign(nodes[0] ?? {}, { latency: 1 });
    await clock.advance(61_000);
    for (let i = 0; i < 20; i += 1) served.push(await after(clock, 100, callName()));
    expect(served.at(-1)).toBe("slow");
  });

  it("does not count the time to connect as an endpoint's latency", async () => {
    const nodes = [node("warm", { latency: 50 }), node("cold", { latency: 10 })];
    let connectMs = 0;
    const { clock, callName } = setUp(nodes, {
      identify: async ({ chainId }) => {
        if (connectMs > 0) await clock.sleep(connectMs);
        return chainId;
      },
    });
    expect(await after(clock, 100, callName())).toBe("warm");
    connectMs = 200;
    expect(await after(clock, 300, callName())).toBe("cold");
    expect(await after(clock, 100, callName())).toBe("cold");
  });

  it("fails over, cools the failing endpoint down longer each time, and uses it again after recovery", async () => {
    const [failing, healthy] = [node("failing", { fault: down }), node("healthy", { latency: 5 })];
    const { clock, endpoints, callName } = setUp([failing, healthy]);
    const cooldowns: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      expect(await after(clock, 10, callName())).toBe("healthy");
      const cooldownMs = endpoints.status()[0]?.cooldownMs ?? 0;
      cooldowns.push(cooldownMs + 10);
      await clock.advance(cooldownMs);
    }
    expect(cooldowns.map((ms) => Math.round(ms / 500))).toEqual([1, 2, 4, 8]);
    expect(failing.calls).toBe(4);
    failing.fault = undefined;
    expect(await after(clock, 10, callName())).toBe("failing");
    expect(endpoints.status()[0]).toMatchObject({ cooldownMs: 0 });
    expect(endpoints.status()[0]?.lastFault).toBeUndefined();
  });

  it("does not call an endpoint that cools down while another is healthy", async () => {
    const [failing, healthy] = [node("failing", { fault: down }), node("healthy", { latency: 5 })];
    const { clock, callName } = setUp([failing, healthy]);
    for (let i = 0; i < 20; i += 1) await after(clock, 5, callName());
    expect(failing.calls).toBe(1);
  });

  it("counts calls that fail together as one failure", async () => {
    const { clock, endpoints, callName } = setUp([node("failing", { fault: down, latency: 10 })], {
      maxCooldownWaitMs: 0,
    });
    const calls = Array.from({ length: 20 }, () => failureOf(callName()));
    await clock.advance(10);
    await Promise.all(calls);
    expect(endpoints.status()[0]?.cooldownMs).toBe(500);
  });

  it("counts calls that waited for the cooldown and fail together as one failure", async () => {
    const failing = node("failing", { fault: down });
    const { clock, endpoints, callName } = setUp([failing]);
    const calls: Promise<unknown>[] = [];
    // Calls that start at different times wake at different times.
    for (let i = 0; i < 16; i += 1) {
      calls.push(failureOf(callName()));
      await clock.advance(1);
    }
    await clock.advance(4_000);
    await Promise.all(calls);
    // It fails at 0, 0.5, 1.5 and 3.5 s, each time for all waiting calls.
    expect(endpoints.status()[0]?.cooldownMs).toBeLessThanOrEqual(4_000);
    failing.fault = undefined;
    expect(await after(clock, 4_000, callName())).toBe("failing");
  });

  it("applies a requested cooldown to calls that already wait for capacity", async () => {
    const limited = node("limited", {
      fault: () => new EndpointError("rate-limited", "429", { retryAfterMs: 3_000 }),
    });
    const { clock, callName } = setUp([limited], { requestsPerSecond: 2 });
    const calls = [callName(), callName(), callName()];
    await clock.advance(2_999);
    expect(limited.calls).toBe(1);
    limited.fault = undefined;
    await clock.advance(10_000);
    expect(await Promise.all(calls)).toEqual(["limited", "limited", "limited"]);
  });

  it("moves calls that wait for capacity to another endpoint as soon as theirs cools down", async () => {
    const [failing, healthy] = [node("failing", { latency: 100 }), node("healthy")];
    const { clock, callName } = setUp([failing, healthy], { requestsPerSecond: 1 });
    const served: string[] = [];
    const calls = Array.from({ length: 6 }, () => callName().then((name) => served.push(name)));
    failing.fault = down;
    // Three calls wait at each. The failing one fails after 100 ms; the healthy one then serves all six, one per second.
    await clock.advance(5_100);
    expect(served).toEqual(Array.from({ length: 6 }, () => "healthy"));
    expect(failing.calls).toBe(1);
    await Promise.all(calls);
  });

  it("reports why each endpoint failed if all fail", async () => {
    const { clock, callName } = setUp([node("a", { fault: down }), node("b", { latency: 5000 })]);
    const failure = await failureOf(after(clock, 20_000, callName()));
    expect(failure.retry).toBe("other-worker");
    expect(failure.details.type).toBe("unavailable");
    expect(failure.message).toBe(
      "No endpoint of test/1 completed the call. a: the connection was refused; b: it did not respond within 1000 ms.",
    );
  });

  it("waits for a short requested cooldown", async () => {
    const limited = node("limited", {
      fault: () => new EndpointError("rate-limited", "429", { retryAfterMs: 3000 }),
    });
    const { clock, callName } = setUp([limited]);
    const result = callName();
    await clock.advance(2999);
    limited.fault = undefined;
    expect(limited.calls).toBe(1);
    await clock.advance(1);
    expect(await result).toBe("limited");
  });

  it("returns a long rate limit to the caller, and sends no request meanwhile", async () => {
    const limited = node("limited", {
      fault: () => new EndpointError("rate-limited", "429", { retryAfterMs: 30_000 }),
    });
    const { clock, callName } = setUp([limited]);
    const first = await failureOf(callName());
    expect(first.retry).toBe("same-worker");
    expect(first.details).toMatchObject({ type: "rate_limited", retryAfterMs: 30_000 });
    await clock.advance(10_000);
    expect((await failureOf(callName())).details.retryAfterMs).toBe(20_000);
    expect(limited.calls).toBe(1);
  });

  it("lowers the request rate after a rate limit", async () => {
    const limited = node("limited");
    const { endpoints, callName } = setUp([limited], { maxCooldownWaitMs: 0 });
    for (let i = 0; i < 100; i += 1) await callName();
    limited.fault = () => new EndpointError("rate-limited", "429");
    await failureOf(callName());
    expect(endpoints.status()[0]?.requestsPerSecond).toBe(50.5);
  });

  it("keeps to the fixed ceiling and spreads over endpoints", async () => {
    const nodes = [node("a"), node("b")];
    const { clock, callName } = setUp(nodes, { requestsPerSecond: 10 });
    const calls = Array.from({ length: 40 }, () => callName());
    await clock.advance(999);
    expect(nodes.map(({ calls }) => calls)).toEqual([10, 10]);
    await clock.advance(1000);
    await Promise.all(calls);
  });

  it("refuses an endpoint of another chain and names both chain ids", async () => {
    const wrong = node("wrong", { chainId: "5" });
    const failure = await failureOf(setUp([wrong]).callName());
    expect(failure.message).toContain("wrong: it serves chain id '5', not '1'");
    expect(failure.details.type).toBe("wrong_chain");
    expect(wrong.calls).toBe(0);
    const right = node("right", { latency: 50 });
    const both = setUp([node("wrong", { chainId: "5" }), right]);
    expect(await after(both.clock, 100, both.callName())).toBe("right");
  });

  it("reads the chain id again after an outage", async () => {
    const moved = node("moved");
    const { clock, callName } = setUp([moved]);
    await callName();
    Object.assign(moved, { fault: down });
    await failureOf(after(clock, 10_000, callName()));
    Object.assign(moved, { fault: undefined, chainId: "2" });
    await clock.advance(60_000);
    expect((await failureOf(after(clock, 10_000, callName()))).message).toContain("chain id '2'");
  });

  it("reads the chain id once for concurrent calls, also if the first of them aborts", async () => {
    let identifications = 0;
    const { clock, endpoints } = setUp([node("a")], {
      identify: async () => {
        identifications += 1;
        await clock.sleep(50);
        return "1";
      },
    });
    const first = new AbortController();
    const aborted = endpoints.call(async () => "first", { signal: first.signal });
    const outcome = expect(aborted).rejects.toThrow("cancelled");
    const calls = [1, 2, 3].map((each) => endpoints.call(async () => each, { signal }));
    await clock.advance(10);
    first.abort(new Error("cancelled"));
    await outcome;
    await clock.advance(40);
    expect(await Promise.all(calls)).toEqual([1, 2, 3]);
    expect(identifications).toBe(1);
  });

  it("calls another endpoint for missing data, without a cooldown", async () => {
    const absent = new TaskFailure("Height 7 is pruned.", "other-worker", { type: "pruned" });
    const missing = (): Error => new EndpointError("missing", "pruned", { failure: absent });
    const [pruned, archive] = [node("pruned", { fault: missing }), node("archive", { latency: 10 })];
    const { clock, endpoints, callName } = setUp([pruned, archive]);
    expect(await after(clock, 10, callName())).toBe("archive");
    expect(endpoints.status()[0]?.cooldownMs).toBe(0);
    archive.fault = missing;
    expect(await failureOf(after(clock, 20, callName()))).toBe(absent);
  });

  it("passes any other error on, without a cooldown", async () => {
    const { endpoints } = setUp([node("a")]);
    const failure = new TaskFailure("No such thing.", "never");
    const call = endpoints.call(() => Promise.reject(failure), { signal });
    expect(await failureOf(call)).toBe(failure);
    expect(endpoints.status()[0]?.cooldownMs).toBe(0);
  });

  it("stops at once on abort, even if the client ignores its signal", async () => {
    const controller = new AbortController();
    const { clock, endpoints } = setUp([node("a")]);
    const call = endpoints.call(() => new Promise(() => {}), { signal: controller.signal });
    const outcome = expect(call).rejects.toThrow("gone");
    await clock.advance(1);
    controller.abort(new Error("gone"));
    await outcome;
    expect(clock.sleepers).toBe(0);
  });
});

describe("the newest block of several endpoints", () => {
  it("may move back as far as a reorganisation, and forward", async () => {
    const one = node("one");
    const { head } = setUp([one]);
    for (const height of [100, 95, 4000, 3800]) {
      one.head = height;
      expect(await head()).toEqual({ height });
    }
  });

  it("is refused if it moves back beyond any reorganisation", async () => {
    const one = node("one", { head: 10_000 });
    const { head } = setUp([one]);
    await head();
    one.head = 9000;
    const failure = await failureOf(head());
    expect(failure.message).toContain("moved its newest block back from 10000 to 9000");
  });

  it("is refused if it is implausibly high or not a height", async () => {
    const one = node("one");
    const { head } = setUp([one]);
    await head();
    one.head = 4_294_967_295;
    expect((await failureOf(head())).message).toContain("implausibly far above the previous 100");
    for (const height of [-1, 1.5, Number.NaN]) {
      const other = setUp([node("other", { head: height })]);
      expect((await failureOf(other.head())).message).toContain("which is not a height");
    }
  });

  it("comes from the plausible endpoint once both responded, in any order", async () => {
    const [implausible, plausible] = [
      node("implausible", { head: 900_000_000, latency: 1 }),
      node("plausible", { latency: 9 }),
    ];
    const { clock, head } = setUp([implausible, plausible]);
    const heights: number[] = [];
    for (let i = 0; i < 5; i += 1) heights.push((await after(clock, 10, head())).height);
    expect(heights).toEqual([900_000_000, 100, 100, 100, 100]);
  });
});

describe("Retry-After", () => {
  it("accepts seconds or a date", () => {
    const now = Date.parse("2024-01-01T00:00:00Z");
    expect(parseRetryAfter("2", now)).toBe(2000);
    expect(parseRetryAfter("0.5", now)).toBe(500);
    expect(parseRetryAfter("Mon, 01 Jan 2024 00:00:30 GMT", now)).toBe(30_000);
    expect(parseRetryAfter("Sun, 31 Dec 2023 00:00:00 GMT", now)).toBe(0);
    for (const invalid of [null, undefined, "", "soon"])
      expect(parseRetryAfter(invalid, now)).toBeUndefined();
  });
});
