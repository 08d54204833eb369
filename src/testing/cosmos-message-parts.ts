// Building blocks of the sample Cosmos messages: accounts, coins, events, and two messages for nesting.
import { MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { MsgDelegate } from "cosmjs-types/cosmos/staking/v1beta1/tx";
import type { Any } from "cosmjs-types/google/protobuf/any";
import type { SubEvent } from "../domain/transaction.js";
import {
  distributionAccount,
  testAddress,
  pack,
  paymentEvents,
  type GeneratedEvent,
} from "./cosmos-generator.js";

/** A message, its events, and the fields that its event in the common format must have. */
export interface SampleMessage {
  readonly name: string;
  readonly packed: Any;
  readonly events: readonly GeneratedEvent[];
  readonly expected: Partial<SubEvent>;
}

/** An account of the generated chain. */
export const alice = testAddress("alice");
/** An account of the generated chain. */
export const bob = testAddress("bob");
/** An account of the generated chain. */
export const carol = testAddress("carol");
/** A validator's operator address. */
export const validator = testAddress("validator", "testvaloper");
/** The account of `validator`. */
export const validatorAccount = testAddress("validator");
/** Another validator's operator address. */
export const otherValidator = testAddress("other", "testvaloper");
/** A contract's address. */
export const contract = testAddress("contract");
/** The account of an IBC relayer. */
export const relayer = testAddress("relayer");

/** Creates a coin in protobuf's format. */
export const coin = (amount: string, denom = "utest"): { denom: string; amount: string } => ({
  denom,
  amount,
});
/** Creates an amount in the common format. */
export const expectedAmount = (
  numeric: string,
  currency = "utest",
): { text: string; currency: string; numeric: string; exp: number } => ({
  text: `${numeric}${currency}`,
  currency,
  numeric,
  exp: 0,
});
/** Creates a transfer in the common format: an account and its amounts. */
export const party = (
  id: string,
  ...amounts: ReturnType<typeof expectedAmount>[]
): { account: { id: string }; amounts: typeof amounts } => ({
  account: { id },
  amounts,
});
/** An amount above 64 bits and above the precision of a double. */
export const huge = "123456789012345678901234567890123456789";

/** Creates the distribution module's events of a paid reward. */
export const reward = (to: string, text: string): GeneratedEvent[] => [
  ...paymentEvents(distributionAccount, to, text),
  {
    type: "withdraw_rewards",
    attributes: [
      ["amount", text],
      ["validator", validator],
    ],
  },
];
/** A payment of two coins, also nested in other messages. */
export const send = pack(MsgSend, {
  fromAddress: alice,
  toAddress: bob,
  amount: [coin("7"), coin(huge, "ibc/ABCDEF")],
});
/** A delegation, also nested in other messages. */
export const delegate = pack(MsgDelegate, {
  delegatorAddress: alice,
  validatorAddress: validator,
  amount: coin("100"),
});
