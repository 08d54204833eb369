import { getIntrospectionQuery, type IntrospectionQuery } from "graphql";
import { describe, expect, it } from "vitest";
import { IndexerError } from "../domain/errors.js";
import { createLogger } from "../lib/logger.js";
import { createTestGateway, type GraphqlResponse } from "../testing/gateway.js";

const tooComplex = { code: "QUERY_TOO_COMPLEX", retryable: false };

/** A document with the given number of levels: chain → head → chain → head → … → a leaf. */
function nested(levels: number): string {
  const objects = Array.from({ length: levels - 2 }, (_, place) => (place % 2 === 0 ? "head" : "chain"));
  const leaf = objects.at(-1) === "head" ? "height" : "chainId";
  const inner = objects.reduceRight((text, object) => `${object} { ${text} }`, leaf);
  return `{ chain(network: "demo", chainId: "demo-1") { ${inner} } }`;
}

describe("limits of operations", () => {
  it.each([
    ["tokens", `{ ${"manager { id } ".repeat(600)} }`, { limit: 2000 }],
    ["depth", nested(13), { limit: 12, actual: 13 }],
    [
      "aliases",
      `{ manager { ${Array.from({ length: 31 }, (_, n) => `a${n}: id`).join(" ")} } }`,
      { limit: 30, actual: 31 },
    ],
    [
      "aliases in fragments",
      `query { manager { ...A ...A ...A ...A } } fragment A on Manager { ${Array.from({ length: 8 }, (_, n) => `a${n}: id`).join(" ")} }`,
      { limit: 30, actual: 32 },
    ],
    ["root fields", `{ ${"chains { id } ".repeat(16)} }`, { limit: 15, actual: 16 }],
    [
      "root fields in fragments",
      `{ ...A ...A } fragment A on Query { ${"manager { id } ".repeat(8)} }`,
      { limit: 15, actual: 16 },
    ],
    ["fields", `{ manager { ...A } } ${bomb("Manager", 13, "id version")}`, { limit: 5000, actual: 8193 }],
  ])("reject too many %s", async (_name, query, facts) => {
    const { execute, client } = createTestGateway();
    const response = await execute(query);
    expect(response.status).toBe(400);
    expect(response.data).toBeUndefined();
    expect(response.errors).toMatchObject([{ extensions: { ...tooComplex, ...facts } }]);
    expect(client.calls).toEqual([]);
  });

  it("accept operations at the limits", async () => {
    const { execute } = createTestGateway();
    expect((await execute(nested(12))).errors).toBeUndefined();
    expect(
      (await execute(`{ ${Array.from({ length: 15 }, (_, n) => `a${n}: manager { id }`).join(" ")} }`))
        .errors,
    ).toBeUndefined();
  });

  it("reject a high cost with one error, for page sizes in literals, variables and defaults", async () => {
    const { execute, client } = createTestGateway();
    const query = (size: string, variables = ""): string =>
      `query Costly${variables} { a: transactions(first: ${size}) { nodes { block { transactions(first: 20) { nodes { hash } } } } } b: transactions(first: 1) { nodes { hash } } }`;
    for (const [size, variables] of [["1000"], ["$n", "($n: Int)"], ["$m", "($m: Int = 1000)"]] as const) {
      const response = await execute(query(size, variables), { n: 1000 });
      expect(response.status).toBe(400);
      expect(response.errors).toMatchObject([{ extensions: { ...tooComplex, limit: 10_000 } }]);
      expect(response.errors?.[0]?.extensions["cost"]).toBeGreaterThan(10_000);
      expect(response.headers.get("x-query-cost")).toBe(String(response.errors?.[0]?.extensions["cost"]));
    }
    expect(client.calls).toEqual([]);
    const within = await execute(query("$n", "($n: Int)"), { n: 5 });
    expect(within.errors).toBeUndefined();
    expect(Number(within.headers.get("x-query-cost"))).toBeGreaterThan(100);
  });

  it("accept the largest page", async () => {
    const { execute } = createTestGateway();
    const response = await execute(
      `{ transactions(first: 1000) { nodes { hash height types fee { text } events { key } block { time } } pageInfo { endCursor } } }`,
    );
    expect(response.errors).toBeUndefined();
  });

  it("reject a response that is too large", async () => {
    const { execute } = createTestGateway({ limits: { responseBytes: 1_000 } });
    expect((await execute(`{ manager { id } }`)).errors).toBeUndefined();
    const response = await execute(`{ transactions(first: 50) { nodes { hash } } }`);
    expect(response.data).toBeNull();
    expect(response.errors).toMatchObject([{ extensions: { ...tooComplex, limit: 1_000 } }]);
  });

  it("are configurable", async () => {
    const { execute } = createTestGateway({ limits: { depth: 2, cost: 5 } });
    expect((await execute(`{ manager { id } }`)).errors).toBeUndefined();
    expect((await execute(`{ chains { head { height } } }`)).errors?.[0]?.extensions).toMatchObject({
      limit: 2,
      actual: 3,
    });
    expect((await execute(`{ chains { id } }`)).errors?.[0]?.extensions).toMatchObject({
      limit: 5,
      cost: 11,
    });
  });

  it("allow the standard introspection, unless it is off", async () => {
    const query = getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true, oneOf: true });
    const { execute } = createTestGateway();
    const { data } = await execute(query);
    expect((data as unknown as IntrospectionQuery).__schema.types.length).toBeGreaterThan(20);
    const off = await createTestGateway({ introspection: false }).execute(query);
    expect(off.status).toBe(400);
    expect(off.errors?.[0]?.extensions).toMatchObject({ code: "GRAPHQL_VALIDATION_FAILED" });
  });
});

