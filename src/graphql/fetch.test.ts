import { describe, expect, it } from "vitest";
import { IndexerError } from "../domain/errors.js";
import { collect } from "../testing/collect.js";
import { createTestGateway } from "../testing/gateway.js";

function target(network: string, from: number, to: number): string {
  return `chain: { network: "${network}", chainId: "demo-1" }, target: { heights: { from: ${from}, to: ${to} } }`;
}

const everything = `__typename ... on FetchAccepted { fetchId tasks workers } ... on FetchPart { fetchId order progress }
  ... on FetchFinal { fetchId status parts durationMs error { code message retryable height } }`;

describe("Query.fetch", () => {
  it("returns all parts at once, with the final", async () => {
    const { execute, client } = createTestGateway();
    const { data, errors } = await execute(
      `{ fetch(${target("demo", 3, 6)}) { blocks { height } transactions { hash events { kind } } final { fetchId status parts blockCount transactionCount durationMs error { code } } } }`,
    );
    expect(errors).toBeUndefined();
    expect(data?.["fetch"]).toMatchObject({
      blocks: [{ height: 3 }, { height: 4 }, { height: 5 }, { height: 6 }],
      final: {
        fetchId: "fetch-1",
        status: "SUCCEEDED",
        parts: 4,
        blockCount: 4,
        transactionCount: 12,
        error: null,
      },
    });
    expect(client.calls[0]?.args[0]).toEqual({
      chain: { network: "demo", chainId: "demo-1" },
      target: { heights: { from: 3, to: 6 } },
      caller: "unknown",
      maxHeights: 1000,
    });
  });

  it("passes the hash of a transaction to the client unchanged", async () => {
    const { execute, client } = createTestGateway();
    await execute(
      `{ fetch(chain: { network: "ethereum", chainId: "1" }, target: { hash: "0xABC" }) { final { status } } }`,
    );
    expect(client.calls[0]?.args[0]).toMatchObject({ target: { hash: "0xABC" } });
  });

  it("returns the parts before a failure", async () => {
    const { execute } = createTestGateway();
    const { data, errors } = await execute(
      `{ fetch(${target("failing", 1, 5)}) { blocks { height } final { status error { code message retryable height } } } }`,
    );
    expect(errors).toBeUndefined();
    expect(data?.["fetch"]).toEqual({
      blocks: [{ height: 1 }],
      final: {
        status: "FAILED",
        error: { code: "WORKER_FAILED", message: "The worker failed.", retryable: true, height: 2 },
      },
    });
  });

  it("fails with the error of the client if the fetch did not start", async () => {
    const { execute, client } = createTestGateway();
    client.fail(
      "fetch",
      new IndexerError("NO_WORKER", "No worker serves demo/demo-1.", { chain: "demo/demo-1" }),
    );
    const response = await execute(`{ fetch(${target("demo", 1, 2)}) { final { status } } }`);
    expect(response).toMatchObject({
      status: 503,
      data: null,
      errors: [{ path: ["fetch"], extensions: { code: "NO_WORKER", retryable: true, chain: "demo/demo-1" } }],
    });
  });

  it.each([
    [target("demo", 1, 1001), { argument: "target.heights", limit: 1000, actual: 1001 }],
    [target("demo", 5, 4), { argument: "target.heights" }],
    [
      `chain: { network: "a", chainId: "b" }, target: { heights: { from: 1, to: 2 }, hash: "x" }`,
      { argument: "target" },
    ],
  ])("rejects fetch(%s) with BAD_USER_INPUT", async (args, facts) => {
    const { execute, client } = createTestGateway();
    const { errors } = await execute(`{ fetch(${args}) { final { status } } }`);
    expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", ...facts });
    expect(client.calls).toEqual([]);
  });

  it("reports the requested and allowed heights and the next step", async () => {
    const { execute } = createTestGateway();
    const { errors } = await execute(`{ fetch(${target("demo", 1, 1001)}) { final { status } } }`);
    expect(errors?.[0]?.message).toBe(
      "target.heights: 1001 heights requested, at most 1000 allowed. Split the range into several fetches.",
    );
  });

  it("ends at its time limit, reports it, and returns the parts so far", async () => {
    const { execute, client } = createTestGateway({ limits: { fetchMs: 100 } });
    const { data } = await execute(
      `{ fetch(${target("endless", 1, 2)}) { blocks { height } final { status error { code message retryable } } } }`,
    );
    expect(data?.["fetch"]).toMatchObject({
      final: {
        status: "FAILED",
        error: { code: "TIMEOUT", retryable: true, message: expect.stringContaining("0.1 s") as string },
      },
    });
    expect((data?.["fetch"] as { blocks: unknown[] }).blocks.length).toBeGreaterThan(0);
    expect(client.open()).toBe(0);
  });
});

