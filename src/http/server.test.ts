import { connect, type Socket } from "node:net";
import { createClient, type Client as SocketClient } from "graphql-ws";
import { serverAudits } from "graphql-http";
import { afterEach, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { IndexerError } from "../domain/errors.js";
import { startTestServer, type TestServer } from "../testing/http-server.js";

const open: TestServer[] = [];
const start = async (...options: Parameters<typeof startTestServer>): Promise<TestServer> => {
  const started = await startTestServer(...options);
  open.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ server }) => server.close()));
});

interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

describe("GraphQL over HTTP", () => {
  it("meets every MUST and SHOULD of the public audits", async () => {
    const { url } = await start();
    const audits = serverAudits({ url: `${url}/graphql` });
    const results = await Promise.all(audits.map((audit) => audit.fn()));
    const failed = results
      .filter(({ status, name }) => status !== "ok" && /^(MUST|SHOULD)/.test(name))
      .map((result) => `${result.id} ${result.name}: ${"reason" in result ? result.reason : ""}`);
    expect(failed).toEqual([]);
    expect(results.length).toBeGreaterThan(50);
  });

  it("rejects other methods, large bodies and other content types", async () => {
    const { url } = await start();
    for (const method of ["PUT", "DELETE", "PATCH"]) {
      const response = await fetch(`${url}/graphql`, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, POST");
    }
    const huge = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "x".repeat(300_000),
    });
    expect(huge.status).toBe(413);
    expect(await huge.json()).toMatchObject({
      errors: [{ extensions: { code: "BAD_USER_INPUT", limit: 256 * 1024 } }],
    });
    const unacceptable = await fetch(`${url}/graphql?query={manager{id}}`, {
      headers: { accept: "image/png" },
    });
    expect(unacceptable.status).toBe(406);
    expect(await unacceptable.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
  });

  it("rejects a streamed body that exceeds the limit", async () => {
    const { url } = await start();
    const body = new ReadableStream({
      start: (controller) => {
        for (let part = 0; part < 30; part += 1) controller.enqueue(new Uint8Array(10_000).fill(120));
        controller.close();
      },
    });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body, duplex: "half" };
    const response = await fetch(`${url}/graphql`, init);
    expect(response.status).toBe(413);
  });

  it("cancels a fetch when its caller disconnects", async () => {
    const { url, client } = await start();
    const controller = new AbortController();
    const query = `{ fetch(chain: { network: "endless", chainId: "1" }, target: { heights: { from: 1, to: 2 } }) { final { status } } }`;
    const pending = fetch(`${url}/graphql?query=${encodeURIComponent(query)}`, { signal: controller.signal });
    await expect.poll(client.open).toBe(1);
    controller.abort();
    await expect(pending).rejects.toThrow();
    await expect.poll(client.open).toBe(0);
  });
});

