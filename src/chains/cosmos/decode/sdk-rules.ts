// Rules of the Cosmos SDK's modules. Modules without rules are interpreted by field names.
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
import { operatorAccount, canonicalAccount } from "./addresses.js";
import { amountFromCoin, type Coin } from "./coins.js";
import { formatTimestamp } from "./fields.js";
import { transfersFromEvents, createTransfer } from "./transfers.js";
import { attributeValues, splitExecEvents, type NodeEvent } from "./node-events.js";
import { singleTransfer, messageRule, coinList, type MessageContext, type MessageRule } from "./rule.js";

/** The recipients of rewards and commission: the withdraw address, which only the events contain. */
function payoutRecipients({ events }: MessageContext): Transfer[] {
  return [...transfersFromEvents(events).reward];
}

/** The completion time of an unbonding or redelegation, from its event. */
function completionOf(events: readonly NodeEvent[], type: string): { completion?: string } {
  const completion = attributeValues(events, type, "completion_time").at(-1);
  return completion === undefined || completion === "" ? {} : { completion };
}

/** The account of a validator's operator. */
function operatorOf(validator: string): string {
  return operatorAccount(canonicalAccount(validator));
}

/** An input or output of a multi-send as an inner event of the same type. */
function multiSendEnd(
  action: "input" | "output",
  { address, coins }: { address: string; coins: Coin[] },
): SubEvent {
  const end = singleTransfer(address, coins);
  return {
    type: ["multisend"],
    module: "bank",
    action,
    ...(action === "input" ? { sender: end } : { recipient: end }),
  };
}

function sumCoins(lists: readonly (readonly Coin[])[]): Transfer["amounts"] {
  return sumAmounts(lists.flat().map(amountFromCoin));
}

/** The rules of SDK messages. */
export const sdkRules: readonly MessageRule[] = [
  messageRule(MsgSend, (m) => ({
    sender: singleTransfer(m.fromAddress, m.amount),
    recipient: singleTransfer(m.toAddress, m.amount),
  })),
  messageRule(MsgMultiSend, (m) => ({
    sender: m.inputs.flatMap(({ address, coins }) => singleTransfer(address, coins)),
    recipient: m.outputs.flatMap(({ address, coins }) => singleTransfer(address, coins)),
    sub: [
      ...m.inputs.map((input) => multiSendEnd("input", input)),
      ...m.outputs.map((output) => multiSendEnd("output", output)),
    ],
    hints: { skip: ["inputs", "outputs"] },
  })),

  messageRule(MsgSetWithdrawAddress, (m) => ({
    sender: singleTransfer(m.delegatorAddress),
    node: { delegator: [m.delegatorAddress], withdraw: [m.withdrawAddress] },
  })),
  messageRule(MsgWithdrawDelegatorReward, (m, context) => ({
    sender: singleTransfer(m.delegatorAddress),
    recipient: payoutRecipients(context),
  })),
  messageRule(MsgWithdrawValidatorCommission, (m, context) => ({
    sender: singleTransfer(operatorOf(m.validatorAddress)),
    recipient: payoutRecipients(context),
    payoutName: "commission",
  })),
  messageRule(MsgFundCommunityPool, (m) => ({ sender: singleTransfer(m.depositor, m.amount) })),
  messageRule(MsgFundProtocolPool, (m) => ({ sender: singleTransfer(m.depositor, m.amount) })),
  messageRule(MsgDepositValidatorRewardsPool, (m) => ({ sender: singleTransfer(m.depositor, m.amount) })),

  ...[govV1.MsgDeposit, govV1beta1.MsgDeposit].map((codec) =>
    messageRule(codec, (m) => ({ sender: singleTransfer(m.depositor, m.amount) })),
  ),
  messageRule(govV1.MsgSubmitProposal, (m) => ({ sender: singleTransfer(m.proposer, m.initialDeposit) })),
  messageRule(govV1beta1.MsgSubmitProposal, (m) => ({
    sender: singleTransfer(m.proposer, m.initialDeposit),
  })),
  messageRule(govV1beta1.MsgVoteWeighted, () => ({ hints: { decimals: ["options.weight"] } })),

  messageRule(MsgUnjail, (m) => ({ sender: singleTransfer(operatorOf(m.validatorAddr)) })),

  messageRule(MsgCreateValidator, (m) => ({
    sender: singleTransfer(
      m.delegatorAddress === "" ? operatorOf(m.validatorAddress) : m.delegatorAddress,
      coinList(m.value),
    ),
    hints: {
      decimals: ["commission.rate", "commission.max_rate", "commission.max_change_rate"],
    },
  })),
  messageRule(MsgEditValidator, (m) => ({
    sender: singleTransfer(operatorOf(m.validatorAddress)),
    hints: { decimals: ["commission_rate"] },
  })),
  messageRule(MsgDelegate, (m) => ({ sender: singleTransfer(m.delegatorAddress, coinList(m.amount)) })),
  messageRule(MsgUndelegate, (m, { events }) => ({
    sender: singleTransfer(m.delegatorAddress),
    ...completionOf(events, "unbond"),
  })),
  messageRule(MsgBeginRedelegate, (m, { events }) => ({
    sender: singleTransfer(m.delegatorAddress),
    ...completionOf(events, "redelegate"),
  })),

  messageRule(MsgCreateVestingAccount, (m) => {
    const completion = formatTimestamp({ seconds: m.endTime, nanos: 0 });
    return {
      sender: singleTransfer(m.fromAddress, m.amount),
      recipient: singleTransfer(m.toAddress, m.amount),
      ...(completion !== undefined && { completion }),
    };
  }),
  messageRule(MsgCreatePermanentLockedAccount, (m) => ({
    sender: singleTransfer(m.fromAddress, m.amount),
    recipient: singleTransfer(m.toAddress, m.amount),
  })),
  messageRule(MsgCreatePeriodicVestingAccount, (m) => {
    const total = sumCoins(m.vestingPeriods.map(({ amount }) => amount));
    const end = m.vestingPeriods.reduce((sum, { length }) => sum + length, m.startTime);
    const completion = formatTimestamp({ seconds: end, nanos: 0 });
    return {
      sender: [createTransfer(m.fromAddress, total)],
      recipient: [createTransfer(m.toAddress, total)],
      ...(completion !== undefined && { completion }),
    };
  }),

  messageRule(MsgExec, (m, { events, decodeInner: inner }) => {
    const { inner: inside, own } = splitExecEvents(events, m.msgs.length);
    return {
      sender: singleTransfer(m.grantee),
      sub: m.msgs.map((packed, index) => inner(packed, inside[index])),
      ownEvents: own,
      hints: { skip: ["msgs"] },
    };
  }),
];
