// The announcements of a real store (PGlite in memory), with wake-ups that the test sends or withholds.
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { ChainRef } from "../domain/chain.js";
import { createLogger, silentLogger } from "../lib/logger.js";
import { createMemoryPubSub } from "../pubsub/memory.js";
import { storeOver } from "../store/create-store.js";
import { openDatabase } from "../store/open-database.js";
import type { Announcement, Store } from "../store/port.js";
import type { Database } from "../store/sql.js";
import { chainData } from "../testing/chain-data.js";
import { createManualClock } from "../testing/manual-clock.js";
import { until } from "../testing/until.js";
import { createAnnouncements, type AnnouncementsOptions } from "./announcements.js";
import { announcedTopic } from "./committer.js";

let database: Database;
let store: Store;
let chains = 0;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await openDatabase({ logger: silentLogger() });
  store = await storeOver(database, { logger: silentLogger() });
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(() => store.close());

/** Returns a chain that no other test uses; other networks may have a chain with the same id. */
function newChain(network = "announced"): ChainRef {
  if (network === "announced") chains += 1;
  return { network, chainId: `chain-${chains}` };
}

async function writeHeight(chain: ChainRef, height: number): Promise<void> {
  await store.write({ chain, heights: chainData(height, height, { chain }) });
}

/** Adds announcements without their data, as many commits would. */
async function addAnnouncements(chain: ChainRef, count: number, ageSeconds = 0): Promise<void> {
  await database.query({
    text: `with grown as (
             update chain set sequence = sequence + $3 where network = $1 and chain_id = $2
             returning id, sequence - $3 as before)
           insert into outbox (chain_id, sequence, heights, created_at)
           select id, before + n, '{[1,2)}', clock_timestamp() - make_interval(secs => $4)
           from grown, generate_series(1, $3) as n`,
    values: [chain.network, chain.chainId, count, ageSeconds],
  });
}

/** Returns the sequences that the outbox holds for a chain. */
async function storedSequences(chain: ChainRef): Promise<number[]> {
  const rows = await database.query<{ readonly sequence: bigint }>({
    text: `select o.sequence from outbox o join chain c on c.id = o.chain_id
           where c.network = $1 and c.chain_id = $2 order by o.sequence`,
    values: [chain.network, chain.chainId],
  });
  return rows.map(({ sequence }) => Number(sequence));
}

async function start(overrides: Partial<AnnouncementsOptions["store"]> = {}) {
  const clock = createManualClock();
  const pubsub = createMemoryPubSub();
  const warnings: unknown[] = [];
  let reads = 0;
  let subscribers = 0;
  const announcements = await createAnnouncements({
    store: {
      ...store,
      announcements: (after, limit) => {
        reads += 1;
        return store.announcements(after, limit);
      },
      ...overrides,
    },
    pubsub: {
      subscribe: (topic, listener) => {
        subscribers += 1;
        const stop = pubsub.subscribe(topic, listener);
        return () => {
          subscribers -= 1;
          stop();
        };
      },
    },
    clock,
    logger: createLogger({
      level: "warn",
      destination: { write: (line) => void warnings.push(JSON.parse(line)) },
    }),
  });
  closers.push(() => announcements.close());
  const received: Announcement[] = [];
  const stop = announcements.listen((announcement) => received.push(announcement));
  return {
    announcements,
    clock,
    received,
    stop,
    warnings,
    wake: () => pubsub.publish(announcedTopic, ""),
    reads: () => reads,
    subscribers: () => subscribers,
    /** Resolves when the loop waits for its next wake-up or its next poll. */
    idle: () => until("the loop to wait", () => clock.sleepers === 1),
    sequencesOf: (chain: ChainRef) =>
      received
        .filter((each) => each.chain.network === chain.network && each.chain.chainId === chain.chainId)
        .map(({ sequence }) => Number(sequence)),
  };
}

it("reports each later announcement once, in the order of its chain, and none from before its start", async () => {
  const chain = newChain();
  const sameId = newChain("other");
  await writeHeight(chain, 1);
  await writeHeight(sameId, 1);
  await writeHeight(sameId, 2);
  const { idle, wake, received, sequencesOf } = await start();
  await idle();
  expect(received).toEqual([]);
  for (const height of [5, 3, 4]) {
    await writeHeight(chain, height);
    await wake();
  }
  await writeHeight(sameId, 3);
  await wake();
  await until("four announcements", () => received.length === 4);
  await idle();
  await wake();
  await idle();
  expect(sequencesOf(chain)).toEqual([2, 3, 4]);
  expect(sequencesOf(sameId)).toEqual([3]);
  expect(received.filter((each) => each.chain.network === "announced").map(({ heights }) => heights)).toEqual(
    [5, 3, 4].map((height) => [{ from: height, to: height }]),
  );
});

it("reports the first announcements of a chain that is new", async () => {
  const { idle, wake, sequencesOf } = await start();
  const chain = newChain();
  await idle();
  await writeHeight(chain, 1);
  await writeHeight(chain, 2);
  await wake();
  await until("both announcements", () => sequencesOf(chain).length === 2);
  expect(sequencesOf(chain)).toEqual([1, 2]);
});