describe("GraphiQL", () => {
  it("is self-contained, compressed and cacheable", async () => {
    const { url } = await start();
    const get = (headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${url}/graphql`, {
        headers: { accept: "text/html", "accept-encoding": "gzip, br", ...headers },
      });
    const response = await get();
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-encoding")).toBe("br");
    expect(html).toContain("subscription");
    // URLs in texts and licences are harmless. Elements and imports would load them.
    const loads =
      /(<(script|link|img|iframe)\b[^>]*(src|href)="(?!data:)[^"]*"|@import\s|url\(["']?https?:)/i;
    expect(loads.exec(html.slice(0, html.indexOf("<script>")))).toBeNull();
    expect(response.headers.get("content-security-policy")).toContain("default-src 'self'");
    const etag = response.headers.get("etag") ?? "";
    const again = await get({ "if-none-match": etag });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe("");
    const plain = await get({ "accept-encoding": "identity" });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await plain.text()).toBe(html);
  });

  it("can be turned off", async () => {
    const { url } = await start({}, { graphiql: false });
    const response = await fetch(`${url}/graphql`, { headers: { accept: "text/html" } });
    expect(response.status).toBe(406);
  });
});

describe("GraphQL over server-sent events", () => {
  const fetchAll = `subscription { fetch(chain: { network: "demo", chainId: "demo-1" }, target: { heights: { from: 1, to: 3 } }) { __typename ... on FetchPart { order } ... on FetchFinal { status } } }`;

  it("delivers a fetch from accepted to its final, by GET and POST", async () => {
    const { url } = await start();
    const headers = { accept: "text/event-stream", "content-type": "application/json" };
    const responses = await Promise.all([
      fetch(`${url}/graphql?query=${encodeURIComponent(fetchAll)}`, { headers }),
      fetch(`${url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query: fetchAll }) }),
    ]);
    for (const response of responses) {
      expect(response.headers.get("content-type")).toContain("text/event-stream");
      const text = await response.text();
      const events = [...text.matchAll(/event: next\ndata: (.*)\n/g)].map(
        ([, data]) => JSON.parse(data ?? "") as { data: { fetch: unknown } },
      );
      expect(events.map(({ data }) => data.fetch)).toEqual([
        { __typename: "FetchAccepted" },
        { __typename: "FetchPart", order: 0 },
        { __typename: "FetchPart", order: 1 },
        { __typename: "FetchPart", order: 2 },
        { __typename: "FetchFinal", status: "SUCCEEDED" },
      ]);
      expect(text).toMatch(/event: complete\ndata:\n\n$/);
    }
  });

  it("ends a subscription when its subscriber disconnects", async () => {
    const { url, client, metrics } = await start();
    const controller = new AbortController();
    const response = await fetch(
      `${url}/graphql?query=${encodeURIComponent("subscription { blocks { height } }")}`,
      { headers: { accept: "text/event-stream" }, signal: controller.signal },
    );
    expect(response.status).toBe(200);
    await expect.poll(client.open).toBe(1);
    expect(await metrics.metrics()).toContain(`indexer_graphql_subscriptions{transport="sse"} 1`);
    controller.abort();
    await expect.poll(client.open).toBe(0);
    await expect.poll(() => metrics.metrics()).toContain(`indexer_graphql_subscriptions{transport="sse"} 0`);
  });

  it("limits the number of open streams", async () => {
    const { url, client } = await start({}, { limits: { sockets: 1 } });
    const openStream = (signal?: AbortSignal): Promise<Response> =>
      fetch(`${url}/graphql?query=${encodeURIComponent("subscription { blocks { height } }")}`, {
        headers: { accept: "text/event-stream" },
        ...(signal && { signal }),
      });
    const controller = new AbortController();
    await openStream(controller.signal);
    await expect.poll(client.open).toBe(1);
    expect(await (await openStream()).text()).toContain("OVERLOADED");
    controller.abort();
  });
});

function connectSocket(
  port: number,
  options: Partial<Parameters<typeof createClient>[0]> = {},
): SocketClient {
  return createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...options,
  });
}

