// Random blocks, transactions and items for property tests.
import fc from "fast-check";
import type { AccountResult, Item } from "../connectivity/protocol/frames.js";
import type { Amount } from "../domain/amount.js";
import type { Block } from "../domain/block.js";
import type { Quarantined } from "../domain/task.js";
import type { SubEvent, Transaction } from "../domain/transaction.js";
import { countingChain } from "./counting-chain.js";

const name = fc.string({ minLength: 1, maxLength: 12 });
const height = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
/** Nanoseconds of the years 1970 to 2200. */
const time = fc.bigInt({ min: 1n, max: 7_258_118_400_000_000_000n });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
const optional = { requiredKeys: [] };

/** Any amount. */
export const anyAmount: fc.Arbitrary<Amount> = fc.record({
  text: name,
  currency: name,
  numeric: fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }).map(String),
  exp: fc.nat(30),
});

const account = fc
  .tuple(
    fc.record({ id: name }),
    fc.record({ name, description: name, contact: name, website: name }, optional),
  )
  .map(([id, detail]) => ({ ...id, ...detail }));
const transfer = fc.record({ account, amounts: fc.array(anyAmount, { maxLength: 2 }) });
const filled = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(item, { minLength: 1, maxLength: 2 });
const named = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(fc.string({ minLength: 1, maxLength: 8, unit: "grapheme-ascii" }), item, {
    minKeys: 1,
    maxKeys: 2,
    noNullPrototype: true,
  });

const { subEvent } = fc.letrec<{ subEvent: SubEvent }>((tie) => ({
  subEvent: fc
    .tuple(
      fc.record({ type: fc.array(name, { maxLength: 2 }) }),
      fc.record(
        {
          action: name,
          module: name,
          sender: filled(transfer),
          recipient: filled(transfer),
          node: named(filled(account)),
          nonce: name,
          completion: name,
          amount: named(anyAmount),
          transfers: named(filled(transfer)),
          error: name,
          additional: named(filled(name)),
          sub: fc.array(tie("subEvent"), { minLength: 1, maxLength: 2, depthIdentifier: "sub" }),
        },
        optional,
      ),
    )
    .map(([type, rest]) => ({ ...type, ...rest })),
}));

/** Any block of the counting chain. */
export const anyBlock: fc.Arbitrary<Block> = fc
  .tuple(
    fc.record({
      chain: fc.constant(countingChain),
      height,
      hash: name,
      time,
      transactionCount: fc.nat(100_000),
    }),
    fc.record({ parentHash: name, epoch: name, proposer: name }, optional),
  )
  .map(([block, rest]) => ({ ...block, ...rest }));

/** Any transaction of the counting chain. */
export const anyTransaction: fc.Arbitrary<Transaction> = fc
  .tuple(
    fc.record({
      chain: fc.constant(countingChain),
      hash: name,
      blockHash: name,
      height,
      index: fc.nat(100_000),
      time,
      fee: fc.array(anyAmount, { maxLength: 2 }),
      gasWanted: fc.bigInt({ min: 0n, max: 2n ** 64n }),
      gasUsed: fc.bigInt({ min: 0n, max: 2n ** 64n }),
      memo: fc.string(),
      hasErrors: fc.boolean(),
      events: fc.array(fc.record({ id: name, kind: name, sub: fc.array(subEvent, { maxLength: 2 }) }), {
        maxLength: 2,
      }),
    }),
    fc.record({ epoch: name, raw: bytes, rawLog: bytes }, optional),
  )
  .map(([transaction, rest]) => ({ ...transaction, ...rest }));

/** Any undecodable height or transaction. */
export const anyQuarantined: fc.Arbitrary<Quarantined> = fc
  .tuple(fc.record({ height, error: name }), fc.record({ index: fc.nat(1_000), raw: bytes }, optional))
  .map(([position, rest]) => ({ ...position, ...rest }));

const amounts = fc.array(anyAmount, { maxLength: 3 });
const decimal = fc
  .tuple(fc.nat(1_000_000), fc.array(fc.nat(9), { maxLength: 18 }))
  .map(([whole, fraction]) => (fraction.length === 0 ? `${whole}` : `${whole}.${fraction.join("")}`));

/** Any balances, rewards or delegations of an account. */
export const anyAccountResult: fc.Arbitrary<AccountResult> = fc.oneof(
  fc.record({ kind: fc.constant("balance" as const), height, balances: amounts }),
  fc.record({
    kind: fc.constant("reward" as const),
    height,
    rewards: fc.uniqueArray(
      fc.record({ validator: name, amounts: fc.array(anyAmount, { minLength: 1, maxLength: 3 }) }),
      { maxLength: 3, selector: ({ validator }) => validator },
    ),
  }),
  fc.record({
    kind: fc.constant("delegations" as const),
    height,
    delegations: fc.array(
      fc.record({ delegator: name, validator: name, shares: decimal, balance: anyAmount }),
      { maxLength: 3 },
    ),
  }),
);

/** Any item of a task's results. */
export const anyItem: fc.Arbitrary<Item> = fc.oneof(
  anyBlock.map((block): Item => ({ kind: "block", block })),
  anyTransaction.map((transaction): Item => ({ kind: "transaction", transaction })),
  anyQuarantined.map((quarantined): Item => ({ kind: "quarantine", ...quarantined })),
  anyAccountResult,
);
