import { describe, expect, it } from "vitest";
import type { ChainHead } from "../domain/chain.js";
import { TaskFailure } from "../domain/task.js";
import { silentLogger } from "../lib/logger.js";
import { createManualClock, type ManualClock } from "../testing/manual-clock.js";
import { EndpointError, parseRetryAfter } from "./endpoint-error.js";
import { createEndpoints, type Endpoints, type EndpointsOptions } from "./endpoints.js";

interface Node {
  readonly name: string;
  /** Milliseconds before it answers. */
  latency: number;
  chainId: string;
  head: number;
  fault: (() => Error) | undefined;
  asked: number;
}

const signal = new AbortController().signal;
const down = (): Error => new EndpointError("unavailable", "the connection was refused");

function node(name: string, rest: Partial<Node> = {}): Node {
  return { name, latency: 0, chainId: "1", head: 100, fault: undefined, asked: 0, ...rest };
}

function setUp(
  nodes: readonly Node[],
  rest: Partial<EndpointsOptions<Node>> = {},
): {
  clock: ManualClock;
  endpoints: Endpoints<Node>;
  ask: () => Promise<string>;
  head: () => Promise<ChainHead>;
} {
  const clock = createManualClock();
  const endpoints = createEndpoints<Node>({
    chain: { network: "test", chainId: "1" },
    endpoints: nodes.map((client) => ({ name: client.name, client })),
    identify: async (client) => client.chainId,
    timeoutMs: 1000,
    clock,
    logger: silentLogger(),
    random: () => 1,
    ...rest,
  });
  const reach = async (client: Node): Promise<Node> => {
    client.asked += 1;
    if (client.latency > 0) await clock.sleep(client.latency);
    if (client.fault !== undefined) throw client.fault();
    return client;
  };
  return {
    clock,
    endpoints,
    ask: () => endpoints.call(async (client) => (await reach(client)).name, { signal }),
    head: () => endpoints.head(async (client) => ({ height: (await reach(client)).head }), signal),
  };
}

/** The outcome of a promise after the clock has moved on. */
async function after<T>(clock: ManualClock, ms: number, promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  await clock.advance(ms);
  return promise;
}

async function failureOf(promise: Promise<unknown>): Promise<TaskFailure> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TaskFailure)) throw new Error(`no TaskFailure: ${String(error)}`);
  return error;
}