describe("GraphQL over WebSocket", () => {
  it("delivers a fetch with gapless order and one final, then completes", async () => {
    const { port } = await start();
    const socket = connectSocket(port);
    const events: unknown[] = [];
    const query = `subscription ($to: Height!) { fetch(chain: { network: "demo", chainId: "demo-1" }, target: { heights: { from: 1, to: $to } }) { __typename ... on FetchPart { order worker progress blocks { height } transactions { hash events { kind } block { height } } } ... on FetchFinal { status parts blockCount transactionCount error { code } } } }`;
    for await (const { data, errors } of socket.iterate<{ fetch: { order?: number } }>({
      query,
      variables: { to: 500 },
    })) {
      expect(errors).toBeUndefined();
      events.push(data?.fetch);
    }
    expect(events).toHaveLength(502);
    expect(events[0]).toEqual({ __typename: "FetchAccepted" });
    expect(events.slice(1, -1)).toMatchObject(
      Array.from({ length: 500 }, (_, order) => ({ __typename: "FetchPart", order })),
    );
    expect(events.at(-1)).toEqual({
      __typename: "FetchFinal",
      status: "SUCCEEDED",
      parts: 500,
      blockCount: 500,
      transactionCount: 1500,
      error: null,
    });
    await socket.dispose();
  });

  it("runs queries, and reports errors with their codes", async () => {
    const { port } = await start();
    const socket = connectSocket(port);
    const responses = [];
    for await (const response of socket.iterate({ query: "{ manager { id } }" })) responses.push(response);
    expect(responses).toEqual([{ data: { manager: { id: "manager-1" } } }]);
    const first = async (query: string): Promise<unknown> => {
      try {
        for await (const { errors } of socket.iterate({ query })) return errors;
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(await first("{")).toMatchObject([{ extensions: { code: "GRAPHQL_PARSE_FAILED" } }]);
    expect(await first("{ nothing }")).toMatchObject([
      { extensions: { code: "GRAPHQL_VALIDATION_FAILED", retryable: false } },
    ]);
    expect(JSON.stringify(await first("{ nothing }"))).not.toContain(`"http"`);
    expect(
      await first(
        `subscription { fetch(chain: { network: "a", chainId: "b" }, target: { heights: { from: 1, to: 100001 } }) { __typename } }`,
      ),
    ).toMatchObject([
      { extensions: { code: "BAD_USER_INPUT", argument: "target.heights", limit: 100_000, actual: 100_001 } },
    ]);
    await socket.dispose();
  });

  it("cancels the work when a subscription ends or its socket closes", async () => {
    const { port, client } = await start();
    const socket = connectSocket(port);
    const endless = `subscription { fetch(chain: { network: "endless", chainId: "1" }, target: { heights: { from: 1, to: 2 } }) { __typename } }`;
    const listening = socket.iterate({ query: endless });
    await listening.next();
    expect(client.open()).toBe(1);
    await listening.return?.();
    await expect.poll(client.open).toBe(0);
    const blocks = socket.iterate({ query: "subscription { blocks { height } }" });
    const pending = blocks.next().catch(() => undefined);
    await expect.poll(client.open).toBe(1);
    socket.terminate();
    await pending;
    await expect.poll(client.open).toBe(0);
  });

  it("cancels a query when its caller ends it", async () => {
    const { port, client } = await start();
    const socket = connectSocket(port);
    const query = `{ fetch(chain: { network: "endless", chainId: "1" }, target: { heights: { from: 1, to: 2 } }) { final { status } } }`;
    const stop = socket.subscribe({ query }, { next: () => {}, error: () => {}, complete: () => {} });
    await expect.poll(client.open).toBe(1);
    stop();
    await expect.poll(client.open).toBe(0);
    await socket.dispose();
  });

  it("limits the operations of a socket and the sockets of a manager", async () => {
    const { port, client, url } = await start({}, { limits: { subscriptionsPerSocket: 2, sockets: 1 } });
    const socket = connectSocket(port);
    const two = [
      socket.iterate({ query: "subscription { blocks { height } }" }),
      socket.iterate({ query: "subscription { blocks { height } }" }),
    ];
    const pending = two.map((each) => each.next());
    await expect.poll(client.open).toBe(2);
    await expect(socket.iterate({ query: "{ manager { id } }" }).next()).rejects.toMatchObject([
      { extensions: { code: "RATE_LIMITED", limit: 2 } },
    ]);
    const status = await new Promise((resolve) => {
      new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws")
        .on("unexpected-response", (_request, response) => resolve(response.statusCode))
        .on("error", () => {});
    });
    expect(status).toBe(503);
    for (const each of two) await each.return?.();
    await Promise.all(pending);
    await socket.dispose();
  });

  it.each([
    ["that sends nothing", (_socket: WebSocket) => {}, 4408],
    [
      "that subscribes before connection_init",
      (socket: WebSocket) =>
        socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: "{ manager { id } }" } })),
      4401,
    ],
    ["that uses another protocol", (socket: WebSocket) => socket.send("hello"), 4400],
    ["that sends a message that is too large", (socket: WebSocket) => socket.send("x".repeat(300_000)), 1009],
  ])("ends a socket %s", async (_name, act, code) => {
    const { port } = await start({}, { limits: { connectionInitMs: 200 } });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, "graphql-transport-ws");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await new Promise((resolve) => socket.once("open", resolve));
    act(socket);
    expect(await closed).toBe(code);
  });

  it("pings sockets, and terminates a socket that sends no pong", async () => {
    const { port, metrics } = await start({}, { limits: { pingMs: 50 } });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, "graphql-transport-ws", {
      autoPong: false,
    });
    const pinged = new Promise((resolve) => socket.once("ping", resolve));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await pinged;
    expect(await closed).toBe(1006);
    await expect.poll(() => metrics.metrics()).toContain("indexer_graphql_sockets 0");
  });

  it("checks the origin, and rejects upgrades on other paths", async () => {
    const { port } = await start({}, { allowedOrigins: ["https://good.example"] });
    const statusOf = (path: string, origin?: string): Promise<unknown> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, "graphql-transport-ws", {
          ...(origin !== undefined && { origin }),
        });
        socket.on("open", () => {
          resolve("open");
          socket.close();
        });
        socket.on("unexpected-response", (_request, response) => resolve(response.statusCode));
        socket.on("error", () => {});
      });
    expect(await statusOf("/graphql", "https://evil.example")).toBe(403);
    expect(await statusOf("/graphql", "https://good.example")).toBe("open");
    expect(await statusOf("/graphql", `http://127.0.0.1:${port}`)).toBe("open");
    expect(await statusOf("/graphql")).toBe("open");
    expect(await statusOf("/elsewhere")).toBe(404);
  });

  it("survives peers that disconnect during an upgrade", async () => {
    const { port, url } = await start();
    for (let each = 0; each < 20; each += 1) {
      const socket = await rawSocket(port);
      socket.write(
        `GET /${each % 2 === 0 ? "graphql" : "x"} HTTP/1.1\r\nHost: x\r\nOrigin: http://evil\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      );
      socket.resetAndDestroy();
    }
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });
});

function rawSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.once("error", reject);
  });
}

describe("a subscriber that does not read", () => {
  it("receives OVERLOADED with the last cursor, while other subscribers receive every event", async () => {
    const { port, client } = await start({}, { limits: { watchStallMs: 200 } });
    const { cannedBlock, demo } = await import("../testing/canned-data.js");
    const proposer = "p".repeat(20_000);
    const slow = await rawSocket(port);
    slow.write(
      `GET /graphql?query=${encodeURIComponent("subscription { blocks { height proposer } }")} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`,
    );
    slow.pause();
    const socket = connectSocket(port);
    const fast = socket.iterate<{ blocks: { height: number } }>({
      query: "subscription { blocks { height } }",
    });
    const heights: (number | undefined)[] = [];
    const reading = (async () => {
      for await (const { data } of fast) {
        heights.push(data?.blocks.height);
        if (heights.length === 3000) return;
      }
    })();
    await expect.poll(client.open).toBe(2);
    for (let height = 1; height <= 3000; height += 1) {
      client.announce({ ...cannedBlock(demo, height), proposer });
      if (height % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await reading;
    expect(heights).toEqual(Array.from({ length: 3000 }, (_, index) => index + 1));
    await expect.poll(client.open).toBe(0);
    let text = "";
    slow.on("data", (data: Buffer) => (text += data.toString()));
    slow.resume();
    await expect.poll(() => text, { timeout: 10_000 }).toContain("event: complete");
    const [, body] = /data: (\{"errors".*)\n/.exec(text) ?? [];
    const { errors } = JSON.parse(body ?? "{}") as {
      errors: { extensions: { code: string; cursor: string } }[];
    };
    expect(errors[0]?.extensions.code).toBe("OVERLOADED");
    const received = [...text.matchAll(/"height":(\d+)/g)].map(([, height]) => Number(height));
    expect(received).toEqual(Array.from({ length: received.length }, (_, index) => index + 1));
    expect(Buffer.from(errors[0]?.extensions.cursor ?? "", "base64url").toString()).toBe(
      `["b",${received.length}]`,
    );
    slow.destroy();
    await socket.dispose();
  });
});

describe("registration", () => {
  const ping = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${url}/client_ping`, { method: "POST", body, headers });

  it("passes the document and its source to the handler", async () => {
    const seen: unknown[] = [];
    const { url } = await start({ register: async (body, source) => void seen.push(body, source) });
    const response = await ping(url, `{"id":"x"}`, { authorization: "Bearer t" });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ accepted: true });
    expect(seen).toEqual([{ id: "x" }, { ip: "127.0.0.1", authorization: "Bearer t" }]);
  });

  it("rejects two documents in one body, and accepts the next registration", async () => {
    const seen: unknown[] = [];
    const { url } = await start({ register: async (body) => void seen.push(body) });
    const two = await ping(url, `{"id":"good"}{"id":"attacker"}`);
    expect(two.status).toBe(400);
    expect(((await two.json()) as ErrorBody).error.code).toBe("BAD_USER_INPUT");
    expect((await ping(url, `{"id":"next"}`)).status).toBe(200);
    expect(seen).toEqual([{ id: "next" }]);
  });

  it.each([
    ["invalid JSON", "nonsense", 400],
    ["an empty body", "", 400],
    ["a body above 8 KiB", JSON.stringify({ id: "x".repeat(9000) }), 413],
  ])("rejects %s", async (_name, body, status) => {
    const { url } = await start();
    const response = await ping(url, body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as ErrorBody).error.code).toBe("BAD_USER_INPUT");
  });

  it("reports a rejected registration with its code, and an unexpected error with an id", async () => {
    const errors: unknown[] = [new IndexerError("UNAUTHENTICATED", "Set WORKER_TOKEN."), new Error("secret")];
    const { url } = await start({
      register: async () => {
        throw errors.shift();
      },
    });
    const rejected = await ping(url, "{}");
    expect(rejected.status).toBe(401);
    expect(await rejected.json()).toEqual({
      error: { code: "UNAUTHENTICATED", message: "Set WORKER_TOKEN." },
    });
    const failed = await ping(url, "{}");
    expect(failed.status).toBe(500);
    const { error } = (await failed.json()) as ErrorBody;
    expect(error.code).toBe("INTERNAL");
    expect(error.message).not.toContain("secret");
  });

  it("lists workers in the legacy format", async () => {
    const { url } = await start({ legacyWorkers: () => ({ cosmos: { all: 1 } }) });
    expect(await (await fetch(`${url}/get_workers`)).json()).toEqual({ cosmos: { all: 1 } });
  });
});