it("reads at once after a wake-up, and after one second if the wake-up is lost", async () => {
  const { idle, wake, clock, reads, sequencesOf } = await start();
  const chain = newChain();
  await idle();
  expect(reads()).toBe(1);
  await writeHeight(chain, 1);
  await wake();
  await until("the announcement", () => sequencesOf(chain).length === 1);
  await idle();
  expect([reads(), clock.monotonic()]).toEqual([2, 0]);

  await writeHeight(chain, 2);
  await clock.advance(999);
  expect(reads()).toBe(2);
  await clock.advance(1);
  await until("the announcement without a wake-up", () => sequencesOf(chain).length === 2);
  expect(reads()).toBe(3);
});

it("reads again if a wake-up arrives during a read", async () => {
  let release = (): void => {};
  let blocked = false;
  const { wake, sequencesOf, clock } = await start({
    announcements: async (after, limit) => {
      const found = await store.announcements(after, limit);
      if (blocked) await new Promise<void>((resolve) => (release = resolve));
      return found;
    },
  });
  const chain = newChain();
  await until("the first read", () => clock.sleepers === 1);
  blocked = true;
  await wake();
  await until("a read in progress", () => clock.sleepers === 0);
  await writeHeight(chain, 1);
  await wake();
  blocked = false;
  release();
  await until("the announcement", () => sequencesOf(chain).length === 1);
  expect(clock.monotonic()).toBe(0);
});

it("reads more than 1000 announcements without a wait in between", async () => {
  const chain = newChain();
  await writeHeight(chain, 1);
  const { idle, wake, clock, reads, sequencesOf } = await start();
  await idle();
  await addAnnouncements(chain, 2_000);
  await wake();
  await until("all announcements", () => sequencesOf(chain).length === 2_000);
  await idle();
  expect(sequencesOf(chain)).toEqual(Array.from({ length: 2_000 }, (_, at) => at + 2));
  expect([reads(), clock.monotonic()]).toEqual([4, 0]);
});

it("deletes announcements that are older than an hour, once a minute", async () => {
  const chain = newChain();
  await writeHeight(chain, 1);
  const trims: number[] = [];
  const { idle, wake, clock } = await start({
    trimAnnouncements: async (seconds) => {
      trims.push(clock.monotonic());
      await store.trimAnnouncements(seconds);
    },
  });
  await addAnnouncements(chain, 1, 3_700);
  await addAnnouncements(chain, 1, 3_500);
  await idle();
  for (let second = 1; second <= 130; second += 1) {
    await clock.advance(1_000);
    await idle();
    if (second === 60) expect(await storedSequences(chain)).toEqual([1, 2, 3]);
  }
  expect(trims).toEqual([61_000, 122_000]);
  expect(await storedSequences(chain)).toEqual([1, 3]);
  await wake();
  await idle();
  expect(trims).toHaveLength(2);
});

it("retries a failed read with growing delays, logs the first failure of a series, and loses nothing", async () => {
  let failing = true;
  let attempts = 0;
  const { clock, warnings, idle, sequencesOf, wake } = await start({
    announcements: (after, limit) => {
      attempts += 1;
      return failing ? Promise.reject(new Error("no database")) : store.announcements(after, limit);
    },
  });
  const chain = newChain();
  await writeHeight(chain, 1);
  const at: number[] = [];
  for (let seen = 0; clock.monotonic() < 30_000;) {
    if (attempts > seen) at.push(clock.monotonic());
    seen = attempts;
    await clock.advance(10);
  }
  const delays = at.slice(1).map((time, index) => time - at[index]!);
  [500, 1_000, 2_000, 4_000, 5_000, 5_000].forEach((whole, index) => {
    expect(delays[index]).toBeGreaterThanOrEqual(whole / 2);
    expect(delays[index]).toBeLessThanOrEqual(whole + 20);
  });
  expect(warnings).toMatchObject([{ error: { message: "no database" } }]);

  failing = false;
  await clock.advance(5_000);
  await until("the announcement", () => sequencesOf(chain).length === 1);
  await idle();
  failing = true;
  await wake();
  await until("the second warning", () => warnings.length === 2);
});

it("calls no listener after it is removed, and keeps the others", async () => {
  const { announcements, idle, wake, stop, received } = await start();
  const others: Announcement[] = [];
  announcements.listen((announcement) => others.push(announcement));
  await idle();
  stop();
  await writeHeight(newChain(), 1);
  await wake();
  await until("the other listener", () => others.length === 1);
  expect(received).toEqual([]);
});

it("stops after the read in progress when it closes, without its wake-ups and timers", async () => {
  let release = (): void => {};
  const { announcements, clock, subscribers, wake } = await start({
    announcements: () =>
      new Promise((resolve) => {
        release = () => resolve([]);
      }),
  });
  expect(subscribers()).toBe(1);
  let closed = false;
  const closing = announcements.close().then(() => (closed = true));
  await wake();
  await clock.advance(10_000);
  expect([closed, subscribers()]).toEqual([false, 0]);
  release();
  await closing;
  expect(clock.sleepers).toBe(0);
});

it("ends at once when it closes during the delay after a failure", async () => {
  let attempts = 0;
  const { announcements, clock } = await start({
    announcements: () => {
      attempts += 1;
      return Promise.reject(new Error("no database"));
    },
  });
  await until("the delay", () => clock.sleepers === 1);
  await announcements.close();
  expect([attempts, clock.sleepers]).toEqual([1, 0]);
});