describe("several endpoints of one chain", () => {
  it("tries each once, then keeps to the fastest, and looks at the others again later", async () => {
    const nodes = [node("slow", { latency: 80 }), node("fast", { latency: 10 })];
    const { clock, ask } = setUp(nodes);
    const answers: string[] = [];
    for (let i = 0; i < 6; i += 1) answers.push(await after(clock, 100, ask()));
    expect(answers).toEqual(["slow", "fast", "fast", "fast", "fast", "fast"]);
    Object.assign(nodes[0] ?? {}, { latency: 1 });
    await clock.advance(61_000);
    for (let i = 0; i < 20; i += 1) answers.push(await after(clock, 100, ask()));
    expect(answers.at(-1)).toBe("slow");
  });

  it("does not take the time that a connection takes to open for an endpoint's latency", async () => {
    const nodes = [node("warm", { latency: 50 }), node("cold", { latency: 10 })];
    let connectMs = 0;
    const { clock, ask } = setUp(nodes, {
      identify: async ({ chainId }) => {
        if (connectMs > 0) await clock.sleep(connectMs);
        return chainId;
      },
    });
    expect(await after(clock, 100, ask())).toBe("warm");
    connectMs = 200;
    expect(await after(clock, 300, ask())).toBe("cold");
    expect(await after(clock, 100, ask())).toBe("cold");
  });

  it("goes on with another endpoint when one fails, lets it rest longer each time, and takes it back", async () => {
    const [ill, well] = [node("ill", { fault: down }), node("well", { latency: 5 })];
    const { clock, endpoints, ask } = setUp([ill, well]);
    const rests: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      expect(await after(clock, 10, ask())).toBe("well");
      const cooldownMs = endpoints.status()[0]?.cooldownMs ?? 0;
      rests.push(cooldownMs + 10);
      await clock.advance(cooldownMs);
    }
    expect(rests.map((ms) => Math.round(ms / 500))).toEqual([1, 2, 4, 8]);
    expect(ill.asked).toBe(4);
    ill.fault = undefined;
    expect(await after(clock, 10, ask())).toBe("ill");
    expect(endpoints.status()[0]).toMatchObject({ cooldownMs: 0 });
    expect(endpoints.status()[0]?.lastFault).toBeUndefined();
  });

  it("does not ask a resting endpoint while another is well", async () => {
    const [ill, well] = [node("ill", { fault: down }), node("well", { latency: 5 })];
    const { clock, ask } = setUp([ill, well]);
    for (let i = 0; i < 20; i += 1) await after(clock, 5, ask());
    expect(ill.asked).toBe(1);
  });

  it("counts calls that fail together as one failure", async () => {
    const { clock, endpoints, ask } = setUp([node("ill", { fault: down, latency: 10 })], {
      maxCooldownWaitMs: 0,
    });
    const calls = Array.from({ length: 20 }, () => failureOf(ask()));
    await clock.advance(10);
    await Promise.all(calls);
    expect(endpoints.status()[0]?.cooldownMs).toBe(500);
  });

  it("rests on for calls that waited for it and find it ill again: an outage of a second is not taken for many", async () => {
    const ill = node("ill", { fault: down });
    const { clock, endpoints, ask } = setUp([ill]);
    const calls: Promise<unknown>[] = [];
    // Calls that come at different moments wake at different moments.
    for (let i = 0; i < 16; i += 1) {
      calls.push(failureOf(ask()));
      await clock.advance(1);
    }
    await clock.advance(4_000);
    await Promise.all(calls);
    // It failed at 0, 0.5, 1.5 and 3.5 s, each time for all that waited.
    expect(endpoints.status()[0]?.cooldownMs).toBeLessThanOrEqual(4_000);
    ill.fault = undefined;
    expect(await after(clock, 4_000, ask())).toBe("ill");
  });

  it("keeps to a rest that was asked for while calls waited for their turn", async () => {
    const limited = node("limited", {
      fault: () => new EndpointError("rate-limited", "429", { retryAfterMs: 3_000 }),
    });
    const { clock, ask } = setUp([limited], { requestsPerSecond: 2 });
    const calls = [ask(), ask(), ask()];
    await clock.advance(2_999);
    expect(limited.asked).toBe(1);
    limited.fault = undefined;
    await clock.advance(10_000);
    expect(await Promise.all(calls)).toEqual(["limited", "limited", "limited"]);
  });

  it("those who wait for their turn at one that fails ask another at once", async () => {
    const [ill, well] = [node("ill", { latency: 100 }), node("well")];
    const { clock, ask } = setUp([ill, well], { requestsPerSecond: 1 });
    const answered: string[] = [];
    const calls = Array.from({ length: 6 }, () => ask().then((name) => answered.push(name)));
    ill.fault = down;
    // Three wait at each. The first of the ill one fails after 100 ms; the well one then has all six, one a second.
    await clock.advance(5_100);
    expect(answered).toEqual(Array.from({ length: 6 }, () => "well"));
    expect(ill.asked).toBe(1);
    await Promise.all(calls);
  });

  it("says why each failed when none answers", async () => {
    const { clock, ask } = setUp([node("a", { fault: down }), node("b", { latency: 5000 })]);
    const failure = await failureOf(after(clock, 20_000, ask()));
    expect(failure.retry).toBe("other-worker");
    expect(failure.details.type).toBe("unavailable");
    expect(failure.message).toBe(
      "No endpoint of test/1 completed the call. a: the connection was refused; b: it did not respond within 1000 ms.",
    );
  });

  it("waits as long as a limiting endpoint asks, where that is short", async () => {
    const limited = node("limited", {
      fault: () => new EndpointError("rate-limited", "429", { retryAfterMs: 3000 }),
    });
    const { clock, ask } = setUp([limited]);
    const answer = ask();
    await clock.advance(2999);
    limited.fault = undefined;
    expect(limited.asked).toBe(1);
    await clock.advance(1);
    expect(await answer).toBe("limited");
  });

  it("hands a long limit on to the caller, and does not ask in the meantime", async () => {
    const limited = node("limited", {
      fault: () => new EndpointError("rate-limited", "429", { retryAfterMs: 30_000 }),
    });
    const { clock, ask } = setUp([limited]);
    const first = await failureOf(ask());
    expect(first.retry).toBe("same-worker");
    expect(first.details).toMatchObject({ type: "rate_limited", retryAfterMs: 30_000 });
    await clock.advance(10_000);
    expect((await failureOf(ask())).details.retryAfterMs).toBe(20_000);
    expect(limited.asked).toBe(1);
  });

  it("asks a limiting endpoint less often afterwards", async () => {
    const limited = node("limited");
    const { endpoints, ask } = setUp([limited], { maxCooldownWaitMs: 0 });
    for (let i = 0; i < 100; i += 1) await ask();
    limited.fault = () => new EndpointError("rate-limited", "429");
    await failureOf(ask());
    expect(endpoints.status()[0]?.requestsPerSecond).toBe(50.5);
  });

  it("keeps to the fixed ceiling and spreads over endpoints", async () => {
    const nodes = [node("a"), node("b")];
    const { clock, ask } = setUp(nodes, { requestsPerSecond: 10 });
    const calls = Array.from({ length: 40 }, () => ask());
    await clock.advance(999);
    expect(nodes.map(({ asked }) => asked)).toEqual([10, 10]);
    await clock.advance(1000);
    await Promise.all(calls);
  });

  it("refuses an endpoint of another chain, and names both ids", async () => {
    const wrong = node("wrong", { chainId: "5" });
    const failure = await failureOf(setUp([wrong]).ask());
    expect(failure.message).toContain("wrong: it serves chain id '5', not '1'");
    expect(failure.details.type).toBe("wrong_chain");
    expect(wrong.asked).toBe(0);
    const right = node("right", { latency: 50 });
    const both = setUp([node("wrong", { chainId: "5" }), right]);
    expect(await after(both.clock, 100, both.ask())).toBe("right");
  });

  it("asks for the chain id again after an outage", async () => {
    const moved = node("moved");
    const { clock, ask } = setUp([moved]);
    await ask();
    Object.assign(moved, { fault: down });
    await failureOf(after(clock, 10_000, ask()));
    Object.assign(moved, { fault: undefined, chainId: "2" });
    await clock.advance(60_000);
    expect((await failureOf(after(clock, 10_000, ask()))).message).toContain("chain id '2'");
  });

  it("asks for the chain id once where many calls begin at once, and for all where the first of them is given up", async () => {
    let asked = 0;
    const { clock, endpoints } = setUp([node("a")], {
      identify: async () => {
        asked += 1;
        await clock.sleep(50);
        return "1";
      },
    });
    const first = new AbortController();
    const given = endpoints.call(async () => "first", { signal: first.signal });
    const outcome = expect(given).rejects.toThrow("given up");
    const calls = [1, 2, 3].map((each) => endpoints.call(async () => each, { signal }));
    await clock.advance(10);
    first.abort(new Error("given up"));
    await outcome;
    await clock.advance(40);
    expect(await Promise.all(calls)).toEqual([1, 2, 3]);
    expect(asked).toBe(1);
  });

  it("asks another endpoint for what one lacks, without a rest", async () => {
    const absent = new TaskFailure("Height 7 is pruned.", "other-worker", { type: "pruned" });
    const lacking = (): Error => new EndpointError("missing", "pruned", { failure: absent });
    const [pruned, archive] = [node("pruned", { fault: lacking }), node("archive", { latency: 10 })];
    const { clock, endpoints, ask } = setUp([pruned, archive]);
    expect(await after(clock, 10, ask())).toBe("archive");
    expect(endpoints.status()[0]?.cooldownMs).toBe(0);
    archive.fault = lacking;
    expect(await failureOf(after(clock, 20, ask()))).toBe(absent);
  });

  it("lets an answer that is an error through, without a rest", async () => {
    const { endpoints } = setUp([node("a")]);
    const refused = new TaskFailure("No such thing.", "never");
    const call = endpoints.call(() => Promise.reject(refused), { signal });
    expect(await failureOf(call)).toBe(refused);
    expect(endpoints.status()[0]?.cooldownMs).toBe(0);
  });

  it("stops at once when aborted, even where the client does not look", async () => {
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
  it("may move back a little, as in a reorganisation, and forward", async () => {
    const one = node("one");
    const { head } = setUp([one]);
    for (const height of [100, 95, 4000, 3800]) {
      one.head = height;
      expect(await head()).toEqual({ height });
    }
  });

  it("is refused where it moves back beyond any reorganisation", async () => {
    const one = node("one", { head: 10_000 });
    const { head } = setUp([one]);
    await head();
    one.head = 9000;
    const failure = await failureOf(head());
    expect(failure.message).toContain("moved its newest block back from 10000 to 9000");
  });

  it("is refused where it jumps absurdly or is not a height", async () => {
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

  it("comes from the honest endpoint once both were heard, whoever was first", async () => {
    const [liar, honest] = [node("liar", { head: 900_000_000, latency: 1 }), node("honest", { latency: 9 })];
    const { clock, head } = setUp([liar, honest]);
    const heights: number[] = [];
    for (let i = 0; i < 5; i += 1) heights.push((await after(clock, 10, head())).height);
    expect(heights).toEqual([900_000_000, 100, 100, 100, 100]);
  });
});

describe("Retry-After", () => {
  it("is seconds or a date", () => {
    const now = Date.parse("2024-01-01T00:00:00Z");
    expect(parseRetryAfter("2", now)).toBe(2000);
    expect(parseRetryAfter("0.5", now)).toBe(500);
    expect(parseRetryAfter("Mon, 01 Jan 2024 00:00:30 GMT", now)).toBe(30_000);
    expect(parseRetryAfter("Sun, 31 Dec 2023 00:00:00 GMT", now)).toBe(0);
    for (const nothing of [null, undefined, "", "soon"])
      expect(parseRetryAfter(nothing, now)).toBeUndefined();
  });
});