describe("health, metrics, pages", () => {
  it("report whether the manager is ready, and the reasons if not", async () => {
    const chains = [{ network: "demo", chainId: "demo-1", reasons: ["no worker"] }];
    const reports = [
      { ready: true, reasons: [], chains },
      { ready: false, reasons: ["The database does not respond."] },
    ];
    const { url } = await start({
      health: async () => {
        const report = reports.shift();
        if (report === undefined) throw new Error("broken");
        return report;
      },
    });
    const get = async (): Promise<[number, unknown]> => {
      const response = await fetch(`${url}/health/ready`);
      return [response.status, await response.json()];
    };
    expect(await get()).toEqual([200, { ready: true, reasons: [], chains }]);
    expect(await get()).toEqual([
      503,
      { ready: false, reasons: ["The database does not respond."], chains: [] },
    ]);
    expect(await get()).toEqual([503, { ready: false, reasons: ["broken"], chains: [] }]);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });

  it("serve metrics, on a separate address if one is set", async () => {
    const { url } = await start();
    expect(await (await fetch(`${url}/metrics`)).text()).toContain("indexer_graphql_requests_total");
    const apart = await start({ metricsAddress: "127.0.0.1:0" });
    expect((await fetch(`${apart.url}/metrics`)).status).toBe(404);
  });

  it("serve the schema and a self-contained page", async () => {
    const { url, gateway } = await start();
    expect(await (await fetch(`${url}/schema.graphql`)).text()).toBe(gateway.printedSchema);
    const home = await fetch(`${url}/`);
    const html = await home.text();
    expect(html).toContain(`href="/graphql"`);
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  it("report unknown paths and allowed methods", async () => {
    const { url } = await start();
    const missing = await fetch(`${url}/nothing?x=1`);
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error: { code: "NOT_FOUND" } });
    const wrong = await fetch(`${url}/client_ping`);
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("POST");
  });
});

