// Detects and repairs manual damage to the tables, the same on every database.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rangesFromHeights } from "../domain/height.js";
import { silentLogger } from "../lib/logger.js";
import { blockData, chainData } from "../testing/chain-data.js";
import { storeOver } from "./create-store.js";
import type { Store } from "./port.js";
import type { Database } from "./sql.js";

const cheap = { events: false, raw: false, rawLog: false };
const whole = { from: 1, to: 40 };
/** Between 1 and 40. */
const damagedHeights = [1, 7, 8, 20, 40];

export function damageSuite(open: () => Promise<Database>): void {
  let database: Database;
  let store: Store;
  let chains = 0;
  beforeAll(async () => {
    database = await open();
    store = await storeOver(database, { migrate: true, logger: silentLogger() });
  });
  afterAll(() => store.close());

  const storeChain = async () => {
    chains += 1;
    const chain = { network: "damage", chainId: `damage-${chains}` };
    await store.write({ chain, heights: chainData(1, 40, { chain }) });
    const [row] = await database.query<{ id: number }>({
      text: "select id from chain where chain_id = $1",
      values: [chain.chainId],
    });
    return { chain, id: row!.id };
  };

  const damages: readonly (readonly [what: string, statements: readonly string[]])[] = [
    [
      "transactions deleted",
      [`delete from "transaction" where chain_id = $1 and height = any($2::int8[]) and "index" = 1`],
    ],
    [
      "first transactions deleted",
      [`delete from "transaction" where chain_id = $1 and height = any($2::int8[]) and "index" = 0`],
    ],
    [
      "all transactions deleted",
      [`delete from "transaction" where chain_id = $1 and height = any($2::int8[])`],
    ],
    [
      "an index moved",
      [
        `update "transaction" set "index" = 9 where chain_id = $1 and height = any($2::int8[]) and "index" = 1`,
      ],
    ],
    ["blocks deleted", [`delete from block where chain_id = $1 and height = any($2::int8[])`]],
    [
      "blocks and transactions deleted",
      [
        `delete from block where chain_id = $1 and height = any($2::int8[])`,
        `delete from "transaction" where chain_id = $1 and height = any($2::int8[])`,
      ],
    ],
    [
      "blocks with a wrong transaction count",
      [`update block set transaction_count = 3 where chain_id = $1 and height = any($2::int8[])`],
    ],
  ];

  describe.each(damages)("%s", (_, statements) => {
    it("are detected, leave the coverage, and are complete after they are stored again", async () => {
      const { chain, id } = await storeChain();
      for (const text of statements)
        await database.query({ text, values: [id, `{${damagedHeights.join(",")}}`] });
      expect(await store.missing(chain, whole)).toEqual([]);

      const proof = await store.verifyCoverage(chain, whole);
      const gaps = [...proof.missingBlocks, ...proof.missingTransactions];
      expect(proof.complete).toBe(false);
      expect(gaps).toEqual(rangesFromHeights(damagedHeights));
      expect(await store.missing(chain, whole)).toEqual(rangesFromHeights(damagedHeights));

      await store.write({ chain, heights: damagedHeights.map((height) => blockData(height, { chain })) });
      expect(await store.missing(chain, whole)).toEqual([]);
      expect(await store.verifyCoverage(chain, whole)).toMatchObject({
        complete: true,
        blocks: 40n,
        transactions: 80n,
      });
      // The lists by account and by type are complete too.
      for (const filter of [
        { types: { any: ["send"] } },
        { accounts: { any: ["acc0", "acc1", "acc2", "acc3", "acc4"] } },
      ]) {
        const page = await store.transactions(
          { network: chain.network, chainIds: [chain.chainId], ...filter },
          { order: "OLDEST_FIRST", limit: 1000 },
          cheap,
        );
        expect(page.items.map(({ height, index }) => [height, index])).toEqual(
          chainData(1, 40, { chain }).flatMap((data) =>
            data.transactions.map((each) => [each.height, each.index]),
          ),
        );
      }
    });
  });

  it("verifies the range of all valid heights by reading only stored blocks", async () => {
    const { chain } = await storeChain();
    const all = { from: 0, to: Number.MAX_SAFE_INTEGER };
    expect(await store.verifyCoverage(chain, all)).toEqual({
      range: all,
      complete: false,
      blocks: 40n,
      transactions: 80n,
      missingBlocks: [
        { from: 0, to: 0 },
        { from: 41, to: Number.MAX_SAFE_INTEGER },
      ],
      missingTransactions: [],
    });
    expect(await store.indexed(chain)).toEqual([whole]);
  });

  it("verifies more blocks than one statement counts", async () => {
    chains += 1;
    const chain = { network: "damage", chainId: `damage-${chains}` };
    await store.write({ chain, heights: chainData(0, 10_005, { chain, transactions: () => 0 }) });
    await store.invalidate(chain, [{ from: 5_000, to: 5_000 }]);
    expect(await store.verifyCoverage(chain, { from: 0, to: 10_006 })).toMatchObject({
      blocks: 10_006n,
      missingBlocks: [{ from: 10_006, to: 10_006 }],
      missingTransactions: [],
    });
  });

  it("stores invalidated complete heights again without an announcement", async () => {
    const { chain } = await storeChain();
    const before = await store.latestSequences();
    await store.invalidate(chain, [{ from: 3, to: 5 }]);
    expect(await store.missing(chain, whole)).toEqual([{ from: 3, to: 5 }]);
    const result = await store.write({ chain, heights: chainData(3, 5, { chain }) });
    expect(result).toEqual({ blocks: 0, transactions: 0, replaced: [], unlinked: [] });
    expect(await store.missing(chain, whole)).toEqual([]);
    expect(await store.latestSequences()).toEqual(before);
  });
}
