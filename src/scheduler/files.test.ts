// The files of existing schedulers, and MANAGERS.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readDestinations, readManagers } from "./destinations.js";
import { readSchedules } from "./schedules-file.js";

const folder = mkdtempSync(join(tmpdir(), "indexer-scheduler-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const write = (content: unknown, path = join(folder, `file-${(files += 1)}.json`)): string => {
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
};

const lastData = { task_id: "a", network: "cosmos", chain_id: "hub", interval: "30s", kind: "lastdata" };

describe("schedules", () => {
  it("are read from a file, with the spellings of existing ones", () => {
    const range = {
      task_id: "b",
      network: "cosmos",
      chainID: "hub",
      version: "0.0.2",
      duration: "5m",
      kind: "syncrange",
      config: { height_from: "10", height_to: 20 },
    };
    expect(readSchedules(write([lastData, range]))).toEqual([
      {
        taskId: "a",
        chain: { network: "cosmos", chainId: "hub" },
        version: "0.0.1",
        kind: "LASTDATA",
        intervalMs: 30_000,
        enabled: true,
      },
      {
        taskId: "b",
        chain: { network: "cosmos", chainId: "hub" },
        version: "0.0.2",
        kind: "SYNCRANGE",
        intervalMs: 300_000,
        enabled: true,
        heights: { from: 10, to: 20 },
      },
    ]);
  });

  it("are read from all JSON files of a folder, by name", () => {
    const own = mkdtempSync(join(folder, "own-"));
    write([{ ...lastData, task_id: "second" }], join(own, "b.json"));
    write([{ ...lastData, task_id: "first" }], join(own, "a.json"));
    write("not JSON", join(own, "notes.txt"));
    expect(readSchedules(own).map(({ taskId }) => taskId)).toEqual(["first", "second"]);
  });

  // Lesson 35: an interval of 0 crashed the scheduler at every start.
  it.each<[string, unknown]>([
    ["entry 1: interval: must be a duration of at least 1s", [{ ...lastData, interval: "0s" }]],
    ["entry 1: interval: must be a duration of at least 1s", [{ ...lastData, interval: "" }]],
    ["entry 1: interval: must be a duration of at least 1s", [{ ...lastData, interval: undefined }]],
    ["entry 1: the entry: interval: 500 ms given", [{ ...lastData, interval: "500ms" }]],
    ["entry 2: kind: must be lastdata or syncrange", [lastData, { ...lastData, task_id: "b", kind: "x" }]],
    ["entry 1: the entry: heights: required", [{ ...lastData, kind: "syncrange" }]],
    ["entry 1: the entry: chain.chainId", [{ ...lastData, chain_id: undefined }]],
    ["task_id a is given twice", [lastData, lastData]],
    ["must contain one JSON array", {}],
    ["cannot be read", "["],
  ])("are refused with a sentence: %s", (reason, content) => {
    const path = write(content);
    expect(() => readSchedules(path)).toThrow(path);
    expect(() => readSchedules(path)).toThrow(reason);
  });

  it("name the path that does not exist", () => {
    expect(() => readSchedules(join(folder, "none"))).toThrow(/none cannot be read: ENOENT/);
  });
});

describe("destinations", () => {
  const urls = (entries: ReturnType<typeof readManagers>): string[] =>
    entries.map(({ lastData: last, syncRange }) => `${last.href} ${syncRange.href}`);

  it("are read from MANAGERS", () => {
    expect(
      urls(readManagers(["a:1", "https://b", "ws://c:3", "wss://d:4/ws", "http://[::1]:5", "http://e/own"])),
    ).toEqual([
      "http://a:1/scrape_latest ws://a:1/ws/scheduler",
      "https://b/scrape_latest wss://b/ws/scheduler",
      "ws://c:3/ws/scheduler ws://c:3/ws/scheduler",
      "wss://d:4/ws wss://d:4/ws",
      "http://[::1]:5/scrape_latest ws://[::1]:5/ws/scheduler",
      "http://e/own ws://e/ws/scheduler",
    ]);
    for (const wrong of ["ftp://a", "a b:1", "://"])
      expect(() => readManagers([wrong])).toThrow(/MANAGERS has/);
    expect(() => readManagers([])).toThrow("MANAGERS is empty");
  });

  it("are read from the file of existing schedulers", () => {
    const chain = { network: "cosmos", chain_id: "hub", version: "0.0.1" };
    const path = write([
      { ...chain, conn_type: "ws", address: "a:8085" },
      { ...chain, conn_type: "http", address: "http://b:8085" },
      {
        ...chain,
        conn_type: "http",
        address: "http://c:8085",
        additional: { lastdata: { endpoint: "/last" }, syncrange: { endpoint: "/range" } },
      },
    ]);
    const found = readDestinations(path);
    expect(urls(found)).toEqual([
      "ws://a:8085/ws ws://a:8085/ws",
      "http://b:8085/scrape_latest ws://b:8085/ws",
      "http://c:8085/last http://c:8085/range",
    ]);
    expect(found[0]?.chain).toEqual({ network: "cosmos", chainId: "hub" });
    const wrong = write([{ ...chain, conn_type: "http", address: "ws://a" }]);
    expect(() => readDestinations(wrong)).toThrow(/entry 1: address: must be host:port or a URL of http/);
  });
});
