// Messages of every kind that the generated Cosmos chain holds, with what must come out of each, written by hand: one large table,
// since a kind is found at once where all stand together.
import { GenericAuthorization } from "cosmjs-types/cosmos/authz/v1beta1/authz";
import { MsgExec, MsgGrant } from "cosmjs-types/cosmos/authz/v1beta1/tx";
import { MsgMultiSend, MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { PubKey } from "cosmjs-types/cosmos/crypto/ed25519/keys";
import {
  MsgWithdrawDelegatorReward,
  MsgWithdrawValidatorCommission,
} from "cosmjs-types/cosmos/distribution/v1beta1/tx";
import { CommunityPoolSpendProposal } from "cosmjs-types/cosmos/distribution/v1beta1/distribution";
import { BasicAllowance, PeriodicAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/feegrant";
import { MsgGrantAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/tx";
import { VoteOption } from "cosmjs-types/cosmos/gov/v1/gov";
import { MsgSubmitProposal, MsgVote } from "cosmjs-types/cosmos/gov/v1/tx";
import { TextProposal } from "cosmjs-types/cosmos/gov/v1beta1/gov";
import {
  MsgSubmitProposal as MsgSubmitOldProposal,
  MsgVoteWeighted,
} from "cosmjs-types/cosmos/gov/v1beta1/tx";
import { MsgUnjail } from "cosmjs-types/cosmos/slashing/v1beta1/tx";
import {
  MsgBeginRedelegate,
  MsgCreateValidator,
  MsgDelegate,
  MsgUndelegate,
} from "cosmjs-types/cosmos/staking/v1beta1/tx";
import { MsgCreatePeriodicVestingAccount } from "cosmjs-types/cosmos/vesting/v1beta1/tx";
import { MsgExecuteContract, MsgInstantiateContract, MsgStoreCode } from "cosmjs-types/cosmwasm/wasm/v1/tx";
import type { Any } from "cosmjs-types/google/protobuf/any";
import { CosmosTx } from "cosmjs-types/ibc/applications/interchain_accounts/v1/packet";
import { MsgTransfer } from "cosmjs-types/ibc/applications/transfer/v1/tx";
import { MsgRecvPacket } from "cosmjs-types/ibc/core/channel/v1/tx";
import type { SubEvent } from "../domain/transaction.js";
import { distributionAccount, madeAddress, pack, paymentEvents, type MadeEvent } from "./cosmos-generator.js";

/** A message, its events, and what of its event in the common format must be just so. */
export interface MadeMessage {
  readonly name: string;
  readonly packed: Any;
  readonly events: readonly MadeEvent[];
  readonly expected: Partial<SubEvent>;
}

const alice = madeAddress("alice");
const bob = madeAddress("bob");
const carol = madeAddress("carol");
const validator = madeAddress("validator", "testvaloper");
const validatorAccount = madeAddress("validator");
const otherValidator = madeAddress("other", "testvaloper");
const contract = madeAddress("contract");
const relayer = madeAddress("relayer");

const coin = (amount: string, denom = "utest"): { denom: string; amount: string } => ({ denom, amount });
const amount = (
  numeric: string,
  currency = "utest",
): { text: string; currency: string; numeric: string; exp: number } => ({
  text: `${numeric}${currency}`,
  currency,
  numeric,
  exp: 0,
});
const party = (
  id: string,
  ...amounts: ReturnType<typeof amount>[]
): { account: { id: string }; amounts: typeof amounts } => ({
  account: { id },
  amounts,
});
/** More than 64 bits, and more than a double keeps. */
const huge = "123456789012345678901234567890123456789";

const reward = (to: string, text: string): MadeEvent[] => [
  ...paymentEvents(distributionAccount, to, text),
  {
    type: "withdraw_rewards",
    attributes: [
      ["amount", text],
      ["validator", validator],
    ],
  },
];
const packet = (data: string): Any =>
  pack(
    MsgRecvPacket,
    MsgRecvPacket.fromPartial({
      packet: {
        sequence: 5n,
        sourcePort: "transfer",
        sourceChannel: "channel-7",
        destinationPort: "transfer",
        destinationChannel: "channel-8",
        data: Buffer.from(data),
        timeoutHeight: { revisionNumber: 1n, revisionHeight: 100n },
      },
      proofCommitment: new Uint8Array(2000).fill(1),
      proofHeight: { revisionNumber: 1n, revisionHeight: 99n },
      signer: relayer,
    }),
  );

const send = pack(MsgSend, {
  fromAddress: alice,
  toAddress: bob,
  amount: [coin("7"), coin(huge, "ibc/ABCDEF")],
});
const delegate = pack(MsgDelegate, {
  delegatorAddress: alice,
  validatorAddress: validator,
  amount: coin("100"),
});

/** Messages that every era of nodes must give alike. */
export const madeMessages: readonly MadeMessage[] = [
  {
    name: "send of two coins, one beyond 64 bits",
    packed: send,
    events: paymentEvents(alice, bob, `${huge}ibc/ABCDEF,7utest`),
    expected: {
      type: ["send"],
      module: "bank",
      sender: [party(alice, amount("7"), amount(huge, "ibc/ABCDEF"))],
      recipient: [party(bob, amount("7"), amount(huge, "ibc/ABCDEF"))],
      transfers: {
        send: [party(bob, amount(huge, "ibc/ABCDEF"), amount("7"))],
        spend: [party(alice, amount(huge, "ibc/ABCDEF"), amount("7"))],
      },
    },
  },
  {
    name: "multi-send to two",
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
      sender: [party(alice, amount("3"))],
      recipient: [party(bob, amount("1")), party(carol, amount("2"))],
      sub: [
        { type: ["multisend"], module: "bank", action: "input", sender: [party(alice, amount("3"))] },
        { type: ["multisend"], module: "bank", action: "output", recipient: [party(bob, amount("1"))] },
        { type: ["multisend"], module: "bank", action: "output", recipient: [party(carol, amount("2"))] },
      ],
    },
  },
  {
    name: "delegate that pays out a reward",
    packed: delegate,
    events: reward(alice, "42utest"),
    expected: {
      type: ["delegate"],
      module: "staking",
      sender: [party(alice, amount("100"))],
      amount: { amount: amount("100") },
      transfers: { reward: [party(alice, amount("42"))], reward_from: [party(validator, amount("42"))] },
    },
  },
  {
    name: "undelegate with its completion",
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
    name: "withdrawn reward",
    packed: pack(MsgWithdrawDelegatorReward, { delegatorAddress: alice, validatorAddress: validator }),
    events: reward(carol, "5utest,6ibc/AB"),
    expected: {
      type: ["withdraw_delegator_reward"],
      module: "distribution",
      recipient: [party(carol, amount("5"), amount("6", "ibc/AB"))],
      transfers: {
        reward: [party(carol, amount("5"), amount("6", "ibc/AB"))],
        reward_from: [party(validator, amount("5"), amount("6", "ibc/AB"))],
      },
    },
  },
  {
    name: "commission is no reward",
    packed: pack(MsgWithdrawValidatorCommission, { validatorAddress: validator }),
    events: paymentEvents(distributionAccount, validatorAccount, "8utest"),
    expected: {
      type: ["withdraw_validator_commission"],
      sender: [party(validatorAccount)],
      transfers: { commission: [party(validatorAccount, amount("8"))] },
    },
  },
  {
    name: "validator with decimals",
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
      sender: [party(validatorAccount, amount("5"))],
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
    name: "exec of three, one of them an exec",
    packed: pack(MsgExec, {
      grantee: carol,
      msgs: [send, delegate, pack(MsgExec, { grantee: alice, msgs: [send] })],
    }),
    events: [
      ...paymentEvents(alice, bob, "7utest").map((each) => marked(each, 0)),
      ...reward(alice, "42utest").map((each) => marked(each, 1)),
      ...paymentEvents(alice, bob, "8utest").map((each) => marked(marked(each, 0), 2)),
    ],
    expected: { type: ["exec"], module: "authz", sender: [party(carol)] },
  },
  {
    name: "grant",
    packed: pack(
      MsgGrant,
      MsgGrant.fromPartial({
        granter: alice,
        grantee: bob,
        grant: {
          authorization: pack(GenericAuthorization, { msg: MsgSend.typeUrl }),
          expiration: { seconds: 1_700_000_000n, nanos: 5 },
        },
      }),
    ),
    events: [],
    expected: {
      type: ["grant"],
      sender: [party(alice)],
      node: { granter: [{ id: alice }], grantee: [{ id: bob }] },
      additional: { "grant.expiration": ["2023-11-14T22:13:20.000000005Z"] },
    },
  },
  {
    name: "allowance inside",
    packed: pack(
      MsgGrantAllowance,
      MsgGrantAllowance.fromPartial({
        granter: alice,
        grantee: bob,
        allowance: pack(
          PeriodicAllowance,
          PeriodicAllowance.fromPartial({
            basic: BasicAllowance.fromPartial({ spendLimit: [coin("50")] }),
            period: { seconds: 3600n, nanos: 0 },
            periodSpendLimit: [coin("5")],
          }),
        ),
      }),
    ),
    events: [],
    expected: { type: ["grant_allowance"], module: "feegrant", sender: [party(alice)] },
  },
  {
    name: "vote",
    packed: pack(
      MsgVote,
      MsgVote.fromPartial({
        proposalId: 18_446_744_073_709_551_615n,
        voter: alice,
        option: VoteOption.VOTE_OPTION_NO_WITH_VETO,
      }),
    ),
    events: [],
    expected: {
      type: ["vote"],
      module: "gov",
      sender: [party(alice)],
      additional: { proposal_id: ["18446744073709551615"], option: ["VOTE_OPTION_NO_WITH_VETO"] },
    },
  },
  {
    name: "weighted vote",
    packed: pack(
      MsgVoteWeighted,
      MsgVoteWeighted.fromPartial({
        proposalId: 3n,
        voter: alice,
        options: [
          { option: 1, weight: "700000000000000000" },
          { option: 2, weight: "300000000000000000" },
        ],
      }),
    ),
    events: [],
    expected: {
      type: ["vote_weighted"],
      additional: {
        proposal_id: ["3"],
        "options.option": ["VOTE_OPTION_YES", "VOTE_OPTION_ABSTAIN"],
        "options.weight": ["0.700000000000000000", "0.300000000000000000"],
      },
    },
  },
  {
    name: "proposal with messages",
    packed: pack(
      MsgSubmitProposal,
      MsgSubmitProposal.fromPartial({
        messages: [send],
        initialDeposit: [coin("10")],
        proposer: alice,
        title: "T",
      }),
    ),
    events: [{ type: "submit_proposal", attributes: [["proposal_id", "12"]] }],
    expected: {
      type: ["submit_proposal"],
      sender: [party(alice, amount("10"))],
      additional: { title: ["T"], proposal_id: ["12"] },
    },
  },
  {
    name: "proposal that spends for an account",
    packed: pack(
      MsgSubmitOldProposal,
      MsgSubmitOldProposal.fromPartial({
        content: pack(CommunityPoolSpendProposal, {
          title: "T",
          description: "D",
          recipient: bob,
          amount: [coin("3")],
        }),
        proposer: alice,
      }),
    ),
    events: [],
    expected: {
      type: ["submit_proposal"],
      sub: [
        {
          type: [],
          action: "community_pool_spend_proposal",
          module: "distribution",
          node: { recipient: [{ id: bob }] },
          amount: { amount: amount("3") },
          additional: {
            "content.type_url": [CommunityPoolSpendProposal.typeUrl],
            title: ["T"],
            description: ["D"],
          },
        },
      ],
    },
  },
  {
    name: "proposal with a content",
    packed: pack(
      MsgSubmitOldProposal,
      MsgSubmitOldProposal.fromPartial({
        content: pack(TextProposal, { title: "T", description: "D" }),
        initialDeposit: [coin("10")],
        proposer: alice,
      }),
    ),
    events: [],
    expected: {
      type: ["submit_proposal"],
      sub: [
        {
          type: [],
          action: "text_proposal",
          module: "gov",
          additional: { "content.type_url": [TextProposal.typeUrl], title: ["T"], description: ["D"] },
        },
      ],
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
      sender: [party(alice, amount("3"))],
      recipient: [party(bob, amount("3"))],
      completion: "2023-11-14T22:18:20Z",
    },
  },
  {
    name: "contract call",
    packed: pack(MsgExecuteContract, {
      sender: alice,
      contract,
      msg: Buffer.from(JSON.stringify({ swap: { to: carol } })),
      funds: [coin("4")],
    }),
    events: [
      ...paymentEvents(alice, contract, "4utest"),
      {
        type: "wasm",
        attributes: [
          ["_contract_address", contract],
          ["action", "swap"],
        ],
      },
    ],
    expected: {
      type: ["execute_contract"],
      module: "wasm",
      sender: [party(alice, amount("4"))],
      recipient: [party(contract, amount("4"))],
      node: { contract: [{ id: contract }], account: [{ id: carol }] },
      additional: { msg: [JSON.stringify({ swap: { to: carol } })] },
    },
  },
  {
    name: "contract birth",
    packed: pack(
      MsgInstantiateContract,
      MsgInstantiateContract.fromPartial({ sender: alice, codeId: 5n, label: "x", msg: Buffer.from("{}") }),
    ),
    events: [
      {
        type: "instantiate",
        attributes: [
          ["_contract_address", contract],
          ["code_id", "5"],
        ],
      },
    ],
    expected: {
      type: ["instantiate_contract"],
      recipient: [party(contract)],
      node: { contract: [{ id: contract }] },
    },
  },
  {
    name: "code of 300 kB",
    packed: pack(
      MsgStoreCode,
      MsgStoreCode.fromPartial({ sender: alice, wasmByteCode: new Uint8Array(300_000).fill(9) }),
    ),
    events: [{ type: "store_code", attributes: [["code_id", "5"]] }],
    expected: {
      type: ["store_code"],
      additional: { "wasm_byte_code.size": ["300000"], code_id: ["5"] },
    },
  },
  {
    name: "transfer to another chain",
    packed: pack(
      MsgTransfer,
      MsgTransfer.fromPartial({
        sourcePort: "transfer",
        sourceChannel: "channel-1",
        token: coin("6"),
        sender: alice,
        receiver: "osmo1anything",
        memo: "m",
      }),
    ),
    events: paymentEvents(alice, madeAddress("escrow"), "6utest"),
    expected: {
      type: ["transfer"],
      module: "ibc",
      sender: [party(alice, amount("6"))],
      recipient: [party("osmo1anything", amount("6"))],
    },
  },
  {
    name: "packet received",
    packed: packet(
      JSON.stringify({
        denom: "transfer/channel-7/uosmo",
        amount: huge,
        sender: "osmo1from",
        receiver: bob,
      }),
    ),
    events: paymentEvents(madeAddress("escrow"), bob, "1utest"),
    expected: {
      type: ["recv_packet"],
      module: "ibc",
      sender: [party("osmo1from", amount(huge, "transfer/channel-7/uosmo")), party(relayer)],
      recipient: [party(bob, amount(huge, "transfer/channel-7/uosmo"))],
    },
  },
  {
    name: "packet with messages for an account here",
    packed: packet(
      JSON.stringify({
        type: "TYPE_EXECUTE_TX",
        data: Buffer.from(CosmosTx.encode({ messages: [send] }).finish()).toString("base64"),
        memo: "",
      }),
    ),
    events: [],
    expected: { type: ["recv_packet"], sender: [party(relayer)] },
  },
  {
    name: "type that nobody knows",
    packed: { typeUrl: "/unheard.of.v1.MsgWonder", value: send.value },
    events: paymentEvents(alice, bob, "7utest"),
    expected: {
      type: ["/unheard.of.v1.MsgWonder"],
      module: "of",
      sender: [party(alice)],
      additional: {
        type_url: ["/unheard.of.v1.MsgWonder"],
        value: [Buffer.from(send.value).toString("base64")],
      },
    },
  },
];

function marked(event: MadeEvent, index: number): MadeEvent {
  return { type: event.type, attributes: [...event.attributes, ["authz_msg_index", String(index)]] };
}
