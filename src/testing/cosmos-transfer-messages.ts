// Sample Cosmos messages that transfer, lock and pay out coins: bank, staking, distribution, slashing, vesting.
import { MsgMultiSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { PubKey } from "cosmjs-types/cosmos/crypto/ed25519/keys";
import {
  MsgWithdrawDelegatorReward,
  MsgWithdrawValidatorCommission,
} from "cosmjs-types/cosmos/distribution/v1beta1/tx";
import { MsgUnjail } from "cosmjs-types/cosmos/slashing/v1beta1/tx";
import {
  MsgBeginRedelegate,
  MsgCreateValidator,
  MsgUndelegate,
} from "cosmjs-types/cosmos/staking/v1beta1/tx";
import { MsgCreatePeriodicVestingAccount } from "cosmjs-types/cosmos/vesting/v1beta1/tx";
import { distributionAccount, pack, paymentEvents } from "./cosmos-generator.js";
import {
  alice,
  bob,
  carol,
  validator,
  validatorAccount,
  otherValidator,
  coin,
  expectedAmount,
  party,
  huge,
  reward,
  send,
  delegate,
  type SampleMessage,
} from "./cosmos-message-parts.js";

/** Messages of the modules that hold coins. */
export const transferMessages: readonly SampleMessage[] = [
  {
    name: "send of two coins, one above 64 bits",
    packed: send,
    events: paymentEvents(alice, bob, `${huge}ibc/ABCDEF,7utest`),
    expected: {
      type: ["send"],
      module: "bank",
      sender: [party(alice, expectedAmount("7"), expectedAmount(huge, "ibc/ABCDEF"))],
      recipient: [party(bob, expectedAmount("7"), expectedAmount(huge, "ibc/ABCDEF"))],
      transfers: {
        send: [party(bob, expectedAmount(huge, "ibc/ABCDEF"), expectedAmount("7"))],
        spend: [party(alice, expectedAmount(huge, "ibc/ABCDEF"), expectedAmount("7"))],
      },
    },
  },
  {
    name: "multi-send to two accounts",
    packed: pack(MsgMultiSend, {
      inputs: [{ address: alice, coins: [coin("3")] }],
      outputs: [
        { address: bob, coins: [coin("1")] },
        { address: carol, coins: [coin("2")] },
      ],
    }),
    events: [...paymentEvents(alice, bob, "1utest"), ...paymentEvents(alice, carol, "2utest")],
    expected: {
      type: ["multisend"],
      module: "bank",
      sender: [party(alice, expectedAmount("3"))],
      recipient: [party(bob, expectedAmount("1")), party(carol, expectedAmount("2"))],
      sub: [
        { type: ["multisend"], module: "bank", action: "input", sender: [party(alice, expectedAmount("3"))] },
        {
          type: ["multisend"],
          module: "bank",
          action: "output",
          recipient: [party(bob, expectedAmount("1"))],
        },
        {
          type: ["multisend"],
          module: "bank",
          action: "output",
          recipient: [party(carol, expectedAmount("2"))],
        },
      ],
    },
  },
  {
    name: "delegate with a paid reward",
    packed: delegate,
    events: reward(alice, "42utest"),
    expected: {
      type: ["delegate"],
      module: "staking",
      sender: [party(alice, expectedAmount("100"))],
      amount: { amount: expectedAmount("100") },
      transfers: {
        reward: [party(alice, expectedAmount("42"))],
        reward_from: [party(validator, expectedAmount("42"))],
      },
    },
  },
  {
    name: "undelegate with a completion time",
    packed: pack(MsgUndelegate, { delegatorAddress: alice, validatorAddress: validator, amount: coin("9") }),
    events: [
      ...reward(alice, "1utest"),
      {
        type: "unbond",
        attributes: [
          ["validator", validator],
          ["amount", "9utest"],
          ["completion_time", "2024-06-01T00:00:00Z"],
        ],
      },
    ],
    expected: { type: ["begin_unbonding"], completion: "2024-06-01T00:00:00Z", sender: [party(alice)] },
  },
  {
    name: "redelegate",
    packed: pack(MsgBeginRedelegate, {
      delegatorAddress: alice,
      validatorSrcAddress: validator,
      validatorDstAddress: otherValidator,
      amount: coin("9"),
    }),
    events: [{ type: "redelegate", attributes: [["completion_time", "2024-06-02T00:00:00Z"]] }],
    expected: {
      type: ["begin_redelegate"],
      completion: "2024-06-02T00:00:00Z",
      node: {
        delegator: [{ id: alice }],
        validator_source: [{ id: validator }],
        validator_destination: [{ id: otherValidator }],
      },
    },
  },
  {
    name: "withdraw reward",
    packed: pack(MsgWithdrawDelegatorReward, { delegatorAddress: alice, validatorAddress: validator }),
    events: reward(carol, "5utest,6ibc/AB"),
    expected: {
      type: ["withdraw_delegator_reward"],
      module: "distribution",
      recipient: [party(carol, expectedAmount("5"), expectedAmount("6", "ibc/AB"))],
      transfers: {
        reward: [party(carol, expectedAmount("5"), expectedAmount("6", "ibc/AB"))],
        reward_from: [party(validator, expectedAmount("5"), expectedAmount("6", "ibc/AB"))],
      },
    },
  },
  {
    name: "withdraw commission, which is not a reward",
    packed: pack(MsgWithdrawValidatorCommission, { validatorAddress: validator }),
    events: paymentEvents(distributionAccount, validatorAccount, "8utest"),
    expected: {
      type: ["withdraw_validator_commission"],
      sender: [party(validatorAccount)],
      transfers: { commission: [party(validatorAccount, expectedAmount("8"))] },
    },
  },
  {
    name: "create validator with decimals",
    packed: pack(
      MsgCreateValidator,
      MsgCreateValidator.fromPartial({
        description: { moniker: "Ünïcode 🚀", website: "https://example.org" },
        commission: { rate: "100000000000000000", maxRate: "1000000000000000000", maxChangeRate: "1" },
        minSelfDelegation: "1",
        validatorAddress: validator,
        pubkey: pack(PubKey, { key: new Uint8Array(32).fill(3) }),
        value: coin("5"),
      }),
    ),
    events: [],
    expected: {
      type: ["create_validator"],
      sender: [party(validatorAccount, expectedAmount("5"))],
      additional: {
        "description.moniker": ["Ünïcode 🚀"],
        "description.website": ["https://example.org"],
        "commission.rate": ["0.100000000000000000"],
        "commission.max_rate": ["1.000000000000000000"],
        "commission.max_change_rate": ["0.000000000000000001"],
        min_self_delegation: ["1"],
      },
    },
  },
  {
    name: "unjail",
    packed: pack(MsgUnjail, { validatorAddr: validator }),
    events: [],
    expected: {
      type: ["unjail"],
      sender: [party(validatorAccount)],
      node: { validator: [{ id: validator }] },
    },
  },
  {
    name: "periodic vesting",
    packed: pack(MsgCreatePeriodicVestingAccount, {
      fromAddress: alice,
      toAddress: bob,
      startTime: 1_700_000_000n,
      vestingPeriods: [
        { length: 100n, amount: [coin("1")] },
        { length: 200n, amount: [coin("2")] },
      ],
    }),
    events: [],
    expected: {
      type: ["msg_create_periodic_vesting_account"],
      sender: [party(alice, expectedAmount("3"))],
      recipient: [party(bob, expectedAmount("3"))],
      completion: "2023-11-14T22:18:20Z",
    },
  },
];
