// The accounts and validators of a demo chain and their balances, delegations and rewards, all computed from the height.
// Imports only domain and its own folder.
// Never keeps state.
import type { Amount } from "../../domain/amount.js";
import type { Height } from "../../domain/height.js";
import type { Delegation, ValidatorAmounts } from "../../domain/task.js";
import { createRandom, mix, type Random } from "./random.js";

/** The currency of every demo chain. */
export const currency = "udemo";
/** Heights between two claims. Accounts claim their rewards in turn, so pending rewards need no history. */
const claimInterval = 10;
const validatorCount = 20;
const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/** The accounts of one demo chain. */
export interface DemoAccounts {
  readonly accounts: readonly string[];
  readonly validators: readonly string[];
  /** Returns a random account; a few accounts are far more frequent than the others. */
  pick(random: Random): string;
  /** Returns a random validator. */
  pickValidator(random: Random): string;
  /** Returns the account that claims its rewards at this height; undefined if none does. */
  claimant(height: Height): string | undefined;
  /** Returns the rewards that the account claims at this height. */
  claimed(account: string, height: Height): readonly ValidatorAmounts[];
  /** Returns the pending rewards after a height. */
  rewards(account: string, height: Height): readonly ValidatorAmounts[];
  /** Returns the balances after a height. */
  balances(account: string, height: Height): readonly Amount[];
  /** Returns the delegations, which are constant. */
  delegations(account: string): readonly Delegation[];
}

/** Returns an amount of the demo currency. */
export function demoAmount(count: number): Amount {
  const numeric = count.toString();
  return { text: numeric + currency, currency, numeric, exp: 0 };
}

/** Creates the accounts of a seed. Any other account has empty results. */
export function createAccounts(seed: number, count: number): DemoAccounts {
  const accounts = Array.from({ length: count }, (_, index) => address("demo1", seed, index));
  const validators = Array.from({ length: validatorCount }, (_, index) =>
    address("demovaloper1", seed ^ 0x5bd1e995, index),
  );
  const indexes = new Map(accounts.map((account, index) => [account, index]));
  const at = (list: readonly string[], index: number): string => list[index] ?? "";

  const stakes = (index: number): { validator: string; stake: number; perHeight: number }[] =>
    Array.from({ length: 1 + (mix(seed, index, 7) % 3) }, (_, position) => {
      const stake = 1_000_000 + (mix(seed, index, position, 11) % 900_000_000);
      return {
        validator: at(validators, (mix(seed, index, 13) + position) % validatorCount),
        stake,
        perHeight: 1 + Math.floor(stake / 1_000_000),
      };
    });
  const lastClaim = (index: number, height: Height): Height => {
    const round = claimInterval * count;
    const turn = Math.floor((height - index * claimInterval) / round);
    return Math.max(0, turn * round + index * claimInterval);
  };
  const earned = (account: string, since: (index: number) => Height, height: Height): ValidatorAmounts[] => {
    const index = indexes.get(account);
    if (index === undefined) return [];
    const heights = height - since(index);
    return stakes(index).map(({ validator, perHeight }) => ({
      validator,
      amounts: [demoAmount(perHeight * heights)],
    }));
  };

  return {
    accounts,
    validators,
    pick: (random) => at(accounts, Math.floor(count * random.unit() ** 3)),
    pickValidator: (random) => at(validators, Math.floor(validatorCount * random.unit() ** 2)),
    claimant: (height) =>
      height > 0 && height % claimInterval === 0 ? accounts[(height / claimInterval) % count] : undefined,
    claimed: (account, height) => earned(account, (index) => lastClaim(index, height - 1), height),
    rewards: (account, height) => earned(account, (index) => lastClaim(index, height), height),
    balances(account, height) {
      const index = indexes.get(account);
      if (index === undefined) return [];
      const base = 5_000_000 + (mix(seed, index, 17) % 4_000_000_000);
      return [demoAmount(base + height * (1 + (mix(seed, index, 19) % 50)))];
    },
    delegations(account) {
      const index = indexes.get(account);
      if (index === undefined) return [];
      return stakes(index).map(({ validator, stake }) => ({
        delegator: account,
        validator,
        shares: `${stake}.000000000000000000`,
        balance: demoAmount(stake),
      }));
    },
  };
}

/** Returns an address with 38 characters like a bech32 address, without a checksum. */
function address(prefix: string, seed: number, index: number): string {
  const random = createRandom(mix(seed, index));
  return prefix + Array.from({ length: 38 }, () => letters[random.below(32)]).join("");
}
