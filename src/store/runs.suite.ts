// The store's contract for runs on every database: claims, leases, fencing, ends, and a model of all states.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChainRef } from "../domain/chain.js";
import { subtractRanges, totalHeights, type HeightRange } from "../domain/height.js";
import type { Chunk, Run } from "../domain/run.js";
import type { WorkFailure } from "../domain/work-failure.js";
import { chainData } from "../testing/chain-data.js";
import type { Store } from "./port.js";
import type { NewRun } from "./run-port.js";
import type { Database } from "./sql.js";

/** An open store and the database behind it, for changes that only time makes. */
export interface OpenStore {
  readonly store: Store;
  readonly database: Database;
}

const failure: WorkFailure = { code: "WORKER_FAILED", message: "No worker finished.", retryable: true };
let chains = 0;

function newRun(chain: ChainRef, from: number, to: number, other: Partial<NewRun> = {}): NewRun {
  return { chain, heights: { from, to }, mode: "MISSING", window: 10, force: false, ...other };
}

export function runsSuite(open: () => Promise<OpenStore>): void {
  let store: Store;
  let database: Database;
  beforeAll(async () => {
    ({ store, database } = await open());
  });
  afterAll(() => store.close());

  /** A chain that no other test touches. */
  const newChain = (): ChainRef => {
    chains += 1;
    return { network: "test", chainId: `runs-${chains}` };
  };
  const expireLeases = (): Promise<unknown> =>
    database.query({ text: "update run_chunk set lease_until = clock_timestamp() - interval '1 s'" });
  const passDelays = (): Promise<unknown> =>
    database.query({ text: "update run_chunk set run_after = clock_timestamp() - interval '1 s'" });
  const claim = (chain: ChainRef, limit: number, owner = "a"): Promise<readonly Chunk[]> =>
    store.claimChunks(owner, { chain, limit });
  const claimOne = async (chain: ChainRef, owner = "a"): Promise<Chunk> => {
    const [chunk] = await claim(chain, 1, owner);
    if (chunk === undefined) throw new Error("No chunk to claim.");
    return chunk;
  };
  /** Stores the heights of a chunk with its progress, as the executor does. */
  const storeChunk = (chunk: Chunk, { from, to }: HeightRange): Promise<unknown> => {
    const { chain } = chunk;
    const heights = chainData(from, to, { chain });
    const transactions = heights.reduce((sum, each) => sum + each.transactions.length, 0);
    return store.write({
      chain,
      heights,
      progress: [{ lease: chunk, heights: heights.map(({ block }) => block.height), transactions }],
    });
  };
  const done = (chunk: Chunk): Promise<void> => store.endChunk(chunk, { kind: "done", nextWindow: 10 });
  const read = async (id: string): Promise<Run> => {
    const run = await store.run(id);
    if (run === null) throw new Error(`No run ${id}.`);
    return run;
  };

  describe("a run", () => {
    it("is cut in windows when chunks are claimed, and succeeds after its last chunk", async () => {
      const chain = newChain();
      const { run, existing } = await store.startRun(newRun(chain, 1, 25));
      expect(existing).toBe(false);
      expect(run).toMatchObject({
        chain,
        heights: { from: 1, to: 25 },
        mode: "MISSING",
        status: "QUEUED",
        progress: { blocksDone: 0, blocksTotal: 25, transactionsDone: 0n, done: [], running: [] },
      });
      expect(run.startedAt).toBeUndefined();

      const chunks = await claim(chain, 2);
      expect(chunks.map(({ heights }) => heights)).toEqual([[{ from: 1, to: 10 }], [{ from: 11, to: 20 }]]);
      expect(chunks.map(({ attempts }) => attempts)).toEqual([1, 1]);
      const [first, second] = chunks as [Chunk, Chunk];
      expect(await read(run.id)).toMatchObject({
        status: "RUNNING",
        progress: { running: [{ from: 1, to: 20 }] },
      });

      await storeChunk(first, { from: 1, to: 4 });
      expect((await read(run.id)).progress).toMatchObject({
        blocksDone: 4,
        transactionsDone: 8n,
        done: [{ from: 1, to: 4 }],
        running: [{ from: 5, to: 20 }],
      });
      await storeChunk(first, { from: 5, to: 10 });
      await storeChunk(second, { from: 11, to: 20 });
      await done(second);
      await done(first);
      expect(await read(run.id)).toMatchObject({
        status: "RUNNING",
        progress: { blocksDone: 20, running: [] },
      });

      const last = await claimOne(chain);
      expect(last.heights).toEqual([{ from: 21, to: 25 }]);
      await storeChunk(last, { from: 21, to: 25 });
      await done(last);
      const ended = await read(run.id);
      expect(ended).toMatchObject({
        status: "SUCCEEDED",
        progress: { blocksDone: 25, transactionsDone: 50n, done: [{ from: 1, to: 25 }], running: [] },
      });
      expect(ended.finishedAt).toBeGreaterThanOrEqual(ended.startedAt ?? Infinity);
      expect(ended.progress.blocksPerSecond).toBeGreaterThan(0);
      expect(await claim(chain, 5)).toEqual([]);
    });

    it("spreads its heights over all free workers, in chunks of at least ten heights", async () => {
      const chain = newChain();
      await store.startRun(newRun(chain, 1, 100, { window: 1_000 }));
      const sizes = (await claim(chain, 4)).map(({ heights }) => totalHeights(heights));
      expect(sizes).toEqual([25, 25, 25, 25]);
      await store.startRun(newRun(chain, 101, 125, { window: 1_000 }));
      expect((await claim(chain, 4)).map(({ heights }) => totalHeights(heights))).toEqual([10, 10, 5]);
    });

    it("of MISSING skips covered heights, at its start and when others store them later", async () => {
      const chain = newChain();
      await store.write({ chain, heights: chainData(5, 8, { chain }) });
      const { run } = await store.startRun(newRun(chain, 1, 40));
      expect(run.progress.blocksTotal).toBe(36);
      const first = await claimOne(chain);
      expect(first.heights).toEqual([
        { from: 1, to: 4 },
        { from: 9, to: 14 },
      ]);
      await store.write({ chain, heights: chainData(9, 30, { chain }) });
      await expireLeases();
      expect((await claimOne(chain, "b")).heights).toEqual([{ from: 1, to: 4 }]);
      expect((await claimOne(chain)).heights).toEqual([{ from: 31, to: 40 }]);
      expect((await read(run.id)).progress).toMatchObject({ blocksDone: 16, done: [{ from: 15, to: 30 }] });
    });

    it("of OVERWRITE claims covered heights again, and only once", async () => {
      const chain = newChain();
      await store.write({ chain, heights: chainData(1, 10, { chain }) });
      const { run } = await store.startRun(newRun(chain, 1, 10, { mode: "OVERWRITE" }));
      const chunk = await claimOne(chain);
      expect(chunk).toMatchObject({ mode: "OVERWRITE", heights: [{ from: 1, to: 10 }] });
      await storeChunk(chunk, { from: 1, to: 6 });
      await expireLeases();
      const next = await claimOne(chain, "b");
      expect(next.heights).toEqual([{ from: 7, to: 10 }]);
      await storeChunk(next, { from: 7, to: 10 });
      await done(next);
      expect(await read(run.id)).toMatchObject({ status: "SUCCEEDED", progress: { blocksDone: 10 } });
    });

    it("with nothing to store has succeeded at once", async () => {
      const chain = newChain();
      await store.write({ chain, heights: chainData(1, 3, { chain }) });
      const { run } = await store.startRun(newRun(chain, 1, 3));
      expect(run).toMatchObject({ status: "SUCCEEDED", progress: { blocksTotal: 0, blocksDone: 0 } });
      expect(run.finishedAt).toBeDefined();
    });

    it("whose uncut heights others stored has succeeded after the next claim", async () => {
      const chain = newChain();
      const { run } = await store.startRun(newRun(chain, 1, 3));
      await store.write({ chain, heights: chainData(1, 3, { chain }) });
      expect(await claim(chain, 1)).toEqual([]);
      expect(await read(run.id)).toMatchObject({
        status: "SUCCEEDED",
        progress: { blocksDone: 3, blocksTotal: 3 },
      });
    });

    it("is returned instead of a second one that it covers, unless forced or of another mode", async () => {
      const chain = newChain();
      const { run } = await store.startRun(newRun(chain, 10, 50));
      expect(await store.startRun(newRun(chain, 10, 50))).toMatchObject({
        existing: true,
        run: { id: run.id },
      });
      expect(await store.startRun(newRun(chain, 20, 30))).toMatchObject({
        existing: true,
        run: { id: run.id },
      });
      const others = [
        newRun(chain, 9, 50),
        newRun(chain, 10, 51),
        newRun(chain, 20, 30, { mode: "OVERWRITE" }),
        newRun(chain, 20, 30, { force: true }),
        newRun(newChain(), 20, 30),
      ];
      for (const other of others) {
        const started = await store.startRun(other);
        expect(started.existing).toBe(false);
        await store.cancelRun(started.run.id);
      }
      await store.cancelRun(run.id);
      expect(await store.startRun(newRun(chain, 20, 30))).toMatchObject({ existing: false });
    });

    it("is created once by many callers at once", async () => {
      const chain = newChain();
      const started = await Promise.all(Array.from({ length: 8 }, () => store.startRun(newRun(chain, 1, 9))));
      expect(new Set(started.map(({ run }) => run.id)).size).toBe(1);
      expect(started.filter(({ existing }) => !existing)).toHaveLength(1);
    });

    it("that is cancelled keeps its progress, loses its leases and never changes again", async () => {
      const chain = newChain();
      const { run } = await store.startRun(newRun(chain, 1, 30));
      const chunk = await claimOne(chain);
      await storeChunk(chunk, { from: 1, to: 3 });
      const cancelled = await store.cancelRun(run.id);
      expect(cancelled).toMatchObject({
        status: "CANCELLED",
        progress: { blocksDone: 3, transactionsDone: 6n, running: [] },
      });
      await expect(storeChunk(chunk, { from: 4, to: 5 })).rejects.toMatchObject({ code: "CONFLICT" });
      expect(await store.blocksAt(chain, [4, 5])).toEqual([]);
      expect(await store.renewChunks([chunk])).toEqual(new Set());
      await done(chunk);
      expect(await store.cancelRun(run.id)).toEqual(cancelled);
      expect(await claim(chain, 1)).toEqual([]);
    });

    it("that is unknown is null, whatever its id", async () => {
      for (const id of ["0", "999999999", "x", "1; drop table run", "99999999999999999999999", "-1", ""]) {
        expect(await store.run(id)).toBeNull();
        expect(await store.cancelRun(id)).toBeNull();
        expect(await store.runErrors(id, 10)).toEqual([]);
      }
    });

    it("stays for its time after its end, and only ended runs are trimmed", async () => {
      const chain = newChain();
      const { run: ended } = await store.startRun(newRun(chain, 1, 10));
      const { run: live } = await store.startRun(newRun(chain, 11, 20));
      await store.cancelRun(ended.id);
      await store.trimRuns(60);
      expect(await store.run(ended.id)).not.toBeNull();
      await store.trimRuns(-60);
      expect(await store.run(ended.id)).toBeNull();
      expect(await store.run(live.id)).not.toBeNull();
    });

    it("is listed by chain and status, newest first, page by page", async () => {
      const [chain, other] = [newChain(), newChain()];
      const ids: string[] = [];
      for (const from of [1, 11, 21, 31])
        ids.push((await store.startRun(newRun(chain, from, from + 9))).run.id);
      await store.startRun(newRun(other, 1, 10));
      await store.cancelRun(ids[1]!);
      const newest = { order: "NEWEST_FIRST", limit: 2 } as const;
      const first = await store.runs({ chain }, newest);
      expect(first).toMatchObject({ hasNext: true, hasPrevious: false });
      expect(first.items.map(({ id }) => id)).toEqual([ids[3], ids[2]]);
      const second = await store.runs({ chain }, { ...newest, after: { id: ids[2]! } });
      expect(second).toMatchObject({ hasNext: false, hasPrevious: true });
      expect(second.items.map(({ id }) => id)).toEqual([ids[1], ids[0]]);
      const live = await store.runs({ chain, status: ["QUEUED", "RUNNING"] }, { ...newest, limit: 10 });
      expect(live.items.map(({ id }) => id)).toEqual([ids[3], ids[2], ids[0]]);
      expect(await store.countRuns({ chain })).toEqual({ value: 4n, exact: true });
      expect(await store.countRuns({ chain, status: ["CANCELLED"] })).toEqual({ value: 1n, exact: true });
      expect(await store.countRuns({ chain: { network: "no", chainId: "no" } })).toEqual({
        value: 0n,
        exact: true,
      });
    });
  });

  describe("a chunk", () => {
    it("belongs to the newest claim: an older one stores, renews and ends nothing", async () => {
      const chain = newChain();
      const { run } = await store.startRun(newRun(chain, 1, 10));
      const old = await claimOne(chain, "old");
      await storeChunk(old, { from: 1, to: 2 });
      expect(await claim(chain, 1, "new")).toEqual([]);
      await expireLeases();
      const now = await claimOne(chain, "new");
      expect(now).toMatchObject({ id: old.id, heights: [{ from: 3, to: 10 }], attempts: 2 });
      expect(now.token).toBeGreaterThan(old.token);

      await expect(storeChunk(old, { from: 3, to: 4 })).rejects.toMatchObject({
        code: "CONFLICT",
        facts: { chunk: old.id },
      });
      expect(await store.blocksAt(chain, [3])).toEqual([]);
      expect(await store.indexed(chain)).toEqual([{ from: 1, to: 2 }]);
      expect(await store.renewChunks([old, now])).toEqual(new Set([now.id]));
      await done(old);
      await store.endChunk(old, { kind: "failed", failure });
      expect(await read(run.id)).toMatchObject({ status: "RUNNING", progress: { blocksDone: 2 } });
      await storeChunk(now, { from: 3, to: 10 });
      await done(now);
      expect(await read(run.id)).toMatchObject({ status: "SUCCEEDED" });
    });

    it("records progress with data that is stored already, and with quarantined heights", async () => {
      const chain = newChain();
      const { run } = await store.startRun(newRun(chain, 1, 10, { mode: "OVERWRITE" }));
      await store.write({ chain, heights: chainData(1, 4, { chain }) });
      const chunk = await claimOne(chain);
      await storeChunk(chunk, { from: 1, to: 4 });
      await store.write({
        chain,
        heights: [],
        quarantined: [{ height: 5, error: "undecodable" }],
        progress: [{ lease: chunk, heights: [5], transactions: 0 }],
      });
      expect((await read(run.id)).progress.done).toEqual([{ from: 1, to: 5 }]);
    });

    it("is kept by renewals, and expires without them", async () => {
      const chain = newChain();
      await store.startRun(newRun(chain, 1, 10));
      const chunk = await claimOne(chain);
      await expireLeases();
      expect(await store.renewChunks([chunk])).toEqual(new Set([chunk.id]));
      expect(await claim(chain, 1, "b")).toEqual([]);
      const [row] = await database.query<{ seconds: number }>({
        text: "select extract(epoch from lease_until - clock_timestamp())::float8 as seconds from run_chunk where id = $1::int8",
        values: [chunk.id],
      });
      expect(row?.seconds).toBeGreaterThan(10);
      expect(row?.seconds).toBeLessThanOrEqual(15);
    });

    it("that failed waits for its delay, while the others go on", async () => {
      const chain = newChain();
      const { run } = await store.startRun(newRun(chain, 1, 20));
      const [bad, good] = (await claim(chain, 2)) as [Chunk, Chunk];
      await store.endChunk(bad, { kind: "failed", failure, delayMs: 60_000 });
      await done(good);
      expect(await claim(chain, 1)).toEqual([]);
      expect(await read(run.id)).toMatchObject({ status: "RUNNING" });
      expect(await store.runErrors(run.id, 10)).toEqual([failure]);
      await passDelays();
      const again = await claimOne(chain);
      expect(again).toMatchObject({ id: bad.id, attempts: 2 });
      await storeChunk(again, { from: 1, to: 1 });
      await store.endChunk(again, { kind: "failed", failure, delayMs: 0 });
      // Progress starts the count anew.
      expect(await claimOne(chain)).toMatchObject({
        id: bad.id,
        attempts: 2,
        heights: [{ from: 2, to: 10 }],
      });
    });

    it("that failed for good fails its run at its end, with its reason", async () => {
      const chain = newChain();
      const { run } = await store.startRun(newRun(chain, 1, 20));
      const [bad, good] = (await claim(chain, 2)) as [Chunk, Chunk];
      const pruned: WorkFailure = {
        code: "NOT_FOUND",
        message: "The node is pruned.",
        retryable: false,
        height: 1,
      };
      await store.endChunk(bad, { kind: "failed", failure: pruned });
      expect(await read(run.id)).toMatchObject({ status: "RUNNING" });
      await done(good);
      const ended = await read(run.id);
      expect(ended).toMatchObject({ status: "FAILED", progress: { blocksDone: 10 } });
      expect(ended.finishedAt).toBeDefined();
      expect(await store.runErrors(run.id, 10)).toEqual([pruned]);
      expect(await claim(chain, 1)).toEqual([]);
      // Started again, it stores only what is missing.
      await store.write({ chain, heights: chainData(11, 20, { chain }) });
      expect((await store.startRun(newRun(chain, 1, 20))).run.progress.blocksTotal).toBe(10);
    });

    it("that its manager gives back is claimed at once, without an attempt counted", async () => {
      const chain = newChain();
      await store.startRun(newRun(chain, 1, 10));
      const chunk = await claimOne(chain);
      await store.endChunk(chunk, { kind: "released", delayMs: 0 });
      expect(await claimOne(chain, "b")).toMatchObject({ id: chunk.id, attempts: 1 });
    });

    it("sets the window of the next one", async () => {
      const chain = newChain();
      await store.startRun(newRun(chain, 1, 100));
      await store.endChunk(await claimOne(chain), { kind: "done", nextWindow: 20 });
      expect(totalHeights((await claimOne(chain)).heights)).toBe(20);
      await store.endChunk(await claimOne(chain), { kind: "done" });
      expect(totalHeights((await claimOne(chain)).heights)).toBe(20);
    });

    it("is claimed once by many managers at once", async () => {
      const chain = newChain();
      await store.startRun(newRun(chain, 1, 400));
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, index) => claim(chain, 4, `manager-${index}`)),
      );
      const ranges = claims.flat().flatMap(({ heights }) => heights);
      expect(totalHeights(ranges)).toBe(400);
      expect(subtractRanges({ from: 1, to: 400 }, ranges)).toEqual([]);
      expect(new Set(claims.flat().map(({ token }) => token)).size).toBe(claims.flat().length);
    });
  });

  it("keeps each height in exactly one place, whatever managers do", { timeout: 300_000 }, async () => {
    const last = 30;
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("claim" as const),
        owner: fc.constantFrom("a", "b"),
        limit: fc.integer({ min: 1, max: 3 }),
      }),
      fc.record({
        kind: fc.constant("store" as const),
        pick: fc.nat(9),
        size: fc.integer({ min: 1, max: 6 }),
      }),
      fc.record({ kind: fc.constant("done" as const), pick: fc.nat(9) }),
      fc.record({ kind: fc.constant("fail" as const), pick: fc.nat(9), final: fc.boolean() }),
      fc.record({ kind: fc.constant("release" as const), pick: fc.nat(9) }),
      fc.record({ kind: fc.constant("renew" as const), pick: fc.nat(9) }),
      fc.record({ kind: fc.constant("expire" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const chain = newChain();
        const { run } = await store.startRun(newRun(chain, 1, last, { mode: "OVERWRITE" }));
        /** The model: every claim ever made, the newest token of each chunk, and the heights that are stored. */
        const claims: Chunk[] = [];
        const owners = new Map<string, bigint>();
        const waiting = new Set<string>();
        const stored = new Set<number>();
        const failed = new Set<number>();
        let cut = 0;
        const owns = ({ id, token }: Chunk): boolean => owners.get(id) === token;
        const left = ({ heights }: Chunk): number[] =>
          heights.flatMap(({ from, to }) => range(from, to)).filter((height) => !stored.has(height));

        for (const each of steps) {
          const chunk = "pick" in each ? claims[each.pick % Math.max(claims.length, 1)] : undefined;
          switch (each.kind) {
            case "claim": {
              const got = await claim(chain, each.limit, each.owner);
              for (const one of got) {
                const before = owners.get(one.id);
                // Nobody holds a claimed chunk, and its token is the largest so far.
                expect(before === undefined || waiting.has(one.id)).toBe(true);
                expect(claims.every(({ token }) => token < one.token)).toBe(true);
                expect(left(one)).toEqual(one.heights.flatMap(({ from, to }) => range(from, to)));
                if (!claims.some(({ id }) => id === one.id)) {
                  expect(one.heights[0]?.from).toBe(cut + 1);
                  cut += totalHeights(one.heights);
                }
                waiting.delete(one.id);
                owners.set(one.id, one.token);
                claims.push(one);
              }
              break;
            }
            case "store": {
              if (chunk === undefined) break;
              const next = left(chunk).slice(0, each.size);
              if (next.length === 0) break;
              const block = { from: next[0]!, to: next.at(-1)! };
              if (owns(chunk)) {
                await storeChunk(chunk, block);
                for (const height of range(block.from, block.to)) stored.add(height);
              } else {
                await expect(storeChunk(chunk, block)).rejects.toMatchObject({ code: "CONFLICT" });
              }
              break;
            }
            case "done": {
              if (chunk === undefined || (owns(chunk) && left(chunk).length > 0)) break;
              await done(chunk);
              if (owns(chunk)) owners.delete(chunk.id);
              break;
            }
            case "fail": {
              if (chunk === undefined) break;
              const rest = left(chunk);
              await store.endChunk(chunk, { kind: "failed", failure, ...(!each.final && { delayMs: 0 }) });
              if (!owns(chunk)) break;
              owners.delete(chunk.id);
              if (each.final) for (const height of rest) failed.add(height);
              else {
                owners.set(chunk.id, -1n);
                waiting.add(chunk.id);
              }
              break;
            }
            case "release": {
              if (chunk === undefined) break;
              await store.endChunk(chunk, { kind: "released", delayMs: 0 });
              if (!owns(chunk)) break;
              owners.set(chunk.id, -1n);
              waiting.add(chunk.id);
              break;
            }
            case "renew": {
              if (chunk === undefined) break;
              expect((await store.renewChunks([chunk])).has(chunk.id)).toBe(owns(chunk));
              if (owns(chunk)) waiting.delete(chunk.id);
              break;
            }
            case "expire": {
              await expireLeases();
              for (const id of owners.keys()) waiting.add(id);
              break;
            }
          }
          const now = await read(run.id);
          expect(now.progress.done.flatMap(({ from, to }) => range(from, to))).toEqual(
            [...stored].sort((a, b) => a - b),
          );
          const over = owners.size === 0 && cut === last;
          expect(now.status).toBe(
            claims.length === 0
              ? "QUEUED"
              : !over
                ? "RUNNING"
                : failed.size > 0 || hasFailedChunk(now)
                  ? "FAILED"
                  : "SUCCEEDED",
          );
          if (over) break;
        }
      }),
      { numRuns: 60 },
    );
    /** A chunk may fail after its last height was stored. */
    function hasFailedChunk({ status }: Run): boolean {
      return status === "FAILED";
    }
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => from + offset);
}
