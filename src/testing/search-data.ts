// Blocks and transactions of three chains, and filters that find some of them: for tests of searches.
import fc from "fast-check";
import type { Block } from "../domain/block.js";
import type { ChainRef } from "../domain/chain.js";
import type { BlockFilter, Bounds, ListFilter, TransactionFilter } from "../domain/search.js";
import { participation, type BlockData, type Transaction } from "../domain/transaction.js";
import type { StoredTransaction, WriteBatch } from "../store/port.js";

const one: ChainRef = { network: "alpha", chainId: "alpha-1" };
const two: ChainRef = { network: "alpha", chainId: "alpha-2" };
/** Its times sometimes decrease. */
const unordered: ChainRef = { network: "beta", chainId: "beta-1" };

const accounts = ["a1", "a2", "a3", "a4", `a"5\\`];
const types = ["send", "vote", "swap"];
const memos = ["", "red", "blue", "red blue", "blue sky red", "Grün\t\n\\"];
const second = 1_000_000_000n;
const start = 1_600_000_000n * second;
const heights = 70;

const timeOf = (chain: ChainRef, height: number): bigint =>
  start + BigInt(chain === unordered ? (height * 9) % heights : Math.floor(height / 2)) * 5n * second + 1n;
const digits = (chain: ChainRef, height: number, index: number): string =>
  (0xabc0_0000 + (chain === one ? 0 : chain === two ? 0x10_0000 : 0x20_0000) + height * 64 + index).toString(
    16,
  );

const shape = fc.record({
  from: fc.subarray(accounts, { maxLength: 2 }),
  to: fc.subarray(accounts, { maxLength: 2 }),
  other: fc.subarray(accounts, { maxLength: 2 }),
  types: fc.subarray(types, { maxLength: 2 }),
  memo: fc.constantFrom(...memos),
  hasErrors: fc.boolean(),
  gas: fc.bigInt({ min: 0n, max: 2n ** 64n }),
  raw: fc.uint8Array({ minLength: 1, maxLength: 8 }),
});

function transactionOf(
  block: Block,
  index: number,
  input: typeof shape extends fc.Arbitrary<infer T> ? T : never,
): Transaction {
  const transfer = (id: string) => ({ account: { id }, amounts: [] });
  return {
    chain: block.chain,
    // Index 3 repeats the hash of index 2: some chains store a failed transaction and its retry under one hash.
    hash: digits(block.chain, block.height, index - (index === 3 ? 1 : 0)).toUpperCase(),
    blockHash: block.hash,
    height: block.height,
    index,
    time: block.time,
    ...(block.epoch !== undefined && { epoch: block.epoch }),
    fee: [{ text: "1u", currency: "u", numeric: "1", exp: 0 }],
    gasWanted: input.gas,
    gasUsed: input.gas / 2n,
    memo: input.memo,
    hasErrors: input.hasErrors,
    events: [
      {
        id: "0",
        kind: "message",
        sub: [
          {
            type: input.types,
            sender: input.from.map(transfer),
            recipient: input.to.map(transfer),
            node: { validator: input.other.map((id) => ({ id })) },
          },
        ],
      },
    ],
    raw: input.raw,
    rawLog: input.raw.toReversed(),
  };
}

/** Stored test data and the expected order of its rows. */
export interface SearchData {
  /** In the order in which they are written, which is the last key of the order. */
  readonly chains: readonly ChainRef[];
  readonly unordered: ChainRef;
  /** A time in the middle of the data. */
  readonly middle: bigint;
  readonly batches: readonly WriteBatch[];
  /** By chain and height, ascending. */
  readonly blocks: readonly Block[];
  /** By height, index and chain, ascending. */
  readonly transactions: readonly StoredTransaction[];
}