describe("closing", () => {
  it("ends subscriptions with SHUTTING_DOWN and fetches with their final, then rejects connections", async () => {
    const { port, url, client, server } = await start();
    const socket = connectSocket(port);
    const blocks = socket.iterate({ query: "subscription { blocks { height } }" }).next();
    const endless = `fetch(chain: { network: "endless", chainId: "1" }, target: { heights: { from: 1, to: 2 } })`;
    const events = socket.iterate<{ fetch: unknown }>({
      query: `subscription { ${endless} { __typename ... on FetchFinal { status error { code retryable } } } }`,
    });
    const finals: unknown[] = [];
    const reading = (async () => {
      for await (const { data } of events) finals.push(data?.fetch);
    })();
    const pending = fetch(
      `${url}/graphql?query=${encodeURIComponent(`{ ${endless} { final { status error { code } } } }`)}`,
    );
    await expect.poll(client.open).toBe(3);
    const closed = server.close();
    await expect(blocks).rejects.toMatchObject([{ extensions: { code: "SHUTTING_DOWN", retryable: true } }]);
    await reading;
    expect(finals.at(-1)).toEqual({
      __typename: "FetchFinal",
      status: "FAILED",
      error: { code: "SHUTTING_DOWN", retryable: true },
    });
    expect(await (await pending).json()).toEqual({
      data: { fetch: { final: { status: "FAILED", error: { code: "SHUTTING_DOWN" } } } },
    });
    await closed;
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
    expect(client.open()).toBe(0);
  });
});
