// `indexer dev` as a new user runs it: one command, GraphiQL in a browser, a query, a fetch up to its final, Ctrl-C.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { hasChromium, openBrowser } from "../testing/chromium.js";
import { data, subscribe } from "../testing/graphql-client.js";
import { startProcess, type RunningProcess } from "../testing/processes.js";

const folder = mkdtempSync(join(tmpdir(), "indexer-dev-"));
let dev: RunningProcess;
let url: string;

beforeAll(async () => {
  dev = startProcess({ args: ["dev", "--address", "127.0.0.1:0", "--data-folder", join(folder, "data")] });
  const [, found] = await dev.line(/GraphiQL +(http:\S+)\/graphql/, 60_000);
  url = found!;
});
afterAll(async () => {
  await dev.kill();
  rmSync(folder, { recursive: true, force: true });
});

interface Final {
  readonly __typename: string;
  readonly order?: number;
  readonly status?: string;
  readonly parts?: number;
  readonly blockCount?: number;
}

describe("indexer dev", () => {
  it("prints the database, the URLs and an example query that has results", async () => {
    const [query] = await dev.line(/\{ transactions\(first: 3.*\}/);
    await vi.waitFor(
      async () => {
        const { transactions } = await data<{ transactions: { nodes: { hash: string }[] } }>(url, query);
        expect(transactions.nodes).toHaveLength(3);
      },
      { timeout: 20_000 },
    );
    await dev.line(/demo\/demo-1 · head [\d,]+ · /);
    expect(dev.output()).toContain("embedded database");
  });

  it("follows the demo chain without a gap", async () => {
    interface Result {
      readonly chain: {
        readonly head: { readonly height: number };
        readonly indexed: { from: number; to: number }[];
      };
    }
    const query = `{ chain(network: "demo", chainId: "demo-1") { head { height } indexed { from to } } }`;
    await vi.waitFor(
      async () => {
        const { chain } = await data<Result>(url, query);
        expect(chain.indexed).toHaveLength(1);
        expect(chain.indexed[0]!.to).toBe(chain.head.height);
        expect(chain.indexed[0]!.to - chain.indexed[0]!.from).toBeGreaterThanOrEqual(999);
      },
      { timeout: 20_000, interval: 200 },
    );
  });

  it("fetches missing heights in parts, ends with one final, and stores them", async () => {
    const events: Final[] = [];
    const query = `subscription { fetch(chain: { network: "demo", chainId: "demo-1" }, target: { heights: { from: 100, to: 399 } }) {
      __typename ... on FetchPart { order } ... on FetchFinal { status parts blockCount } } }`;
    for await (const { fetch } of subscribe<{ fetch: Final }>(url, query)) events.push(fetch);
    expect(events[0]!.__typename).toBe("FetchAccepted");
    expect(events.at(-1)).toMatchObject({
      __typename: "FetchFinal",
      status: "SUCCEEDED",
      blockCount: 300,
      parts: events.length - 2,
    });
    expect(events.slice(1, -1).map(({ order }) => order)).toEqual(events.slice(1, -1).map((_, at) => at));
    const coverage = `{ chain(network: "demo", chainId: "demo-1") { coverage(from: 100, to: 399) { complete blocks } } }`;
    expect(await data(url, coverage)).toEqual({ chain: { coverage: { complete: true, blocks: "300" } } });
  });

  it("reports its health and its metrics", async () => {
    const ready = await fetch(`${url}/health/ready`);
    expect(ready.status).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^indexer_stored_blocks_total\{chain="demo\/demo-1"\} [1-9]/m);
  });

  it.skipIf(!hasChromium)(
    "serves GraphiQL without external requests, and runs a query and a subscription in it",
    async () => {
      const { context, close } = await openBrowser();
      try {
        const page = await context.newPage();
        const foreign: string[] = [];
        page.on("request", (request) => {
          if (!request.url().startsWith(url) && /^(http|ws)/.test(request.url())) foreign.push(request.url());
        });
        const open = async (query: string): Promise<void> => {
          await page.goto(`${url}/graphql?query=${encodeURIComponent(query)}`);
          await page.locator(".graphiql-execute-button").click();
        };
        const result = page.locator(".result-window");
        await open(`{ chains { network chainId } }`);
        await expectText(result, /"chainId": "demo-1"/);
        await open(
          `subscription { fetch(chain: { network: "demo", chainId: "demo-1" }, target: { heights: { from: 400, to: 450 } }) { __typename ... on FetchFinal { status blockCount } } }`,
        );
        await expectText(result, /"status": "SUCCEEDED"/);
        await expectText(result, /"blockCount": 51/);
        expect(foreign).toEqual([]);
        const screenshot = await page.screenshot();
        expect(screenshot.byteLength).toBeGreaterThan(10_000);
      } finally {
        await close();
      }
    },
  );

  it("rejects a second process on its database and names the solution", async () => {
    const second = startProcess({
      args: ["dev", "--address", "127.0.0.1:0", "--data-folder", join(folder, "data")],
    });
    expect(await second.ended()).toBe(1);
    expect(second.output()).toMatch(/in use by process \d+ .*DATABASE_URL/);
  });

  it("exits within 5 s on Ctrl-C, and keeps its data for the next start", async () => {
    const startedAt = Date.now();
    dev.signal("SIGINT");
    expect(await dev.ended()).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    dev = startProcess({ args: ["dev", "--address", "127.0.0.1:0", "--data-folder", join(folder, "data")] });
    const [, found] = await dev.line(/GraphiQL +(http:\S+)\/graphql/, 60_000);
    const coverage = `{ chain(network: "demo", chainId: "demo-1") { coverage(from: 100, to: 399) { complete } } }`;
    expect(await data(found!, coverage)).toEqual({ chain: { coverage: { complete: true } } });
  });
});

async function expectText(where: { textContent(): Promise<string | null> }, pattern: RegExp): Promise<void> {
  // The editor renders spaces as non-breaking spaces.
  const text = async (): Promise<string> => ((await where.textContent()) ?? "").replaceAll("\u00a0", " ");
  await vi.waitFor(async () => expect(await text()).toMatch(pattern), { timeout: 20_000, interval: 100 });
}
