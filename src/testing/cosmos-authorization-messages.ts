// Sample Cosmos messages that grant rights and vote: authz, feegrant, gov.
import { GenericAuthorization } from "cosmjs-types/cosmos/authz/v1beta1/authz";
import { MsgExec, MsgGrant } from "cosmjs-types/cosmos/authz/v1beta1/tx";
import { MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { CommunityPoolSpendProposal } from "cosmjs-types/cosmos/distribution/v1beta1/distribution";
import { BasicAllowance, PeriodicAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/feegrant";
import { MsgGrantAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/tx";
import { VoteOption } from "cosmjs-types/cosmos/gov/v1/gov";
import { MsgSubmitProposal, MsgVote } from "cosmjs-types/cosmos/gov/v1/tx";
import { TextProposal } from "cosmjs-types/cosmos/gov/v1beta1/gov";
import {
  MsgSubmitProposal as MsgSubmitLegacyProposal,
  MsgVoteWeighted,
} from "cosmjs-types/cosmos/gov/v1beta1/tx";
import type { Any } from "cosmjs-types/google/protobuf/any";
import type { SubEvent } from "../domain/transaction.js";
import { pack, paymentEvents, type GeneratedEvent } from "./cosmos-generator.js";
import {
  alice,
  bob,
  carol,
  coin,
  expectedAmount,
  party,
  reward,
  send,
  delegate,
  type SampleMessage,
} from "./cosmos-message-parts.js";

/** Creates a proposal of gov v1beta1 with this content. */
function legacyProposal(content: Any, deposit: readonly ReturnType<typeof coin>[] = []): Any {
  return pack(
    MsgSubmitLegacyProposal,
    MsgSubmitLegacyProposal.fromPartial({ content, initialDeposit: [...deposit], proposer: alice }),
  );
}

/** Returns the expected event of such a proposal. */
function expectedProposal(content: Partial<SubEvent>, typeUrl: string): Partial<SubEvent> {
  const additional = { "content.type_url": [typeUrl], title: ["T"], description: ["D"] };
  return { type: ["submit_proposal"], sub: [{ type: [], ...content, additional }] };
}

/** Messages of the modules that grant and vote. */
export const authorizationMessages: readonly SampleMessage[] = [
  {
    name: "exec of three, one of them an exec",
    packed: pack(MsgExec, {
      grantee: carol,
      msgs: [send, delegate, pack(MsgExec, { grantee: alice, msgs: [send] })],
    }),
    events: [
      ...paymentEvents(alice, bob, "7utest").map((each) => withAuthzIndex(each, 0)),
      ...reward(alice, "42utest").map((each) => withAuthzIndex(each, 1)),
      ...paymentEvents(alice, bob, "8utest").map((each) => withAuthzIndex(withAuthzIndex(each, 0), 2)),
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
    name: "grant of a nested allowance",
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
      sender: [party(alice, expectedAmount("10"))],
      additional: { title: ["T"], proposal_id: ["12"] },
    },
  },
  {
    name: "proposal to pay an account",
    packed: legacyProposal(
      pack(CommunityPoolSpendProposal, {
        title: "T",
        description: "D",
        recipient: bob,
        amount: [coin("3")],
      }),
    ),
    events: [],
    expected: expectedProposal(
      {
        action: "community_pool_spend_proposal",
        module: "distribution",
        node: { recipient: [{ id: bob }] },
        amount: { amount: expectedAmount("3") },
      },
      CommunityPoolSpendProposal.typeUrl,
    ),
  },
  {
    name: "proposal with a content",
    packed: legacyProposal(pack(TextProposal, { title: "T", description: "D" }), [coin("10")]),
    events: [],
    expected: expectedProposal({ action: "text_proposal", module: "gov" }, TextProposal.typeUrl),
  },
];

function withAuthzIndex(event: GeneratedEvent, index: number): GeneratedEvent {
  return { type: event.type, attributes: [...event.attributes, ["authz_msg_index", String(index)]] };
}
