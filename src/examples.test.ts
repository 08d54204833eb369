// Runs examples/worker-python against a manager process on the embedded database, and against a scripted manager.
import { credentials, Metadata, status, type ClientDuplexStream } from "@grpc/grpc-js";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  IndexerServiceClient,
  Outcome,
  Retry,
  TaskRequest,
  type TaskResponse,
} from "./generated/proto/indexer.js";
import { data, subscribe } from "./testing/graphql-client.js";
import { startProcess, type RunningProcess } from "./testing/processes.js";
import { until } from "./testing/until.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const found = spawnSync(join(root, ".ci/find-python"), { encoding: "utf8" });
const python = found.status === 0 ? found.stdout.trim() : undefined;
if (python === undefined) {
  const missing =
    "Python 3.11 with grpc and protobuf, or protoc, is not installed: " +
    "install the packages python3-grpcio, python3-protobuf and protobuf-compiler.";
  if (process.env["CI"] === "true") throw new Error(`${missing} With CI=true no test is skipped.`);
  process.stderr.write(`Skipping the tests of examples/worker-python. ${missing}\n`);
}

const chain = `chain: { network: "toy", chainId: "toy-1" }`;
const features = ["credit", "cancel", "batch", "typed", "lease", "count"];
const genesisMs = Date.UTC(2026, 0, 1);
const headNow = (): number => Math.floor((Date.now() - genesisMs) / 1_000);

/** The hash of a block of the toy chain, or of its transaction at `index`. */
function hashOf(height: number, index = 0xffff): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  const digest = createHash("sha256").update(`${height} ${index}`).digest("hex").slice(0, 44);
  return `${digest}${hex(height, 16)}${hex(index, 4)}`.toUpperCase();
}

const heightsBetween = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);
const transactionsOf = (height: number) =>
  Array.from({ length: height % 4 }, (_, index) => ({ hash: hashOf(height, index), height, index }));

