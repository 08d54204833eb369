// What a command says when its manager is away, refuses, is no manager, or lacks a field.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { collect } from "../testing/collect.js";
import { startTestServer } from "../testing/http-server.js";
import { freePort } from "../testing/postgres-server.js";
import { connectionSettings, connectManager, ManagerError, type Operation } from "./manager-connection.js";

const operation = { document: "{ manager { version } }", schema: z.object({ manager: z.object({}) }) };
const connect = (managerUrl: string, managerToken?: string, managerTimeout = 10_000) =>
  connectManager({ managerUrl, managerTimeout, managerToken });

/** Serves every request with one listener while `use` runs. */
async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe("a manager's URL", () => {
  it.each([
    ["localhost:8085", "http://localhost:8085"],
    ["https://indexer.example.org/graphql/", "https://indexer.example.org"],
    ["http://host/base/", "http://host/base"],
  ])("may be written as %s", (text, url) => {
    expect(connectionSettings.managerUrl.schema.parse(text)).toBe(url);
  });
});

describe("a request", () => {
  it("returns typed data of a real manager, and fails for a field that it lacks", async () => {
    const { url, server } = await startTestServer();
    try {
      const manager = connect(url);
      expect(await manager.request(operation)).toMatchObject({ manager: {} });
      const lacking = { ...operation, document: "query Q($x: Nothing) { nothing(x: $x) }" };
      await expect(manager.request(lacking)).rejects.toThrow(
        /does not have 'nothing'\. Update it to the version of this command/,
      );
      const unexpected = { ...operation, schema: z.object({ manager: z.object({ version: z.number() }) }) };
      await expect(manager.request(unexpected)).rejects.toThrow(/unexpected value at 'manager\.version'/);
      const follow: Operation<unknown> = { document: "subscription { nothing }", schema: z.unknown() };
      await expect(collect(manager.subscribe(follow, new AbortController().signal))).rejects.toThrow(
        /does not have 'nothing'/,
      );
    } finally {
      await server.close();
    }
  });

  it("names the next step if no manager listens, for queries and subscriptions", async () => {
    const manager = connect(`http://127.0.0.1:${await freePort()}`);
    await expect(manager.request(operation)).rejects.toThrow(
      /^No manager responds at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)\. Start one with 'indexer dev'/,
    );
    await expect(collect(manager.subscribe(operation, new AbortController().signal))).rejects.toThrow(
      ManagerError,
    );
  });

  it("names a server that is no manager, one that refuses, and one that does not respond", async () => {
    await withServer(
      (_request, response) => response.writeHead(404).end("<html>"),
      (url) => expect(connect(url).request(operation)).rejects.toThrow(/HTTP 404, but not as a manager/),
    );
    const headers: unknown[] = [];
    await withServer(
      (request, response) => {
        headers.push(request.headers.authorization);
        const errors = [{ message: "No permission.", extensions: { code: "FORBIDDEN" } }];
        response.writeHead(403, { "content-type": "application/json" }).end(JSON.stringify({ errors }));
      },
      async (url) => {
        const request = connect(url, "secret").request(operation);
        await expect(request).rejects.toThrow(/refuses the request: No permission\. Set MANAGER_TOKEN/);
        await expect(request).rejects.toMatchObject({ code: "FORBIDDEN" });
      },
    );
    expect(headers).toEqual(["Bearer secret"]);
    await withServer(
      () => {},
      (url) =>
        expect(connect(url, undefined, 100).request(operation)).rejects.toThrow(
          /did not respond within 0\.1 s/,
        ),
    );
  });
});
