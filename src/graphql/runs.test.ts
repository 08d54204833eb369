// Runs through GraphQL: mutations, pages, global ids and the subscription.
import { describe, expect, it } from "vitest";
import { collect } from "../testing/collect.js";
import { createTestGateway } from "../testing/gateway.js";

const start = `mutation ($input: StartRunInput!) {
  startRun(input: $input) { existing run { id status mode heights { from to } chain { network chainId }
    createdAt startedAt finishedAt
    progress { blocksDone blocksTotal transactionsDone ratio blocksPerSecond etaSeconds done { from to } running { from to } }
    errors { code message retryable height } } } }`;
const chain = { network: "demo", chainId: "demo-1" };

async function startRun(
  gateway: ReturnType<typeof createTestGateway>,
  other: Record<string, unknown> = {},
): Promise<{ id: string }> {
  const input = { chain, heights: { from: 1, to: 10 }, force: true, ...other };
  const { data } = await gateway.execute(start, { input });
  return (data as { startRun: { run: { id: string } } }).startRun.run;
}

describe("runs", () => {
  it("start with their defaults, and are returned again by the same call", async () => {
    const { execute } = createTestGateway();
    const input = { chain, heights: { from: 1, to: 10 } };
    const first = await execute(start, { input });
    expect(first).toMatchObject({
      status: 200,
      data: {
        startRun: {
          existing: false,
          run: {
            status: "QUEUED",
            mode: "MISSING",
            heights: { from: 1, to: 10 },
            chain,
            createdAt: "1970-01-01T00:00:01Z",
            startedAt: null,
            finishedAt: null,
            progress: {
              blocksDone: "0",
              blocksTotal: "10",
              transactionsDone: "0",
              ratio: 0,
              blocksPerSecond: 0,
              etaSeconds: null,
              done: [],
              running: [],
            },
            errors: [{ code: "WORKER_FAILED", message: "No worker finished.", retryable: true, height: 7 }],
          },
        },
      },
    });
    const again = await execute(start, { input });
    expect(again.data).toEqual({
      startRun: { ...(first.data as { startRun: object }).startRun, existing: true },
    });
  });

  it.each([
    [{ heights: { from: 5, to: 4 } }, "input.heights"],
    [{ heights: { from: 1, to: 10 }, mode: "ALL" }, "input.mode"],
  ])("reject %j as BAD_USER_INPUT that names %s", async (other, argument) => {
    const { execute } = createTestGateway();
    const { errors } = await execute(start, { input: { chain, ...other } });
    expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument });
  });

  it("are listed newest first, page by page, and counted exactly", async () => {
    const gateway = createTestGateway();
    const ids: string[] = [];
    for (let at = 0; at < 3; at += 1) ids.push((await startRun(gateway)).id);
    const { data } = await gateway.execute(
      `{ runs(first: 2, filter: { status: [QUEUED] }) { nodes { id } pageInfo { hasNextPage endCursor } totalCount { value exact } } }`,
    );
    expect(data).toMatchObject({
      runs: {
        nodes: [{ id: ids[2] }, { id: ids[1] }],
        pageInfo: { hasNextPage: true },
        totalCount: { value: "3", exact: true },
      },
    });
    const { errors } = await gateway.execute(`{ runs(after: "x") { nodes { id } } }`);
    expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument: "after" });
    const empty = await gateway.execute(`{ runs(filter: { status: [] }) { nodes { id } } }`);
    expect(empty.errors?.[0]?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      argument: "filter.status",
    });
  });

  it("are nodes with global ids", async () => {
    const gateway = createTestGateway();
    const { id } = await startRun(gateway);
    const { data } = await gateway.execute(
      `query ($id: ID!) { node(id: $id) { __typename id ... on Run { status } } }`,
      { id },
    );
    expect(data).toEqual({ node: { __typename: "Run", id, status: "QUEUED" } });
  });

  it("are cancelled by their id, and only by the id of a run", async () => {
    const gateway = createTestGateway();
    const { id } = await startRun(gateway);
    const cancel = `mutation ($id: ID!) { cancelRun(id: $id) { id status finishedAt } }`;
    expect((await gateway.execute(cancel, { id })).data).toEqual({
      cancelRun: { id, status: "CANCELLED", finishedAt: "1970-01-01T00:00:02Z" },
    });
    const chainId = await gateway.execute(`{ chain(network: "demo", chainId: "demo-1") { id } }`);
    const other = (chainId.data as { chain: { id: string } }).chain.id;
    for (const wrong of ["nonsense", other]) {
      const { errors } = await gateway.execute(cancel, { id: wrong });
      expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument: "id" });
    }
    const unknown = Buffer.from(`["Run","77"]`).toString("base64url");
    expect((await gateway.execute(cancel, { id: unknown })).errors?.[0]?.extensions).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("are watched until their end", async () => {
    const gateway = createTestGateway();
    const { id } = await startRun(gateway);
    const events = await collect(
      gateway.subscribe(`subscription ($id: ID!) { run(id: $id) { id status progress { ratio } } }`, { id }),
    );
    expect(events.at(-1)).toEqual({ data: { run: { id, status: "SUCCEEDED", progress: { ratio: 1 } } } });
    expect(events.length).toBeLessThanOrEqual(2);
  });

  it("limit the number of failures that they return", async () => {
    const gateway = createTestGateway();
    await startRun(gateway);
    const { errors } = await gateway.execute(`{ runs { nodes { errors(first: 1001) { code } } } }`);
    expect(errors?.[0]?.extensions["code"]).toMatch(/BAD_USER_INPUT|QUERY_TOO_COMPLEX/);
  });
});