describe("Subscription.fetch", () => {
  it("returns FetchAccepted, each part in order, and one final", async () => {
    const { subscribe } = createTestGateway();
    const events = await collect(
      subscribe(`subscription { fetch(${target("demo", 1, 3)}) { ${everything} } }`),
    );
    expect(events.map(({ data }) => data?.["fetch"])).toMatchObject([
      { __typename: "FetchAccepted", fetchId: "fetch-1", tasks: 1, workers: ["worker-1"] },
      { __typename: "FetchPart", fetchId: "fetch-1", order: 0 },
      { __typename: "FetchPart", order: 1 },
      { __typename: "FetchPart", order: 2, progress: 1 },
      { __typename: "FetchFinal", status: "SUCCEEDED", parts: 3, error: null },
    ]);
  });

  it("reports a failure and a time limit in the final", async () => {
    const failing = createTestGateway();
    const failed = await collect(
      failing.subscribe(`subscription { fetch(${target("failing", 1, 5)}) { ${everything} } }`),
    );
    expect(failed.at(-1)?.data?.["fetch"]).toMatchObject({
      status: "FAILED",
      parts: 1,
      error: { code: "WORKER_FAILED", height: 2 },
    });
    const endless = createTestGateway({ limits: { fetchMs: 100 } });
    const timedOut = await collect(
      endless.subscribe(`subscription { fetch(${target("endless", 1, 2)}) { ${everything} } }`),
    );
    expect(timedOut.at(-1)?.data?.["fetch"]).toMatchObject({ status: "FAILED", error: { code: "TIMEOUT" } });
    expect(timedOut.slice(1, -1).map(({ data }) => (data?.["fetch"] as { order: number }).order)).toEqual(
      timedOut.slice(1, -1).map((_, order) => order),
    );
  });

  it("rejects more than 100,000 heights", async () => {
    const { subscribe } = createTestGateway();
    const [first, ...rest] = await collect(
      subscribe(`subscription { fetch(${target("demo", 1, 100_001)}) { __typename } }`),
    );
    expect(rest).toEqual([]);
    expect(first?.errors).toMatchObject([
      {
        path: ["fetch"],
        extensions: { code: "BAD_USER_INPUT", argument: "target.heights", limit: 100_000, actual: 100_001 },
      },
    ]);
    expect(first?.errors?.[0]?.message).toContain("Split the range into several fetches.");
  });

  it("reports an error that the client throws before the first event", async () => {
    const { subscribe, client } = createTestGateway();
    client.fail("fetch", new IndexerError("NO_WORKER", "No worker serves demo/demo-1."));
    const events = await collect(subscribe(`subscription { fetch(${target("demo", 1, 2)}) { __typename } }`));
    expect(events).toMatchObject([{ errors: [{ extensions: { code: "NO_WORKER" } }] }]);
  });

  it("cancels the fetch when the caller disconnects", async () => {
    const { subscribe, client } = createTestGateway();
    for await (const event of subscribe(
      `subscription { fetch(${target("endless", 1, 2)}) { __typename } }`,
    )) {
      expect(event.errors).toBeUndefined();
      expect(client.open()).toBe(1);
      break;
    }
    await expect.poll(client.open).toBe(0);
  });
});