/** Returns the same data on each call. */
export function createSearchData(): SearchData {
  const chains = [one, two, unordered];
  const batches = chains.map((chain, place): WriteBatch => {
    const counts = fc.sample(fc.integer({ min: 0, max: 6 }), { numRuns: heights, seed: place });
    const shapes = fc.sample(shape, { numRuns: heights * 6, seed: place });
    const data = counts.map((count, height): BlockData => {
      const block: Block = {
        chain,
        height,
        hash: `${digits(chain, height, 63)}FF`.toUpperCase(),
        ...(height > 0 && { parentHash: `${digits(chain, height - 1, 63)}FF`.toUpperCase() }),
        time: timeOf(chain, height),
        ...(height % 10 === 3 && { epoch: `epoch-${Math.floor(height / 20)}` }),
        ...(height % 3 === 0 && { proposer: "validator" }),
        transactionCount: count,
      };
      const transactions = shapes
        .slice(height * 6, height * 6 + count)
        .map((made, index) => transactionOf(block, index, made));
      return { block, transactions };
    });
    return { chain, heights: data };
  });
  const transactions = batches
    .flatMap((batch) => batch.heights.flatMap((data) => data.transactions))
    .map((each) => ({ ...each, ...participation(each.events) }))
    .sort(
      (a, b) => a.height - b.height || a.index - b.index || chains.indexOf(a.chain) - chains.indexOf(b.chain),
    );
  return {
    chains,
    unordered,
    middle: start + BigInt(heights) * second,
    batches,
    blocks: batches.flatMap((batch) => batch.heights.map(({ block }) => block)),
    transactions,
  };
}

function anyBounds<T extends number | bigint>(value: fc.Arbitrary<T>): fc.Arbitrary<Bounds<T>> {
  const keys = { eq: value, gte: value, gt: value, lte: value, lt: value };
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ gte: value, lt: value }, { requiredKeys: [] }) },
    { weight: 1, arbitrary: fc.record(keys, { requiredKeys: [] }) },
  );
}

function anyList(values: readonly string[]): fc.Arbitrary<ListFilter> {
  const some = fc.subarray([...values, "nobody"], { minLength: 1, maxLength: 3 });
  return fc.oneof(
    some.map((any) => ({ any })),
    some.map((all) => ({ all })),
  );
}

const height = fc.integer({ min: 0, max: heights });
const time = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -5, max: 400 }).map((each) => start + BigInt(each) * second) },
  { weight: 1, arbitrary: fc.constantFrom(-(2n ** 70n), 2n ** 70n) },
);
const epoch = fc.constantFrom("epoch-0", "epoch-1", "epoch-9");
const hash = fc
  .tuple(fc.constantFrom(one, two, unordered), height, fc.nat(5))
  .map(([chain, at, index]) => digits(chain, at, index).toUpperCase());
const blockHash = fc
  .tuple(fc.constantFrom(one, two), height)
  .map(([chain, at]) => `${digits(chain, at, 63)}FF`.toUpperCase());

const members = {
  network: fc.constantFrom("alpha", "beta", "gamma"),
  chainIds: fc.subarray(["alpha-1", "alpha-2", "beta-1", "none"], { minLength: 1 }),
  epoch,
  heights: anyBounds(height),
  time: anyBounds(time),
  types: anyList(types),
  accounts: anyList(accounts),
  senders: anyList(accounts),
  recipients: anyList(accounts),
  hasErrors: fc.boolean(),
  hash,
  blockHash,
} satisfies { [K in keyof TransactionFilter]: fc.Arbitrary<TransactionFilter[K]> };

/** Filters of at most four conditions, so that about half of them match something. */
export const anyTransactionFilter: fc.Arbitrary<TransactionFilter> = fc
  .tuple(
    fc.record(members),
    fc.uniqueArray(
      fc.oneof(
        {
          weight: 9,
          arbitrary: fc.constantFrom(
            "network",
            "chainIds",
            "heights",
            "time",
            "types",
            "accounts",
            "senders",
            "recipients",
            "hasErrors",
          ),
        },
        { weight: 1, arbitrary: fc.constantFrom("epoch", "hash", "blockHash") },
      ),
      { maxLength: 4 },
    ),
  )
  .map(([whole, keys]) =>
    Object.fromEntries(Object.entries(whole).filter(([key]) => keys.some((each) => each === key))),
  );

/** Filters of one chain's blocks. */
export const anyBlockFilter: fc.Arbitrary<BlockFilter> = fc
  .tuple(
    fc.record({ chain: fc.constantFrom(one, two, unordered) }),
    fc.record(
      { heights: anyBounds(height), time: anyBounds(time), epoch, hasTransactions: fc.boolean() },
      { requiredKeys: [] },
    ),
  )
  .map(([chain, rest]) => ({ ...chain, ...rest }));