describe.skipIf(python === undefined)("the worker in Python", () => {
  let folder: string;
  const running: RunningProcess[] = [];

  const start = (options: Parameters<typeof startProcess>[0]): RunningProcess => {
    const started = startProcess(options);
    running.push(started);
    return started;
  };

  const startWorker = async (managers: string): Promise<{ worker: RunningProcess; port: string }> => {
    const worker = start({
      executable: python!,
      args: [join(root, "examples/worker-python/worker.py")],
      env: { PYTHONPATH: folder, MANAGERS: managers, PYTHONUNBUFFERED: "1" },
    });
    const [, port] = await worker.line(/listens on port (\d+)/);
    return { worker, port: port! };
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "indexer-python-"));
    execFileSync("protoc", [
      `--proto_path=${join(root, "proto")}`,
      `--python_out=${folder}`,
      "indexer.proto",
    ]);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.kill()));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe("with a manager process", () => {
    interface FetchEvent {
      readonly __typename: "FetchAccepted" | "FetchPart" | "FetchFinal";
      readonly order?: number;
      readonly blocks?: readonly { readonly height: number }[];
      readonly transactions?: readonly { readonly height: number }[];
    }
    interface FetchResult {
      readonly final: object;
      readonly transactions: readonly object[];
    }

    const startManager = async (settings: Readonly<Record<string, string>> = {}): Promise<string> => {
      const dataFolder = mkdtempSync(join(folder, "manager-"));
      const env = { ADDRESS: "127.0.0.1:0", DATA_FOLDER: dataFolder, ...settings };
      const [, url] = await start({ args: ["manager"], env }).line(/"url":"(http:[^"]+)"/);
      return url!;
    };

    const workersOf = async (url: string): Promise<readonly { readonly state: string }[]> => {
      const query = "{ workers { network chainId state capacity capabilities } }";
      return (await data<{ workers: { state: string }[] }>(url, query)).workers;
    };

    const untilOnline = (url: string, count: number): Promise<void> =>
      vi.waitFor(
        async () => {
          const online = (await workersOf(url)).filter(({ state }) => state === "ONLINE");
          expect(online).toHaveLength(count);
        },
        { timeout: 20_000, interval: 50 },
      );

    const fetchOnce = async (url: string, target: string): Promise<FetchResult> => {
      const query = `{ fetch(${chain}, target: ${target}) {
        transactions { hash height index }
        final { status blockCount transactionCount error { code message retryable } }
      } }`;
      return (await data<{ fetch: FetchResult }>(url, query)).fetch;
    };

    const fetchRange = (url: string, from: number, to: number): AsyncGenerator<{ fetch: FetchEvent }> =>
      subscribe(
        url,
        `subscription { fetch(${chain}, target: { heights: { from: ${from}, to: ${to} } }) {
          __typename
          ... on FetchPart {
            order
            blocks { height hash parentHash transactionCount }
            transactions { height index hash blockHash memo fee { text currency numeric } }
          }
          ... on FetchFinal { status blockCount transactionCount error { code } }
        } }`,
      );

    it("registers, reports its head and executes every kind of fetch", async () => {
      const url = await startManager({ ENABLE_SCHEDULER: "true", FOLLOW_INTERVAL: "1s" });
      await startWorker(url.replace("http://", ""));
      await untilOnline(url, 1);
      expect(await workersOf(url)).toEqual([
        { network: "toy", chainId: "toy-1", state: "ONLINE", capacity: 8, capabilities: features },
      ]);

      const events: FetchEvent[] = [];
      for await (const { fetch } of fetchRange(url, 101, 300)) events.push(fetch);
      const parts = events.slice(1, -1);
      const heights = heightsBetween(101, 300);
      const transactions = heights.flatMap(transactionsOf);
      expect(events[0]?.__typename).toBe("FetchAccepted");
      expect(parts.map(({ order }) => order)).toEqual(parts.map((_, at) => at));
      expect(events.at(-1)).toEqual({
        __typename: "FetchFinal",
        status: "SUCCEEDED",
        blockCount: 200,
        transactionCount: transactions.length,
        error: null,
      });
      const blocks = parts.flatMap((part) => part.blocks ?? []).sort((a, b) => a.height - b.height);
      expect(blocks).toEqual(
        heights.map((height) => ({
          height,
          hash: hashOf(height),
          parentHash: hashOf(height - 1),
          transactionCount: height % 4,
        })),
      );
      const fetched = parts.flatMap((part) => part.transactions ?? []);
      expect(fetched).toHaveLength(transactions.length);
      expect(fetched).toEqual(
        expect.arrayContaining(
          transactions.map((transaction) => ({
            ...transaction,
            blockHash: hashOf(transaction.height),
            memo: "hello",
            fee: [{ text: "5toy", currency: "toy", numeric: "5" }],
          })),
        ),
      );

      const one = { hash: hashOf(1_003, 2), height: 1_003, index: 2 };
      expect(await fetchOnce(url, `{ hash: "${one.hash}" }`)).toEqual({
        transactions: [one],
        final: { status: "SUCCEEDED", blockCount: 1, transactionCount: 1, error: null },
      });
      expect(await fetchOnce(url, `{ hash: "${hashOf(1_003, 3)}" }`)).toMatchObject({
        final: { status: "FAILED", error: { code: "NOT_FOUND", retryable: false } },
      });
      const above = headNow() + 1_000;
      expect(await fetchOnce(url, `{ heights: { from: ${above}, to: ${above} } }`)).toMatchObject({
        transactions: [],
        final: {
          status: "FAILED",
          error: { message: expect.stringContaining("are outside 1 to") as string },
        },
      });

      interface ChainState {
        readonly head: { readonly height: number; readonly hash: string };
        readonly networkHead: { readonly height: number } | null;
        readonly coverage: object;
      }
      const query = `{ chain(network: "toy", chainId: "toy-1") {
        head { height hash } networkHead { height } coverage(from: 101, to: 300) { complete }
      } }`;
      const readChain = async (): Promise<ChainState> =>
        (await data<{ chain: ChainState }>(url, query)).chain;
      expect((await readChain()).coverage).toEqual({ complete: true });
      const reported = await until("a head", async () => (await readChain()).networkHead?.height);
      expect(reported).toBeGreaterThan(headNow() - 60);
      expect(reported).toBeLessThanOrEqual(headNow());
      // The scheduler follows the head with GetLatest.
      const { height, hash } = await until("a stored block above the first reported head", async () => {
        const { head } = await readChain();
        return head.height > reported && head;
      });
      expect(hash).toBe(hashOf(height));
    }, 60_000);

    it("drains on SIGTERM during a fetch, which another worker completes", async () => {
      const url = await startManager();
      const { worker } = await startWorker(url.replace("http://", ""));
      await startWorker(url.replace("http://", ""));
      await untilOnline(url, 2);
      const events: FetchEvent[] = [];
      for await (const { fetch } of fetchRange(url, 1_001, 4_000)) {
        events.push(fetch);
        if (events.length === 5) worker.signal("SIGTERM");
      }
      expect(events.at(-1)).toMatchObject({ status: "SUCCEEDED", blockCount: 3_000, error: null });
      const heights = events.flatMap(({ blocks = [] }) => blocks.map(({ height }) => height));
      expect(heights.sort((a, b) => a - b)).toEqual(heightsBetween(1_001, 4_000));
      expect(await worker.ended()).toBe(0);
      expect(worker.output()).not.toContain("Traceback");
    }, 60_000);
  });

  describe("with a scripted manager", () => {
    interface Stream {
      readonly call: ClientDuplexStream<TaskRequest, TaskResponse>;
      /** Sends a request with a new id and lease, and collects its responses. */
      send(fields: Parameters<typeof TaskRequest.fromPartial>[0]): Sent;
    }
    interface Sent {
      readonly id: string;
      readonly lease: string;
      responses(): readonly TaskResponse[];
      final(): Promise<TaskResponse>;
    }

    const clients: IndexerServiceClient[] = [];
    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
    });

    const open = (port: string): Stream => {
      const client = new IndexerServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
      clients.push(client);
      const call = client.taskRpc();
      const received: TaskResponse[] = [];
      call.on("data", (response: TaskResponse) => received.push(response));
      call.on("error", () => undefined);
      return {
        call,
        send(fields) {
          const [id, lease] = [randomUUID(), randomUUID()];
          call.write(TaskRequest.fromPartial({ id, lease, credit: 16, ...fields }));
          const responses = (): TaskResponse[] => received.filter((each) => each.id === id);
          return {
            id,
            lease,
            responses,
            final: () => until("a final", () => responses().find(({ final }) => final)),
          };
        },
      };
    };
    const ping = async (stream: Stream): Promise<TaskResponse> => {
      const { responses } = stream.send({ type: "PING", features });
      return until("a PONG", () => responses().find(({ type }) => type === "PONG"));
    };
    const task = (type: string, payload: object) => ({ type, payload: Buffer.from(JSON.stringify(payload)) });
    const range = (from: number, to: number) => task("GetTransactions", { StartHeight: from, EndHeight: to });
    const blocksOf = (responses: readonly TaskResponse[]): number[] =>
      responses.flatMap(({ items }) =>
        items.flatMap(({ typed }) => (typed?.$case === "block" ? [Number(typed.value.height)] : [])),
      );
    /** A port that refuses connections: the worker continues without a registration. */
    const noManager = "127.0.0.1:1";

    it("ends each task with exactly one final that counts its responses", async () => {
      const { worker, port } = await startWorker(noManager);
      const stream = open(port);
      expect(await ping(stream)).toMatchObject({ features, capacity: 8, inflight: 0, draining: false });

      const complete = stream.send(range(1, 100));
      expect(await complete.final()).toMatchObject({
        type: "END",
        lease: complete.lease,
        order: 4n,
        count: 4n,
        outcome: Outcome.COMPLETE,
      });
      expect(complete.responses().map(({ order }) => order)).toEqual([0n, 1n, 2n, 3n, 4n]);
      expect(complete.responses().map(({ cursor }) => cursor)).toEqual([25n, 50n, 75n, 100n, 0n]);
      expect(blocksOf(complete.responses())).toEqual(heightsBetween(1, 100));

      const resumed = stream.send({ ...range(1, 100), resume: true, resumeAfter: 90n });
      await resumed.final();
      expect(blocksOf(resumed.responses())).toEqual(heightsBetween(91, 100));

      const latest = stream.send(task("GetLatest", { lastHeight: 500, limit: 30 }));
      await latest.final();
      expect(blocksOf(latest.responses())).toEqual(heightsBetween(501, 530));

      const failures = [
        { sent: stream.send(task("GetReward", { Height: 1 })), type: "unknown_type" },
        {
          sent: stream.send({ type: "GetTransactions", payload: Buffer.from("no JSON") }),
          type: "bad_request",
        },
        { sent: stream.send(range(0, 5)), type: "not_found" },
      ];
      for (const { sent, type } of failures) {
        const final = await sent.final();
        expect(final).toMatchObject({
          outcome: Outcome.FAILED,
          count: 0n,
          error: { type, retry: Retry.NEVER },
        });
      }
      // A PONG follows everything that was sent before it.
      expect(await ping(stream)).toMatchObject({ inflight: 0 });
      for (const sent of [complete, resumed, latest, ...failures.map((each) => each.sent)])
        expect(sent.responses().filter(({ final }) => final)).toHaveLength(1);
      expect(worker.output()).not.toContain("Traceback");
    });

    it("waits for credit, and stops on CANCEL and at timeout_ms", async () => {
      const { port } = await startWorker(noManager);
      const stream = open(port);
      await ping(stream);

      const granted = stream.send({ ...range(1, 100), credit: 1 });
      await until("the first response", () => granted.responses().length === 1);
      expect(await ping(stream)).toMatchObject({ inflight: 1 });
      expect(granted.responses()).toHaveLength(1);
      stream.send({ type: "CREDIT", id: granted.id, lease: "another lease", credit: 5 });
      stream.send({ type: "CREDIT", id: granted.id, lease: granted.lease, credit: 1 });
      await until("the second response", () => granted.responses().length === 2);
      await ping(stream);
      expect(granted.responses()).toHaveLength(2);
      stream.send({ type: "CANCEL", id: granted.id, lease: granted.lease });
      expect(await granted.final()).toMatchObject({ outcome: Outcome.CANCELLED, order: 2n, count: 2n });

      const late = stream.send({ ...range(1, 100), credit: 0, timeoutMs: 50n });
      expect(await late.final()).toMatchObject({
        outcome: Outcome.FAILED,
        error: { type: "timeout", retry: Retry.OTHER_WORKER },
      });
    });

    it("on SIGTERM refuses new tasks, completes running tasks and exits with code 0", async () => {
      const { worker, port } = await startWorker(noManager);
      const stream = open(port);
      await ping(stream);
      const held = stream.send({ ...range(1, 50), credit: 1 });
      await until("the first response", () => held.responses().length === 1);

      worker.signal("SIGTERM");
      await until("a PONG that reports the drain", async () => (await ping(stream)).draining);
      expect(await stream.send(range(1, 2)).final()).toMatchObject({
        outcome: Outcome.CANCELLED,
        error: { type: "draining", retry: Retry.OTHER_WORKER },
      });
      stream.send({ type: "CREDIT", id: held.id, lease: held.lease, credit: 1 });
      expect(await held.final()).toMatchObject({ outcome: Outcome.COMPLETE, count: 2n });
      expect(await worker.ended()).toBe(0);
    });

    it("refuses a manager that expects another worker", async () => {
      const { port } = await startWorker(noManager);
      const client = new IndexerServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
      clients.push(client);
      const metadata = new Metadata();
      metadata.set("indexer-worker", "another");
      const call = client.taskRpc(metadata);
      const code = await new Promise((resolve) =>
        call.on("error", (error) => resolve("code" in error && error.code)),
      );
      expect(code).toBe(status.NOT_FOUND);
    });
  });
});
