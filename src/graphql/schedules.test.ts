import { describe, expect, it } from "vitest";
import { IndexerError } from "../domain/errors.js";
import { demo } from "../testing/canned-data.js";
import { createTestGateway, type TestGateway } from "../testing/gateway.js";

const chain = `chain: { network: "demo", chainId: "demo-1" }`;
const fields = `id taskId chain { chainId } kind interval enabled heights { from to } nextAt fired missed completedAt
  last { time height hash retryCount error }`;

const save = (test: TestGateway, input: string) =>
  test.execute(`mutation { saveSchedule(input: { ${input} }) { ${fields} } }`);

describe("schedules", () => {
  it("are saved, listed, read as a node, and removed", async () => {
    const test = createTestGateway();
    const saved = await save(test, `taskId: "a", ${chain}, kind: LASTDATA, interval: "90s"`);
    expect(saved.errors).toBeUndefined();
    const schedule = saved.data?.["saveSchedule"] as { id: string };
    expect(schedule).toEqual({
      id: expect.any(String) as string,
      taskId: "a",
      chain: { chainId: "demo-1" },
      kind: "LASTDATA",
      interval: "90s",
      enabled: true,
      heights: null,
      nextAt: "2020-09-13T12:27:00Z",
      fired: "2",
      missed: "0",
      completedAt: null,
      last: {
        time: "2020-09-13T12:26:40Z",
        height: 7,
        hash: "hash-7",
        retryCount: 1,
        error: "No node.",
      },
    });
    const range = await save(
      test,
      `taskId: "b", ${chain}, kind: SYNCRANGE, interval: "5m", enabled: false, heights: { from: 3, to: 9 }`,
    );
    expect(range.data?.["saveSchedule"]).toMatchObject({
      kind: "SYNCRANGE",
      interval: "5m",
      enabled: false,
      heights: { from: 3, to: 9 },
      nextAt: null,
    });
    const listed = await test.execute(
      `{ schedules { taskId } node(id: "${schedule.id}") { id ... on Schedule { taskId } } }`,
    );
    expect(listed.data).toEqual({
      schedules: [{ taskId: "a" }, { taskId: "b" }],
      node: { id: schedule.id, taskId: "a" },
    });
    const remove = `mutation { removeSchedule(id: "${schedule.id}") }`;
    expect((await test.execute(remove)).data).toEqual({ removeSchedule: schedule.id });
    expect((await test.execute(remove)).errors?.[0]?.extensions).toMatchObject({ code: "NOT_FOUND" });
    expect((await test.execute(`{ schedules { taskId } }`)).data).toEqual({ schedules: [{ taskId: "b" }] });
  });

  it.each([
    ["input.interval", `taskId: "a", ${chain}, kind: LASTDATA, interval: "0s"`],
    ["input.interval", `taskId: "a", ${chain}, kind: LASTDATA, interval: "999ms"`],
    ["input.interval", `taskId: "a", ${chain}, kind: LASTDATA, interval: "soon"`],
    ["input.taskId", `taskId: "", ${chain}, kind: LASTDATA, interval: "1s"`],
    ["input.heights", `taskId: "a", ${chain}, kind: SYNCRANGE, interval: "1s"`],
    ["input.heights", `taskId: "a", ${chain}, kind: LASTDATA, interval: "1s", heights: { from: 1, to: 2 }`],
    [
      "input.chain.network",
      `taskId: "a", chain: { network: "", chainId: "1" }, kind: LASTDATA, interval: "1s"`,
    ],
  ])("are refused with the argument %s: %s", async (argument, input) => {
    const test = createTestGateway();
    const { errors } = await save(test, input);
    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.message).toMatch(new RegExp(`^${argument}: `));
    expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument });
    expect(test.client.calls.map(({ name }) => name)).not.toContain("saveSchedule");
  });

  it("are not removed by the id of something else", async () => {
    const test = createTestGateway();
    const { data } = await test.execute(`{ chain(network: "demo", chainId: "demo-1") { id } }`);
    const { id } = data?.["chain"] as { id: string };
    for (const wrong of [id, "nonsense"]) {
      const { errors } = await test.execute(`mutation { removeSchedule(id: "${wrong}") }`);
      expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument: "id" });
    }
  });
});

describe("scrapeLatest", () => {
  const scrape = (input: string): string =>
    `mutation { scrapeLatest(input: { ${input} }) { height hash time blocks transactions processing } }`;

  it("returns the head and what the step stored", async () => {
    const { execute, client } = createTestGateway();
    const { data } = await execute(scrape(`${chain}, maxHeights: 5`));
    expect(data?.["scrapeLatest"]).toEqual({
      height: 20,
      hash: "demo-1-block-20",
      time: "2020-09-13T12:27:00.00000002Z",
      blocks: 3,
      transactions: 6,
      processing: false,
    });
    await execute(scrape(chain));
    expect(client.calls.map(({ args }) => args[0])).toEqual([
      { chain: demo, maxHeights: 5 },
      { chain: demo },
    ]);
  });

  it("names the wrong argument by its path", async () => {
    const { execute, client } = createTestGateway();
    client.fail(
      "scrapeLatest",
      new IndexerError("BAD_USER_INPUT", "maxHeights: 0 heights requested.", { argument: "maxHeights" }),
    );
    const { errors } = await execute(scrape(`${chain}, maxHeights: 0`));
    expect(errors?.[0]).toMatchObject({
      message: "input.maxHeights: 0 heights requested.",
      extensions: { code: "BAD_USER_INPUT", argument: "input.maxHeights" },
    });
  });
});
