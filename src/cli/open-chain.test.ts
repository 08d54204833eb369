// Opening a chain whose node is healthy, wrong, busy or silent, and observing its node afterwards.
import { describe, expect, it } from "vitest";
import type { EndpointStatus } from "../chains/endpoints.js";
import type { ChainReader } from "../chains/port.js";
import type { ChainHead } from "../domain/chain.js";
import { TaskFailure } from "../domain/task.js";
import { createCountingChain } from "../testing/counting-chain.js";
import { createManualClock } from "../testing/manual-clock.js";
import { until } from "../testing/until.js";
import { observeReader, openChain } from "./open-chain.js";

const { signal } = new AbortController();

/** A reader whose head the test decides. */
function createReader(head: ChainReader["head"], endpoints?: readonly EndpointStatus[]) {
  const state = { closed: false };
  const reader: ChainReader = {
    ...createCountingChain(),
    head,
    close: async () => void (state.closed = true),
    ...(endpoints !== undefined && { endpoints: () => endpoints }),
  };
  return { reader, state };
}

describe("opening a chain", () => {
  it("returns the reader of a healthy node without a fault", async () => {
    const faults: string[] = [];
    const { reader } = createReader(async () => ({ height: 5 }));
    const clock = createManualClock();
    const onFault = (reason: string): void => void faults.push(reason);
    expect(await openChain(async () => reader, { signal, clock, onFault })).toBe(reader);
    expect(faults).toEqual([]);
    expect(clock.sleepers).toBe(0);
  });

  it("rejects a node of another chain, closes the reader and names the setting", async () => {
    const { reader, state } = createReader(async () => {
      const message = "No endpoint completed the call. http://n: it serves chain id '7', not '1'.";
      throw new TaskFailure(message, "other-worker", { type: "wrong_chain" });
    });
    const opening = openChain(async () => reader, { signal, clock: createManualClock(), onFault: () => {} });
    await expect(opening).rejects.toThrow(
      /counting\/counting-1 cannot be read: .*serves chain id '7', not '1'\. Set CHAIN_ID/,
    );
    expect(state.closed).toBe(true);
  });

  it("returns the reader of a busy node and reports the reason", async () => {
    const faults: string[] = [];
    const { reader } = createReader(async () => {
      throw new TaskFailure("http://n: it limits requests", "same-worker", { type: "rate_limited" });
    });
    const onFault = (reason: string): void => void faults.push(reason);
    expect(await openChain(async () => reader, { signal, clock: createManualClock(), onFault })).toBe(reader);
    expect(faults).toEqual(["http://n: it limits requests"]);
  });

  it("returns the reader of a silent node after 2 s, and reports its later failure", async () => {
    const faults: string[] = [];
    const clock = createManualClock();
    let fail: (error: Error) => void = () => {};
    const { reader } = createReader(() => new Promise((_resolve, reject) => (fail = reject)));
    const onFault = (reason: string): void => void faults.push(reason);
    const opening = openChain(async () => reader, { signal, clock, onFault });
    await until("the wait for the node", () => clock.sleepers === 1);
    await clock.advance(1_999);
    expect(faults).toEqual([]);
    await clock.advance(1);
    expect(await opening).toBe(reader);
    expect(faults).toEqual(["No response within 2 s."]);
    fail(new Error("it did not respond within 10000 ms"));
    await until("the second report", () => faults.length === 2);
    expect(faults[1]).toBe("it did not respond within 10000 ms");
  });
});

describe("an observed reader", () => {
  it("reports a call without a response after 2.5 s, then its failure, then nothing once the node responds", async () => {
    const clock = createManualClock();
    const calls: { resolve: (head: ChainHead) => void; reject: (error: Error) => void }[] = [];
    const { reader } = createReader(
      () => new Promise((resolve, reject) => void calls.push({ resolve, reject })),
    );
    const observed = observeReader(reader, clock);
    const first = observed.reader.head(signal);
    expect(observed.fault()).toBeUndefined();
    await clock.advance(2_501);
    expect(observed.fault()).toBe("The node has not responded for 2 s.");
    calls[0]!.reject(new Error("refused"));
    await expect(first).rejects.toThrow("refused");
    expect(observed.fault()).toBe("refused");
    const second = observed.reader.head(signal);
    calls[1]!.resolve({ height: 1 });
    await second;
    expect(observed.fault()).toBeUndefined();
  });

  it("reports the faults of its endpoints only if each of them has one", () => {
    const healthy = { name: "http://a", requestsPerSecond: 1, cooldownMs: 0 };
    const faulty = { ...healthy, name: "http://b", lastFault: "it limits requests" };
    const clock = createManualClock();
    const faultOf = (endpoints: readonly EndpointStatus[]): string | undefined =>
      observeReader(createReader(async () => ({ height: 1 }), endpoints).reader, clock).fault();
    expect(faultOf([healthy, faulty])).toBeUndefined();
    expect(faultOf([faulty, { ...faulty, name: "http://c" }])).toBe(
      "http://b: it limits requests; http://c: it limits requests",
    );
  });
});