/** Fragments that spread the next one twice: 2^levels fields. */
function bomb(type: string, levels: number, leaf: string): string {
  const names = Array.from({ length: levels }, (_, level) => String.fromCharCode(65 + level));
  return names
    .map(
      (name, level) =>
        `fragment ${name} on ${type} { ${names[level + 1] === undefined ? leaf : `...${names[level + 1]} ...${names[level + 1]}`} }`,
    )
    .join(" ");
}

describe("request bodies", () => {
  const post = (body: BodyInit, headers: Record<string, string> = {}): Promise<Response> =>
    createTestGateway().gateway.fetch("http://localhost/graphql", {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...headers },
    });
  const codeOf = async (response: Response): Promise<unknown> =>
    ((await response.json()) as { errors: GraphqlResponse["errors"] }).errors?.[0]?.extensions["code"];

  it.each([
    [
      "larger than 256 KiB",
      JSON.stringify({ query: "{ manager { id } }", variables: { a: "x".repeat(256 * 1024) } }),
      413,
    ],
    ["an array of operations", JSON.stringify([{ query: "{ manager { id } }" }]), 400],
    ["no JSON", "{", 400],
    ["two documents", `{"query":"{ manager { id } }"}{"query":"{ manager { id } }"}`, 400],
    ["no object", `"query"`, 400],
    ["null", `null`, 400],
    ["without a query", `{}`, 400],
    ["with something else", `{"query":"{ manager { id } }","admin":true}`, 400],
  ])("are rejected when %s", async (_name, body, status) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await codeOf(response)).toBe("BAD_USER_INPUT");
  });

  it("are rejected without a JSON content type, so that pages of other origins need a preflight request", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "",
    ]) {
      const response = await post(`{"query":"{ manager { id } }"}`, { "content-type": type });
      expect(response.status).toBe(415);
      expect(await codeOf(response)).toBe("BAD_USER_INPUT");
    }
  });

  it("are rejected from pages of other origins, unless the origin is allowed", async () => {
    const body = `{"query":"{ manager { id } }"}`;
    const foreign = { origin: "https://evil.example" };
    const rejected = await post(body, foreign);
    expect(rejected.status).toBe(403);
    expect(await codeOf(rejected)).toBe("FORBIDDEN");
    expect(rejected.headers.get("access-control-allow-origin")).toBeNull();
    const { gateway } = createTestGateway({ allowedOrigins: ["https://evil.example"] });
    const allowed = await gateway.fetch("http://localhost/graphql", {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...foreign },
    });
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://evil.example");
    const link = await gateway.fetch("http://localhost/graphql?query={manager{id}}", {
      headers: { "sec-fetch-site": "cross-site" },
    });
    expect(link.status).toBe(403);
  });
});

