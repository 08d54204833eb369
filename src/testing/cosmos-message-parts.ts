// What the made Cosmos messages are put together of: people, coins, events, and two messages that stand inside others.
import { MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { MsgDelegate } from "cosmjs-types/cosmos/staking/v1beta1/tx";
import type { Any } from "cosmjs-types/google/protobuf/any";
import type { SubEvent } from "../domain/transaction.js";
import { distributionAccount, testAddress, pack, paymentEvents, type GeneratedEvent } from "./cosmos-generator.js";

/** A message, its events, and what of its event in the common format must be just so. */
export interface SampleMessage {
  readonly name: string;
  readonly packed: Any;
  readonly events: readonly GeneratedEvent[];
  readonly expected: Partial<SubEvent>;
}

/** Accounts, validators and contracts of the made chain. */
export const alice = testAddress("alice");
export const bob = testAddress("bob");
export const carol = testAddress("carol");
export const validator = testAddress("validator", "testvaloper");
export const validatorAccount = testAddress("validator");
export const otherValidator = testAddress("other", "testvaloper");
export const contract = testAddress("contract");
export const relayer = testAddress("relayer");

/** A coin as protobuf has it. */
export const coin = (amount: string, denom = "utest"): { denom: string; amount: string } => ({
  denom,
  amount,
});
/** The same in the common format. */
export const expectedAmount = (
  numeric: string,
  currency = "utest",
): { text: string; currency: string; numeric: string; exp: number } => ({
  text: `${numeric}${currency}`,
  currency,
  numeric,
  exp: 0,
});
/** An account and what it gives or gets. */
export const party = (
  id: string,
  ...amounts: ReturnType<typeof expectedAmount>[]
): { account: { id: string }; amounts: typeof amounts } => ({
  account: { id },
  amounts,
});
/** More than 64 bits, and more than a double keeps. */
export const huge = "123456789012345678901234567890123456789";

/** What the distribution module tells of a reward that it pays. */
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
/** A payment, for messages inside messages. */
export const send = pack(MsgSend, {
  fromAddress: alice,
  toAddress: bob,
  amount: [coin("7"), coin(huge, "ibc/ABCDEF")],
});
/** A delegation, for messages inside messages. */
export const delegate = pack(MsgDelegate, {
  delegatorAddress: alice,
  validatorAddress: validator,
  amount: coin("100"),
});
