// The accounts and validators of a demo chain, and what each holds at a height: closed formulas, no state.
// Imports only domain and its own folder.
import type { Amount } from "../../domain/amount.js";
import type { Height } from "../../domain/height.js";
import type { Delegation, ValidatorAmounts } from "../../domain/task.js";
import { createRandom, mix, type Random } from "./random.js";

/** The currency of every demo chain. */
export const currency = "udemo";
/** Once in so many heights one account, each in its turn, claims its rewards: so what is pending needs no history. */
export const claimEvery = 10;
const validatorCount = 20;
const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

export interface DemoAccounts {
  readonly accounts: readonly string[];
  readonly validators: readonly string[];
  /** An account; a few are chosen far more often than the rest. */
  pick(random: Random): string;
  pickValidator(random: Random): string;
  /** The account that claims its rewards at this height. */
  claimant(height: Height): string | undefined;
  /** What was pending right before the claim at this height. */
  claimed(account: string, height: Height): readonly ValidatorAmounts[];
  rewards(account: string, height: Height): readonly ValidatorAmounts[];
  balances(account: string, height: Height): readonly Amount[];
  delegations(account: string): readonly Delegation[];
}

/** An amount of the demo currency. */
export function amountOf(count: number): Amount {
  const numeric = count.toString();
  return { text: numeric + currency, currency, numeric, exp: 0 };
}

/** Creates the accounts of a seed. Accounts that are not among them hold nothing. */
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
    const round = claimEvery * count;
    const turn = Math.floor((height - index * claimEvery) / round);
    return Math.max(0, turn * round + index * claimEvery);
  };
  const earned = (account: string, since: (index: number) => Height, height: Height): ValidatorAmounts[] => {
    const index = indexes.get(account);
    if (index === undefined) return [];
    const heights = height - since(index);
    return stakes(index).map(({ validator, perHeight }) => ({
      validator,
      amounts: [amountOf(perHeight * heights)],
    }));
  };

  return {
    accounts,
    validators,
    pick: (random) => at(accounts, Math.floor(count * random.unit() ** 3)),
    pickValidator: (random) => at(validators, Math.floor(validatorCount * random.unit() ** 2)),
    claimant: (height) =>
      height > 0 && height % claimEvery === 0 ? accounts[(height / claimEvery) % count] : undefined,
    claimed: (account, height) => earned(account, (index) => lastClaim(index, height - 1), height),
    rewards: (account, height) => earned(account, (index) => lastClaim(index, height), height),
    balances(account, height) {
      const index = indexes.get(account);
      if (index === undefined) return [];
      const base = 5_000_000 + (mix(seed, index, 17) % 4_000_000_000);
      return [amountOf(base + height * (1 + (mix(seed, index, 19) % 50)))];
    },
    delegations(account) {
      const index = indexes.get(account);
      if (index === undefined) return [];
      return stakes(index).map(({ validator, stake }) => ({
        delegator: account,
        validator,
        shares: `${stake}.000000000000000000`,
        balance: amountOf(stake),
      }));
    },
  };
}

/** 38 characters as in a bech32 address; without its checksum. */
function address(prefix: string, seed: number, index: number): string {
  const random = createRandom(mix(seed, index));
  return prefix + Array.from({ length: 38 }, () => letters[random.below(32)]).join("");
}
