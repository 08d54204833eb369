// The rules of SDK messages and of named fields, by their exact events.
import { MsgExec } from "cosmjs-types/cosmos/authz/v1beta1/tx";
import { MsgMultiSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import * as distribution from "cosmjs-types/cosmos/distribution/v1beta1/tx";
import * as govV1 from "cosmjs-types/cosmos/gov/v1/tx";
import * as govV1beta1 from "cosmjs-types/cosmos/gov/v1beta1/tx";
import { MsgSend as MsgSendNft } from "cosmjs-types/cosmos/nft/v1beta1/tx";
import { MsgFundCommunityPool } from "cosmjs-types/cosmos/protocolpool/v1/tx";
import { MsgUnjail } from "cosmjs-types/cosmos/slashing/v1beta1/tx";
import * as staking from "cosmjs-types/cosmos/staking/v1beta1/tx";
import * as vesting from "cosmjs-types/cosmos/vesting/v1beta1/tx";
import * as wasm from "cosmjs-types/cosmwasm/wasm/v1/tx";
import { describe, expect, it } from "vitest";
import { decodeOne, nodeEvent, protobuf } from "../../../testing/cosmos-decoding.js";
import { distributionAccount, pack } from "../../../testing/cosmos-generator.js";
import {
  alice,
  bob,
  carol,
  coin,
  contract,
  delegate,
  expectedAmount,
  party,
  send,
  validator,
  validatorAccount,
} from "../../../testing/cosmos-message-parts.js";

const five = [coin("5")];
const [amount, both] = [expectedAmount("5"), [expectedAmount("5"), expectedAmount("2", "ufoo")]];
const paid = nodeEvent(
  "transfer",
  ["recipient", carol],
  ["sender", distributionAccount],
  ["amount", "9utest"],
);
const nine = party(carol, expectedAmount("9"));

describe("a multi-send", () => {
  it("has each input and output as an inner event", () => {
    const message = {
      inputs: [{ address: alice, coins: [coin("5"), coin("2", "ufoo")] }],
      outputs: [
        { address: bob, coins: five },
        { address: carol, coins: [coin("2", "ufoo")] },
      ],
    };
    expect(decodeOne(pack(MsgMultiSend, message))).toEqual({
      type: ["multisend"],
      module: "bank",
      sender: [party(alice, ...both)],
      recipient: [party(bob, amount), party(carol, expectedAmount("2", "ufoo"))],
      sub: [
        { type: ["multisend"], module: "bank", action: "input", sender: [party(alice, ...both)] },
        { type: ["multisend"], module: "bank", action: "output", recipient: [party(bob, amount)] },
        {
          type: ["multisend"],
          module: "bank",
          action: "output",
          recipient: [party(carol, expectedAmount("2", "ufoo"))],
        },
      ],
    });
  });
});

describe("messages of the distribution module", () => {
  it("name the delegator and the withdraw address", () => {
    const message = { delegatorAddress: alice, withdrawAddress: bob };
    expect(decodeOne(pack(distribution.MsgSetWithdrawAddress, message))).toEqual({
      type: ["set_withdraw_address"],
      module: "distribution",
      sender: [party(alice)],
      node: { delegator: [{ id: alice }], withdraw: [{ id: bob }] },
    });
  });

  it("pay rewards and commission to the account that the events name", () => {
    const withdrawn = nodeEvent("withdraw_rewards", ["amount", "9utest"], ["validator", validator]);
    const reward = { delegatorAddress: alice, validatorAddress: validator };
    expect(decodeOne(pack(distribution.MsgWithdrawDelegatorReward, reward), [paid, withdrawn])).toMatchObject(
      {
        sender: [party(alice)],
        recipient: [nine],
        transfers: { reward: [nine], reward_from: [party(validator, expectedAmount("9"))] },
      },
    );
    const commission = { validatorAddress: validator };
    expect(decodeOne(pack(distribution.MsgWithdrawValidatorCommission, commission), [paid])).toEqual({
      type: ["withdraw_validator_commission"],
      module: "distribution",
      sender: [party(validatorAccount)],
      recipient: [nine],
      node: { validator: [{ id: validator }] },
      transfers: { commission: [nine] },
    });
  });
});

describe("deposits", () => {
  const deposit = { proposalId: 7n, depositor: alice, amount: five };
  const proposal = { messages: [], initialDeposit: five, proposer: alice };
  it.each([
    ["community pool", pack(distribution.MsgFundCommunityPool, { depositor: alice, amount: five })],
    ["protocol pool", pack(MsgFundCommunityPool, { depositor: alice, amount: five })],
    [
      "validator rewards pool",
      pack(distribution.MsgDepositValidatorRewardsPool, {
        depositor: alice,
        validatorAddress: validator,
        amount: five,
      }),
    ],
    ["proposal of gov v1", pack(govV1.MsgDeposit, deposit)],
    ["proposal of gov v1beta1", pack(govV1beta1.MsgDeposit, deposit)],
    ["new proposal of gov v1", pack(govV1.MsgSubmitProposal, govV1.MsgSubmitProposal.fromPartial(proposal))],
    [
      "new proposal of gov v1beta1",
      pack(
        govV1beta1.MsgSubmitProposal,
        govV1beta1.MsgSubmitProposal.fromPartial({ initialDeposit: five, proposer: alice }),
      ),
    ],
  ])("to a %s come from the depositor with the coins", (_, packed) => {
    expect(decodeOne(packed).sender).toEqual([party(alice, amount)]);
  });

  it("and weighted votes have decimal weights", () => {
    const options = [{ option: 1, weight: "700000000000000000" }];
    const vote = { proposalId: 7n, voter: alice, options };
    expect(decodeOne(pack(govV1beta1.MsgVoteWeighted, vote)).additional).toEqual({
      proposal_id: ["7"],
      "options.option": ["VOTE_OPTION_YES"],
      "options.weight": ["0.700000000000000000"],
    });
  });
});

describe("messages of the staking module", () => {
  const commission = {
    rate: "100000000000000000",
    maxRate: "200000000000000000",
    maxChangeRate: "10000000000000000",
  };
  it.each([
    ["the delegator", alice, alice],
    ["the validator's account if no delegator is given", "", validatorAccount],
  ])("create a validator with coins of %s", (_, delegatorAddress, sender) => {
    const message = staking.MsgCreateValidator.fromPartial({
      commission,
      delegatorAddress,
      validatorAddress: validator,
      value: coin("5"),
    });
    expect(decodeOne(pack(staking.MsgCreateValidator, message))).toMatchObject({
      sender: [party(sender, amount)],
      additional: {
        "commission.rate": ["0.100000000000000000"],
        "commission.max_rate": ["0.200000000000000000"],
        "commission.max_change_rate": ["0.010000000000000000"],
      },
    });
  });

  it("edit a validator from its account, with a decimal rate", () => {
    const message = staking.MsgEditValidator.fromPartial({
      validatorAddress: validator,
      commissionRate: commission.rate,
    });
    expect(decodeOne(pack(staking.MsgEditValidator, message))).toMatchObject({
      sender: [party(validatorAccount)],
      additional: { commission_rate: ["0.100000000000000000"] },
    });
    expect(decodeOne(pack(MsgUnjail, { validatorAddr: validator })).sender).toEqual([
      party(validatorAccount),
    ]);
  });

  it("take their completion from the last event of their own type", () => {
    const done = (type: string, time: string): ReturnType<typeof nodeEvent> =>
      nodeEvent(type, ["completion_time", time]);
    const events = [
      done("unbond", "2024-01-01T00:00:00Z"),
      done("unbond", "2024-01-02T00:00:00Z"),
      done("redelegate", "2024-01-03T00:00:00Z"),
    ];
    const undelegate = pack(staking.MsgUndelegate, {
      delegatorAddress: alice,
      validatorAddress: validator,
      amount: coin("5"),
    });
    expect(decodeOne(undelegate, events)).toMatchObject({
      type: ["begin_unbonding"],
      sender: [party(alice)],
      completion: "2024-01-02T00:00:00Z",
    });
    expect(decodeOne(undelegate, [done("unbond", "")])).not.toHaveProperty("completion");
    const redelegate = staking.MsgBeginRedelegate.fromPartial({
      delegatorAddress: alice,
      validatorSrcAddress: validator,
      validatorDstAddress: validator,
      amount: coin("5"),
    });
    expect(decodeOne(pack(staking.MsgBeginRedelegate, redelegate), events)).toMatchObject({
      completion: "2024-01-03T00:00:00Z",
      sender: [party(alice)],
      node: { validator_source: [{ id: validator }], validator_destination: [{ id: validator }] },
    });
    expect(decodeOne(delegate).sender).toEqual([party(alice, expectedAmount("100"))]);
  });
});

describe("vesting accounts", () => {
  const ends = { fromAddress: alice, toAddress: bob };
  it("complete at their end, or after their periods, whose coins they sum", () => {
    const message = vesting.MsgCreateVestingAccount.fromPartial({
      ...ends,
      amount: five,
      endTime: 1_700_000_000n,
    });
    expect(decodeOne(pack(vesting.MsgCreateVestingAccount, message))).toMatchObject({
      sender: [party(alice, amount)],
      recipient: [party(bob, amount)],
      completion: "2023-11-14T22:13:20Z",
    });
    const vestingPeriods = [
      { length: 40n, amount: [coin("2"), coin("1", "ufoo")] },
      { length: 60n, amount: [coin("3")] },
    ];
    const periodic = vesting.MsgCreatePeriodicVestingAccount.fromPartial({
      ...ends,
      startTime: 1_699_999_900n,
      vestingPeriods,
    });
    const total = [amount, expectedAmount("1", "ufoo")];
    expect(decodeOne(pack(vesting.MsgCreatePeriodicVestingAccount, periodic))).toMatchObject({
      sender: [{ account: { id: alice }, amounts: expect.arrayContaining(total) as unknown }],
      recipient: [{ account: { id: bob }, amounts: expect.arrayContaining(total) as unknown }],
      completion: "2023-11-14T22:13:20Z",
    });
    const locked = vesting.MsgCreatePermanentLockedAccount.fromPartial({ ...ends, amount: five });
    expect(decodeOne(pack(vesting.MsgCreatePermanentLockedAccount, locked))).toMatchObject({
      sender: [party(alice, amount)],
      recipient: [party(bob, amount)],
    });
  });
});

it("an exec has the transfers of its own events only", () => {
  const inner = nodeEvent(
    "transfer",
    ["recipient", bob],
    ["sender", alice],
    ["amount", "7utest"],
    ["authz_msg_index", "0"],
  );
  const packed = pack(MsgExec, { grantee: carol, msgs: [send, delegate] });
  const { sender, transfers, sub } = decodeOne(packed, [inner, paid]);
  expect(sender).toEqual([party(carol)]);
  expect(transfers).toEqual({ reward: [nine] });
  expect(sub?.map((each) => each.transfers)).toEqual([
    { send: [party(bob, expectedAmount("7"))], spend: [party(alice, expectedAmount("7"))] },
    undefined,
  ]);
});

describe("messages with named fields", () => {
  const instantiated = [
    nodeEvent("instantiate", ["_contract_address", contract]),
    nodeEvent("instantiate", ["_contract_address", bob]),
  ];

  it("of wasm pay the called or the first created contract", () => {
    const call = wasm.MsgExecuteContract.fromPartial({
      sender: alice,
      contract,
      msg: Buffer.from("{}"),
      funds: five,
    });
    expect(decodeOne(pack(wasm.MsgExecuteContract, call))).toMatchObject({
      sender: [party(alice, amount)],
      recipient: [party(contract, amount)],
    });
    const creation = wasm.MsgInstantiateContract.fromPartial({
      sender: alice,
      msg: Buffer.from("{}"),
      funds: five,
    });
    const created = decodeOne(pack(wasm.MsgInstantiateContract, creation), instantiated);
    expect(created.recipient).toEqual([party(contract, amount)]);
    expect(created.node).toEqual({ contract: [{ id: contract }, { id: bob }] });
    const stored = wasm.MsgStoreAndInstantiateContract.fromPartial({ authority: carol, funds: five });
    expect(decodeOne(pack(wasm.MsgStoreAndInstantiateContract, stored), instantiated)).toMatchObject({
      sender: [party(carol, amount)],
      recipient: [party(contract, amount)],
    });
  });

  it("of wasm name the called contract and the contracts of the events", () => {
    const call = wasm.MsgExecuteContract.fromPartial({ sender: alice, contract, msg: Buffer.from("{}") });
    const events = [
      nodeEvent("wasm", ["_contract_address", bob]),
      nodeEvent("wasm", ["_contract_address", contract]),
    ];
    expect(decodeOne(pack(wasm.MsgExecuteContract, call), events).node).toEqual({
      contract: [{ id: contract }, { id: bob }],
    });
  });

  it("of nft move from the sender to the receiver", () => {
    const message = { classId: "art", id: "1", sender: alice, receiver: bob };
    expect(decodeOne(pack(MsgSendNft, message))).toMatchObject({
      sender: [party(alice)],
      recipient: [party(bob)],
    });
  });

  const coinBytes = protobuf([1, "utest"], [2, "5"]);
  it.each([
    ["/tendermint.liquidity.v1beta1.MsgCreatePool", protobuf([1, alice], [4, coinBytes])],
    ["/tendermint.liquidity.v1beta1.MsgDepositWithinBatch", protobuf([1, alice], [3, coinBytes])],
    ["/tendermint.liquidity.v1beta1.MsgWithdrawWithinBatch", protobuf([1, alice], [3, coinBytes])],
    ["/tendermint.liquidity.v1beta1.MsgSwapWithinBatch", protobuf([1, alice], [4, coinBytes])],
  ])("of %s have the sender and its coins", (typeUrl, value) => {
    expect(decodeOne({ typeUrl, value }).sender).toEqual([party(alice, amount)]);
  });

  it("of a swap have a decimal price", () => {
    const value = protobuf([1, alice], [4, coinBytes], [7, "1500000000000000000"]);
    const typeUrl = "/tendermint.liquidity.v1beta1.MsgSwapWithinBatch";
    expect(decodeOne({ typeUrl, value }).additional).toEqual({ order_price: ["1.500000000000000000"] });
  });
});
