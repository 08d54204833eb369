// Rules of the Cosmos SDK's own modules. A module that is not here is read off its fields.
// Imports only cosmjs-types, domain and its neighbours.
import { MsgExec } from "cosmjs-types/cosmos/authz/v1beta1/tx";
import { MsgMultiSend, MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import {
  MsgFundCommunityPool,
  MsgDepositValidatorRewardsPool,
  MsgSetWithdrawAddress,
  MsgWithdrawDelegatorReward,
  MsgWithdrawValidatorCommission,
} from "cosmjs-types/cosmos/distribution/v1beta1/tx";
import * as govV1 from "cosmjs-types/cosmos/gov/v1/tx";
import * as govV1beta1 from "cosmjs-types/cosmos/gov/v1beta1/tx";
import { MsgFundCommunityPool as MsgFundProtocolPool } from "cosmjs-types/cosmos/protocolpool/v1/tx";
import { MsgUnjail } from "cosmjs-types/cosmos/slashing/v1beta1/tx";
import {
  MsgBeginRedelegate,
  MsgCreateValidator,
  MsgDelegate,
  MsgEditValidator,
  MsgUndelegate,
} from "cosmjs-types/cosmos/staking/v1beta1/tx";
import {
  MsgCreatePeriodicVestingAccount,
  MsgCreatePermanentLockedAccount,
  MsgCreateVestingAccount,
} from "cosmjs-types/cosmos/vesting/v1beta1/tx";
import { sumAmounts } from "../../../domain/amount.js";
import type { SubEvent, Transfer } from "../../../domain/transaction.js";
import { accountOf, canonicalAccount } from "./addresses.js";
import { coinAmount, type Coin } from "./coins.js";
import { momentText } from "./fields.js";
import { moneyOf, transfer } from "./money.js";
import { attributesOf, execEvents, type NodeEvent } from "./node-events.js";
import { one, rule, some, type MessageContext, type Rule } from "./rule.js";

/** Who was paid out: rewards and commission go to the withdraw address, which the message does not say. */
function paidOut({ events }: MessageContext): Transfer[] {
  return [...moneyOf(events).reward];
}

/** When an unbonding or redelegation is over, as its event says. */
function completionOf(events: readonly NodeEvent[], type: string): { completion?: string } {
  const completion = attributesOf(events, type, "completion_time").at(-1);
  return completion === undefined || completion === "" ? {} : { completion };
}

/** The account of a validator's operator. */
function operator(validator: string): string {
  return accountOf(canonicalAccount(validator));
}

/** A multi-send's ends as events of their own; of the same type, since it is one message. */
function multiSendEnd(
  action: "input" | "output",
  { address, coins }: { address: string; coins: Coin[] },
): SubEvent {
  const end = one(address, coins);
  return {
    type: ["multisend"],
    module: "bank",
    action,
    ...(action === "input" ? { sender: end } : { recipient: end }),
  };
}

function sumCoins(lists: readonly (readonly Coin[])[]): Transfer["amounts"] {
  return sumAmounts(lists.flat().map(coinAmount));
}

/** All rules of this file. */
export const sdkRules: readonly Rule[] = [
  rule(MsgSend, (m) => ({ sender: one(m.fromAddress, m.amount), recipient: one(m.toAddress, m.amount) })),
  rule(MsgMultiSend, (m) => ({
    sender: m.inputs.flatMap(({ address, coins }) => one(address, coins)),
    recipient: m.outputs.flatMap(({ address, coins }) => one(address, coins)),
    sub: [
      ...m.inputs.map((input) => multiSendEnd("input", input)),
      ...m.outputs.map((output) => multiSendEnd("output", output)),
    ],
    hints: { skip: ["inputs", "outputs"] },
  })),

  rule(MsgSetWithdrawAddress, (m) => ({
    sender: one(m.delegatorAddress),
    node: { delegator: [m.delegatorAddress], withdraw: [m.withdrawAddress] },
  })),
  rule(MsgWithdrawDelegatorReward, (m, context) => ({
    sender: one(m.delegatorAddress),
    recipient: paidOut(context),
  })),
  rule(MsgWithdrawValidatorCommission, (m, context) => ({
    sender: one(operator(m.validatorAddress)),
    recipient: paidOut(context),
    payments: "commission",
  })),
  rule(MsgFundCommunityPool, (m) => ({ sender: one(m.depositor, m.amount) })),
  rule(MsgFundProtocolPool, (m) => ({ sender: one(m.depositor, m.amount) })),
  rule(MsgDepositValidatorRewardsPool, (m) => ({ sender: one(m.depositor, m.amount) })),

  ...[govV1.MsgDeposit, govV1beta1.MsgDeposit].map((codec) =>
    rule(codec, (m) => ({ sender: one(m.depositor, m.amount) })),
  ),
  rule(govV1.MsgSubmitProposal, (m) => ({ sender: one(m.proposer, m.initialDeposit) })),
  rule(govV1beta1.MsgSubmitProposal, (m) => ({ sender: one(m.proposer, m.initialDeposit) })),
  rule(govV1beta1.MsgVoteWeighted, () => ({ hints: { decimals: ["options.weight"] } })),

  rule(MsgUnjail, (m) => ({ sender: one(operator(m.validatorAddr)) })),

  rule(MsgCreateValidator, (m) => ({
    sender: one(m.delegatorAddress === "" ? operator(m.validatorAddress) : m.delegatorAddress, some(m.value)),
    hints: {
      decimals: ["commission.rate", "commission.max_rate", "commission.max_change_rate"],
    },
  })),
  rule(MsgEditValidator, (m) => ({
    sender: one(operator(m.validatorAddress)),
    hints: { decimals: ["commission_rate"] },
  })),
  rule(MsgDelegate, (m) => ({ sender: one(m.delegatorAddress, some(m.amount)) })),
  rule(MsgUndelegate, (m, { events }) => ({
    sender: one(m.delegatorAddress),
    ...completionOf(events, "unbond"),
  })),
  rule(MsgBeginRedelegate, (m, { events }) => ({
    sender: one(m.delegatorAddress),
    ...completionOf(events, "redelegate"),
  })),

  rule(MsgCreateVestingAccount, (m) => {
    const completion = momentText({ seconds: m.endTime, nanos: 0 });
    return {
      sender: one(m.fromAddress, m.amount),
      recipient: one(m.toAddress, m.amount),
      ...(completion !== undefined && { completion }),
    };
  }),
  rule(MsgCreatePermanentLockedAccount, (m) => ({
    sender: one(m.fromAddress, m.amount),
    recipient: one(m.toAddress, m.amount),
  })),
  rule(MsgCreatePeriodicVestingAccount, (m) => {
    const total = sumCoins(m.vestingPeriods.map(({ amount }) => amount));
    const end = m.vestingPeriods.reduce((sum, { length }) => sum + length, m.startTime);
    const completion = momentText({ seconds: end, nanos: 0 });
    return {
      sender: [transfer(m.fromAddress, total)],
      recipient: [transfer(m.toAddress, total)],
      ...(completion !== undefined && { completion }),
    };
  }),

  rule(MsgExec, (m, { events, inner }) => {
    const { inside, own } = execEvents(events, m.msgs.length);
    return {
      sender: one(m.grantee),
      sub: m.msgs.map((packed, index) => inner(packed, inside[index])),
      eventsLeft: own,
      hints: { skip: ["msgs"] },
    };
  }),
];
