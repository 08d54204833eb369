// The requests of schedulers over HTTP and WebSocket, in the shapes that existing schedulers send.
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { IndexerError } from "../domain/errors.js";
import { startTestServer, type TestServer } from "../testing/http-server.js";

const open: TestServer[] = [];
const start = async (): Promise<TestServer> => {
  const started = await startTestServer({ legacyWorkers: () => ({ demo: { all: 1 } }) });
  open.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ server }) => server.close()));
});

/** What a scheduler in Go sends at first: every key, the time that is not set, and nonce null. */
const recorded = {
  network: "demo",
  chain_id: "demo-1",
  version: "0.0.1",
  task_id: "demo-1-last",
  last_hash: "",
  last_epoch: "",
  last_height: 0,
  last_time: "0001-01-01T00:00:00Z",
  retry_count: 3,
  nonce: "bm9uY2U=",
  selfCheck: false,
};
const head = {
  last_hash: "demo-1-block-20",
  last_height: 20,
  last_time: "2020-09-13T12:27:00.00000002Z",
  last_epoch: "",
  retry_count: 0,
  nonce: "bm9uY2U=",
  error: null,
  processing: false,
};
const post = async (url: string, body: string) => {
  // Existing schedulers set no content type; fetch sets text/plain.
  const response = await fetch(`${url}/scrape_latest`, { method: "POST", body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const decoded = (base64: unknown): string => Buffer.from(String(base64), "base64").toString("utf8");

describe("POST /scrape_latest", () => {
  it("runs one step and responds with the head, the nonce as it came, and no retries", async () => {
    const { url, client } = await start();
    expect(await post(url, JSON.stringify(recorded))).toEqual({ status: 200, body: head });
    expect(client.calls).toMatchObject([
      { name: "scrapeLatest", args: [{ chain: { network: "demo", chainId: "demo-1" } }] },
    ]);
  });

  it("reads the older form and responds in it", async () => {
    const { url } = await start();
    const older = {
      network: "demo",
      chainID: "demo-1",
      lastHeight: 5,
      lastHash: "x",
      retryCount: 1,
      nonce: null,
    };
    expect((await post(url, JSON.stringify(older))).body).toEqual({
      lastHash: "demo-1-block-20",
      lastHeight: 20,
      lastTime: head.last_time,
      lastEpoch: "",
      retryCount: 0,
      nonce: null,
      error: null,
      processing: false,
    });
  });

  it("responds with the error in base64, its code, the caller's height, and one more retry", async () => {
    const { url, client } = await start();
    client.fail("scrapeLatest", new IndexerError("NO_WORKER", "No worker of demo/demo-1 is online."));
    const { status, body } = await post(url, JSON.stringify({ ...recorded, last_height: 7 }));
    expect(status).toBe(503);
    expect(body).toMatchObject({
      code: "NO_WORKER",
      last_height: 7,
      last_time: "0001-01-01T00:00:00Z",
      retry_count: 4,
      nonce: "bm9uY2U=",
      processing: false,
    });
    expect(decoded(body["error"])).toBe("No worker of demo/demo-1 is online.");
  });

  it("shows only an id of an unexpected error", async () => {
    const { url, client } = await start();
    client.fail("scrapeLatest", new Error("secret"));
    const { status, body } = await post(url, JSON.stringify(recorded));
    expect([status, body["code"]]).toEqual([500, "INTERNAL"]);
    expect(decoded(body["error"])).toMatch(/^An unexpected error occurred/);
  });

  it.each([
    ["", "must be one JSON object"],
    ["{}{}", "must be one JSON object"],
    ["[]", "must be one JSON object"],
    [JSON.stringify({ network: "demo" }), "chain_id: "],
    [JSON.stringify({ ...recorded, last_height: -1 }), "last_height: must be a whole number"],
    [JSON.stringify({ ...recorded, nonce: 5 }), "nonce: "],
  ])("refuses %s", async (text, reason) => {
    const { url, client } = await start();
    const { status, body } = await post(url, text);
    expect([status, body["code"]]).toEqual([400, "BAD_USER_INPUT"]);
    expect(decoded(body["error"])).toContain(reason);
    expect(client.calls).toEqual([]);
  });
});

describe.each(["/ws", "/ws/scheduler"])("JSON-RPC at %s", (path) => {
  const connect = async (url: string): Promise<WebSocket> => {
    const socket = new WebSocket(`${url.replace("http", "ws")}${path}`);
    await once(socket, "open");
    return socket;
  };
  const exchange = async (socket: WebSocket, message: string): Promise<unknown> => {
    socket.send(message);
    const [data] = (await once(socket, "message")) as [Buffer];
    return JSON.parse(data.toString("utf8"));
  };
  const request = (id: number, method: string, params?: readonly unknown[]): string =>
    JSON.stringify({ id, jsonrpc: "2.0", method, params });

  it("serves last_data, sync_range and get_workers", async () => {
    const { url, client } = await start();
    const socket = await connect(url);
    expect(await exchange(socket, request(0, "last_data", [recorded]))).toEqual({
      jsonrpc: "2.0",
      id: 0,
      result: head,
    });
    expect(await exchange(socket, request(1, "get_workers"))).toEqual({
      jsonrpc: "2.0",
      id: 1,
      result: { demo: { all: 1 } },
    });
    const range = { ...recorded, last_height: 4, final_height: 30 };
    expect(await exchange(socket, request(2, "sync_range", [range]))).toMatchObject({
      id: 2,
      result: { last_height: 20, last_hash: "demo-1-block-20", processing: true },
    });
    const { items } = await client.runs({}, { order: "NEWEST_FIRST", limit: 1 });
    expect(items[0]).toMatchObject({
      chain: { network: "demo", chainId: "demo-1" },
      heights: { from: 5, to: 30 },
      mode: "MISSING",
    });
    const done = { ...recorded, last_height: 4, final_height: 12 };
    expect(await exchange(socket, request(3, "sync_range", [done]))).toMatchObject({
      id: 3,
      result: { last_height: 12, processing: false },
    });
    socket.close();
  });

  it("responds to wrong requests with errors, and refuses browsers", async () => {
    const { url } = await start();
    const socket = await connect(url);
    expect(await exchange(socket, request(5, "fly"))).toMatchObject({ id: 5, error: { code: -32601 } });
    for (const wrong of ["x", "{}", JSON.stringify({ id: 1, method: "last_data", params: {} })])
      expect(await exchange(socket, wrong)).toMatchObject({ id: null, error: { code: -32600 } });
    expect(await exchange(socket, request(6, "last_data", []))).toMatchObject({
      id: 6,
      result: { code: "BAD_USER_INPUT" },
    });
    socket.close();
    const browser = new WebSocket(`${url.replace("http", "ws")}${path}`, { origin: "http://evil.example" });
    const [error] = (await once(browser, "error")) as [Error];
    expect(error.message).toContain("403");
  });
});
