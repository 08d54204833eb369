// Frames survive encoding and decoding without loss, and invalid bytes break nothing.
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TaskFailure, type TaskRequest } from "../../domain/task.js";
import * as wire from "../../generated/proto/indexer.js";
import { anyItem } from "../../testing/arbitraries.js";
import { countingChain } from "../../testing/counting-chain.js";
import {
  supportedFeatures,
  type Feature,
  type ManagerFrame,
  type Item,
  type WorkerFrame,
} from "../protocol/frames.js";
import { decodeRequest, encodeRequest } from "./requests.js";
import { decodeResponse } from "./response-reader.js";
import { createResponseWriter } from "./response-writer.js";

const chainById = (chainId: string) => (chainId === "counting-1" ? countingChain : { network: "", chainId });
const height = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

function part(items: readonly Item[]): WorkerFrame {
  return { kind: "part", id: "i", lease: "l", order: 7, items, cursor: 0, bytes: 0 };
}

/** The frame as it arrives, without its size. */
function through(frame: WorkerFrame, features: readonly Feature[]): unknown {
  const { bytes: _, ...rest } = {
    bytes: 0,
    ...decodeResponse(createResponseWriter(() => features).encode(frame), chainById),
  };
  return rest;
}

describe("responses", () => {
  it("carry typed batches without loss", () => {
    fc.assert(
      fc.property(fc.array(anyItem, { maxLength: 5 }), (items) => {
        const arrived = decodeResponse(
          createResponseWriter(() => supportedFeatures).encode(part(items)),
          chainById,
        );
        if (arrived.kind !== "part") throw new Error(`A part became ${arrived.kind}.`);
        expect(arrived).toMatchObject({ id: "i", lease: "l", order: 7, cursor: 0 });
        expect(arrived.items.map(comparable)).toEqual(items.map(comparable));
      }),
      { numRuns: 2_000 },
    );
  });

  it("carry single JSON messages without loss, except the position and bytes of a quarantine item", () => {
    fc.assert(
      fc.property(anyItem, (item) => {
        const arrived = decodeResponse(createResponseWriter(() => []).encode(part([item])), chainById);
        if (arrived.kind !== "part") throw new Error(`A part became ${arrived.kind}.`);
        const [got] = arrived.items;
        if (item.kind === "quarantine") {
          expect(got).toEqual({ kind: "quarantine", height: item.height, error: item.error });
        } else {
          expect(comparable(got)).toEqual(comparable(item));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("measure an item like its encoded size", () => {
    fc.assert(
      fc.property(fc.array(anyItem, { minLength: 1, maxLength: 5 }), (items) => {
        const writer = createResponseWriter(() => supportedFeatures);
        const measured = items.reduce((sum, item) => sum + writer.measure(item), 0);
        const size = writer.encode(part(items)).length;
        expect(size).toBeGreaterThanOrEqual(measured);
        expect(size).toBeLessThan(measured + 100);
      }),
      { numRuns: 500 },
    );
  });

  it("carry finals with error, cursor and count", () => {
    const error = new TaskFailure("slow down", "same-worker", {
      type: "rate_limited",
      retryAfterMs: 1_500,
      height: 9,
      code: 5,
    });
    const head = { height: 10, hash: "h", time: 5n, earliest: 0 };
    expect(
      through(
        {
          kind: "final",
          id: "i",
          lease: "l",
          order: 3,
          items: [],
          outcome: "failed",
          count: 3,
          error,
          cursor: 4,
          head,
          bytes: 0,
        },
        supportedFeatures,
      ),
    ).toEqual({
      kind: "final",
      id: "i",
      lease: "l",
      order: 3,
      items: [],
      outcome: "failed",
      count: 3,
      error,
      cursor: 4,
      head,
    });
  });

  it.each(["complete", "truncated", "cancelled"] as const)("carry the outcome %s", (outcome) => {
    const frame: WorkerFrame = {
      kind: "final",
      id: "i",
      lease: "l",
      order: 0,
      items: [],
      outcome,
      count: 0,
      bytes: 0,
    };
    expect(through(frame, supportedFeatures)).toMatchObject({ outcome });
  });

  it("carry PONGs", () => {
    const pong: WorkerFrame = {
      kind: "pong",
      id: "i",
      features: ["credit"],
      capacity: 4,
      inFlight: 2,
      draining: true,
      version: "1",
      head: { height: 0 },
    };
    expect(through(pong, supportedFeatures)).toEqual(pong);
  });
});

it("reads the JSON examples of the protocol's documentation", () => {
  const page = readFileSync(new URL("../../../proto/README.md", import.meta.url), "utf8");
  const values = [...page.matchAll(/```json\n(.*?)```/gs)].flatMap(([, block = ""]) =>
    block.split(/\n(?=\{)/),
  );
  const types = ["Block", "Transaction", "Reward", "AccountBalance", "AccountDelegations"];
  expect(values).toHaveLength(types.length);
  const read = values.map((json, at) => {
    const message = wire.TaskResponse.create({ id: "i", type: types[at] ?? "", payload: Buffer.from(json) });
    return decodeResponse(wire.TaskResponse.encode(message).finish(), () => countingChain);
  });
  expect(read.map((frame) => (frame.kind === "part" ? frame.items[0]?.kind : frame))).toEqual([
    "block",
    "transaction",
    "reward",
    "balance",
    "delegations",
  ]);
});

describe("requests", () => {
  const request: fc.Arbitrary<TaskRequest> = fc.oneof(
    fc.tuple(height, height).map(([a, b]): TaskRequest => ({
      kind: "heights",
      chain: countingChain,
      range: { from: Math.min(a, b), to: Math.max(a, b) },
    })),
    fc
      .string({ minLength: 1 })
      .map((hash): TaskRequest => ({ kind: "transaction", chain: countingChain, hash })),
    fc.tuple(fc.option(height), fc.string(), fc.nat()).map(([after, hash, limit]): TaskRequest => ({
      kind: "latest",
      chain: countingChain,
      limit,
      ...(after !== null && { after: { height: after, ...(hash !== "" && { hash }) } }),
    })),
    fc
      .tuple(
        fc.constantFrom("reward" as const, "balance" as const, "delegations" as const),
        fc.string(),
        height,
      )
      .map(([kind, account, at]): TaskRequest => ({ kind, chain: countingChain, account, height: at })),
  );

  it("arrive as they were sent", () => {
    const frame: fc.Arbitrary<ManagerFrame> = fc.oneof(
      fc.tuple(request, fc.nat(), fc.option(height)).map(([task, number, resumeAfter]): ManagerFrame => ({
        kind: "task",
        id: "i",
        lease: "l",
        attempt: number,
        credit: number,
        timeoutMs: number,
        maxMessageBytes: number,
        request: task,
        ...(resumeAfter !== null && { resumeAfter }),
      })),
      fc.constant<ManagerFrame>({ kind: "ping", id: "i", features: ["credit"], maxMessageBytes: 5 }),
      fc.constant<ManagerFrame>({ kind: "credit", id: "i", lease: "l", credit: 5 }),
      fc.constant<ManagerFrame>({ kind: "cancel", id: "i", lease: "l" }),
    );
    fc.assert(
      fc.property(frame, (sent) => {
        expect(decodeRequest(encodeRequest(sent), countingChain)).toEqual(sent);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("invalid bytes", () => {
  const responses = fc.record({
    id: fc.string(),
    lease: fc.string(),
    type: fc.constantFrom(
      "Block",
      "Transaction",
      "Partial",
      "Reward",
      "AccountBalance",
      "AccountDelegations",
      "PONG",
      "END",
      "Odd",
      "",
    ),
    order: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    cursor: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    hasCursor: fc.boolean(),
    final: fc.boolean(),
    outcome: fc.integer({ min: 0, max: 9 }),
    payload: fc.oneof(
      fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
      fc.uint8Array().map((each) => Buffer.from(each)),
      anyJsonOfOurs(),
    ),
  });

  it("in 10,000 messages of a worker become frames quickly, and none throws", () => {
    let slowest = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          responses.map((fields) => wire.TaskResponse.encode(wire.TaskResponse.create(fields)).finish()),
          mangled(),
        ),
        (bytes) => {
          const began = performance.now();
          const frame = decodeResponse(bytes, chainById);
          slowest = Math.max(slowest, performance.now() - began);
          expect(["pong", "part", "final", "unreadable"]).toContain(frame.kind);
        },
      ),
      { numRuns: 10_000 },
    );
    expect(slowest).toBeLessThan(500);
  });

  it("in 10,000 messages of a manager become a frame or undefined, and none throws", () => {
    const requests = fc
      .record({
        id: fc.string(),
        type: fc.constantFrom("PING", "CREDIT", "CANCEL", "GetTransactions", "GetLatest", "GetReward", "Odd"),
        timeoutMs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        resume: fc.boolean(),
        resumeAfter: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        payload: fc.oneof(
          fc.json().map((text) => Buffer.from(text)),
          anyJsonOfOurs(),
        ),
      })
      .map((fields) => wire.TaskRequest.encode(wire.TaskRequest.create(fields)).finish());
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), requests), (bytes) => {
        const frame = decodeRequest(bytes, countingChain);
        expect([undefined, "ping", "credit", "cancel", "task", "unreadable"]).toContain(frame?.kind);
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    ["a number of a million digits", `{"height":${"9".repeat(1_000_000)}}`],
    ["an amount of a huge power", '{"height":1,"balances":[{"numeric":1e9999}]}'],
    ["an amount with places without end", '{"height":1,"balances":[{"numeric":1,"exp":9007199254740991}]}'],
    ["a height beyond 2^53", '{"height":9007199254740993}'],
    ["a hundred thousand levels", `${"[".repeat(100_000)}`],
  ])("with %s is unreadable and soon", (_, payload) => {
    const message = wire.TaskResponse.create({
      id: "i",
      type: "AccountBalance",
      payload: Buffer.from(payload),
    });
    const began = performance.now();
    expect(decodeResponse(wire.TaskResponse.encode(message).finish(), chainById)).toMatchObject({
      kind: "unreadable",
      id: "i",
    });
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it("with events nested ten thousand deep are unreadable", () => {
    let sub = wire.SubEvent.encode(wire.SubEvent.create({})).finish();
    for (let depth = 0; depth < 10_000; depth += 1) {
      const outer = Buffer.concat([Buffer.from([(13 << 3) | 2]), varint(sub.length), sub]);
      sub = outer;
    }
    const event = Buffer.concat([Buffer.from([(3 << 3) | 2]), varint(sub.length), sub]);
    const transaction = Buffer.concat([Buffer.from([(13 << 3) | 2]), varint(event.length), event]);
    const item = Buffer.concat([Buffer.from([(4 << 3) | 2]), varint(transaction.length), transaction]);
    const message = Buffer.concat([Buffer.from([0xc2, 0x01]), varint(item.length), item]);
    const frame = decodeResponse(message, chainById);
    expect(["unreadable", "part"]).toContain(frame.kind);
  });
});

/** JSON with the keys that are read and values of every kind. */
function anyJsonOfOurs(): fc.Arbitrary<Buffer> {
  const keys = fc.constantFrom(
    "height",
    "hash",
    "time",
    "num_txs",
    "events",
    "sub",
    "rewards",
    "balances",
    "delegations",
    "StartHeight",
    "EndHeight",
    "lastHeight",
    "numeric",
    "__proto__",
    "constructor",
  );
  const value = fc.oneof(
    fc.json({ maxDepth: 3 }),
    fc.bigInt().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  );
  return fc
    .array(fc.tuple(keys, value), { maxLength: 6 })
    .map((pairs) => Buffer.from(`{${pairs.map(([key, each]) => `"${key}":${each}`).join(",")}}`));
}

/** Good messages with a few bytes changed. */
function mangled(): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      fc.array(anyItem, { maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    )
    .map(([items, changes]) => {
      const bytes = createResponseWriter(() => supportedFeatures).encode(part(items));
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes;
    });
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

/** Buffers and Uint8Arrays, with the same bytes, are the same. */
function comparable(item: unknown): unknown {
  return JSON.parse(
    JSON.stringify(item, (_, value: unknown) => {
      if (typeof value === "bigint") return `${value}n`;
      if (isBufferJson(value)) return value.data;
      return value instanceof Uint8Array ? [...value] : value;
    }),
  );
}

function isBufferJson(value: unknown): value is { readonly type: "Buffer"; readonly data: number[] } {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    value.type === "Buffer" &&
    "data" in value
  );
}
