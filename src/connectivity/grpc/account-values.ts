// Results of account queries in JSON, both ways.
// Imports only domain and this folder; never loses a digit.
import { toDecimalString, type Amount } from "../../domain/amount.js";
import type { Delegation, ValidatorAmounts } from "../../domain/task.js";
import type { AccountResult } from "../protocol/frames.js";
import { readJsonAmount, writeJsonAmount } from "./json-values.js";
import { balanceShape, delegationsShape, readJson, rewardShape, writeJson } from "./json-shapes.js";
import { readHeight, WireFault } from "./numbers.js";

/** Reads a `Reward`: amounts with their validator each, lists by validator, or a map of them. Throws a WireFault. */
export function readReward(payload: Uint8Array): AccountResult {
  const { height, rewards } = readJson(payload, rewardShape);
  const byValidator = new Map<string, Amount[]>();
  const add = (validator: string, amounts: readonly Amount[]): void => {
    byValidator.set(validator, [...(byValidator.get(validator) ?? []), ...amounts]);
  };
  if (Array.isArray(rewards)) {
    for (const { validator, amounts, ...own } of rewards) {
      const all = amounts.length > 0 ? amounts : [own];
      add(validator, all.map(readJsonAmount));
    }
  } else {
    for (const [validator, amounts] of Object.entries(rewards)) add(validator, amounts.map(readJsonAmount));
  }
  const perValidator = [...byValidator].map(([validator, amounts]): ValidatorAmounts => ({
    validator,
    amounts,
  }));
  return { kind: "reward", height: readHeight(height), rewards: perValidator };
}

/** Reads an `AccountBalance`. Throws a WireFault. */
export function readBalance(payload: Uint8Array): AccountResult {
  const { height, balances } = readJson(payload, balanceShape);
  return { kind: "balance", height: readHeight(height), balances: balances.map(readJsonAmount) };
}

/** Reads `AccountDelegations`. Throws a WireFault. */
export function readDelegations(payload: Uint8Array): AccountResult {
  const { height, delegations } = readJson(payload, delegationsShape);
  return {
    kind: "delegations",
    height: readHeight(height),
    delegations: delegations.map(({ delegator, validator, shares, balance }): Delegation => ({
      delegator,
      validator,
      shares: typeof shares === "string" ? shares : toDecimalString(readJsonAmount(shares)),
      balance: readJsonAmount(balance),
    })),
  };
}

/** Writes the result of an account query. */
export function writeAccountResult(result: AccountResult): Buffer {
  const height = BigInt(result.height);
  switch (result.kind) {
    case "reward":
      return writeJson({
        height,
        rewards: result.rewards.flatMap(({ validator, amounts }) =>
          amounts.map((amount) => ({ ...writeJsonAmount(amount), validator })),
        ),
      });
    case "balance":
      return writeJson({ height, balances: result.balances.map(writeJsonAmount) });
    case "delegations":
      return writeJson({
        height,
        delegations: result.delegations.map(({ delegator, validator, shares, balance }) => ({
          delegator,
          validator,
          shares: writeJsonAmount(amountOfDecimal(shares)),
          balance: writeJsonAmount(balance),
        })),
      });
  }
}

function amountOfDecimal(text: string): Amount {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new WireFault(`'${text.slice(0, 40)}' is not a decimal number.`);
  const [, whole = "0", fraction = ""] = match;
  return { text, currency: "", numeric: `${whole}${fraction}`, exp: fraction.length };
}