describe("errors", () => {
  const get = async (query: string, accept: string): Promise<{ status: number; code: unknown }> => {
    const response = await createTestGateway().gateway.fetch(
      `http://localhost/graphql?query=${encodeURIComponent(query)}`,
      { headers: { accept } },
    );
    const { errors } = (await response.json()) as Pick<GraphqlResponse, "errors">;
    return { status: response.status, code: errors?.[0]?.extensions["code"] };
  };

  it.each([
    ["{", "GRAPHQL_PARSE_FAILED"],
    ["{ nothing }", "GRAPHQL_VALIDATION_FAILED"],
    ["{ chain { id } }", "GRAPHQL_VALIDATION_FAILED"],
    [
      `query ($a: Height!) { block(chain: { network: "a", chainId: "b" }, by: { height: $a }) { id } }`,
      "BAD_USER_INPUT",
    ],
    [`{ chains(network: 5) { id } }`, "BAD_USER_INPUT"],
    [`query A { manager { id } } query B { manager { id } }`, "BAD_USER_INPUT"],
  ])("of %s have their code, and the status for the accepted content type", async (query, code) => {
    expect(await get(query, "application/graphql-response+json")).toEqual({ status: 400, code });
    const legacy = await get(query, "application/json");
    expect(legacy.code).toBe(code);
    expect([200, 400]).toContain(legacy.status);
  });

  it("of a nullable field leave the other fields intact", async () => {
    const { execute, client } = createTestGateway();
    client.fail("waitForHeight", new IndexerError("OVERLOADED", "The database is full.", { limit: 5 }));
    const response = await execute(
      `{ manager { id } chain(network: "demo", chainId: "demo-1", minHeight: 1) { id } }`,
    );
    expect(response).toMatchObject({
      status: 200,
      data: { manager: { id: "manager-1" }, chain: null },
      errors: [
        {
          message: "The database is full.",
          path: ["chain"],
          extensions: { code: "OVERLOADED", retryable: true, limit: 5 },
        },
      ],
    });
  });

  it("set the HTTP status of their code if there is no data", async () => {
    const { execute, client } = createTestGateway();
    client.fail("chains", new IndexerError("OVERLOADED", "The database cannot be reached."));
    const response = await execute(`{ chains { id } }`);
    expect(response).toMatchObject({
      status: 503,
      data: null,
      errors: [{ extensions: { code: "OVERLOADED" } }],
    });
    expect(response.headers.get("retry-after")).toBe("1");
  });

  it("that are unexpected show only an id, and are logged once with it", async () => {
    const lines: string[] = [];
    const logger = createLogger({ level: "info", destination: { write: (line) => void lines.push(line) } });
    const { execute, client } = createTestGateway({ logger });
    client.fail("chains", new Error("password=hunter2 at 10.0.0.1"));
    const response = await execute(`{ chains { id } }`);
    expect(response.status).toBe(500);
    const [error] = response.errors ?? [];
    expect(error?.extensions).toEqual({
      code: "INTERNAL",
      retryable: false,
      id: expect.any(String) as string,
    });
    expect(JSON.stringify(response)).not.toContain("hunter2");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("hunter2");
    expect(lines[0]).toContain(String(error?.extensions["id"]));
  });

  it("are counted by operation and outcome", async () => {
    const { execute, client, metrics } = createTestGateway();
    await execute(`{ manager { id } }`);
    await execute(`{`);
    client.fail("chains", new IndexerError("TIMEOUT", "Too slow."));
    await execute(`{ chains { id } }`);
    await execute(`{ transactions(first: 1000) { nodes { block { transactions { nodes { hash } } } } } }`);
    const text = await metrics.metrics();
    for (const line of [
      `indexer_graphql_requests_total{operation="query",outcome="ok"} 1`,
      `indexer_graphql_requests_total{operation="none",outcome="GRAPHQL_PARSE_FAILED"} 1`,
      `indexer_graphql_requests_total{operation="query",outcome="TIMEOUT"} 1`,
      `indexer_graphql_requests_total{operation="query",outcome="QUERY_TOO_COMPLEX"} 1`,
      `indexer_graphql_request_seconds_count{operation="query"} 3`,
    ]) {
      expect(text).toContain(line);
    }
  });
});
