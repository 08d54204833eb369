// Rules that only name fields: the sender, the recipient and the coins. For wasm and chain-specific modules.
// Imports only its neighbours; never decodes bytes.
import type { Amount } from "../../../domain/amount.js";
import type { Transfer } from "../../../domain/transaction.js";
import { canonicalAccount } from "./addresses.js";
import { amountFromCoin, type Coin } from "./coins.js";
import { fieldOf, type FieldHints } from "./fields.js";
import { createTransfer } from "./transfers.js";
import { codecOf } from "./registry.js";
import { attributeValues } from "./node-events.js";
import { messageRule, type MessageContext, type MessageRule } from "./rule.js";

interface FieldRule {
  readonly sender?: string;
  readonly recipient?: string;
  /** The type and attribute of the event that names the recipient, if no field does. */
  readonly recipientEvent?: readonly [type: string, key: string];
  /** Fields with the coins that move from the sender to the recipient. */
  readonly coins?: readonly string[];
  readonly hints?: FieldHints;
}

const contractCall: FieldRule = {
  sender: "sender",
  recipient: "contract",
  coins: ["funds"],
  hints: { texts: ["msg"] },
};
const contractMessage: FieldRule = { hints: { texts: ["msg"] } };
const contractCreation: FieldRule = {
  sender: "sender",
  recipientEvent: ["instantiate", "_contract_address"],
  coins: ["funds"],
  hints: { texts: ["msg"] },
};

const fieldRules: Readonly<Record<string, FieldRule>> = {
  "/cosmwasm.wasm.v1.MsgExecuteContract": contractCall,
  "/cosmwasm.wasm.v1.MsgInstantiateContract": contractCreation,
  "/cosmwasm.wasm.v1.MsgInstantiateContract2": contractCreation,
  "/cosmwasm.wasm.v1.MsgMigrateContract": contractMessage,
  "/cosmwasm.wasm.v1.MsgSudoContract": contractMessage,
  "/cosmwasm.wasm.v1.MsgStoreAndInstantiateContract": { ...contractCreation, sender: "authority" },
  "/cosmwasm.wasm.v1.MsgStoreAndMigrateContract": contractMessage,
  "/cosmwasm.wasm.v1.ExecuteContractProposal": contractMessage,
  "/cosmwasm.wasm.v1.InstantiateContractProposal": contractMessage,
  "/cosmwasm.wasm.v1.InstantiateContract2Proposal": contractMessage,
  "/cosmwasm.wasm.v1.MigrateContractProposal": contractMessage,
  "/cosmwasm.wasm.v1.SudoContractProposal": contractMessage,
  "/cosmwasm.wasm.v1.StoreAndInstantiateContractProposal": contractMessage,
  "/ibc.lightclients.wasm.v1.MsgMigrateContract": contractMessage,

  "/tendermint.liquidity.v1beta1.MsgCreatePool": { sender: "poolCreatorAddress", coins: ["depositCoins"] },
  "/tendermint.liquidity.v1beta1.MsgDepositWithinBatch": {
    sender: "depositorAddress",
    coins: ["depositCoins"],
  },
  "/tendermint.liquidity.v1beta1.MsgWithdrawWithinBatch": {
    sender: "withdrawerAddress",
    coins: ["poolCoin"],
  },
  "/tendermint.liquidity.v1beta1.MsgSwapWithinBatch": {
    sender: "swapRequesterAddress",
    coins: ["offerCoin"],
    hints: { decimals: ["order_price"] },
  },

  "/ibc.applications.fee.v1.MsgRegisterPayee": { sender: "relayer" },
  "/ibc.applications.fee.v1.MsgRegisterCounterpartyPayee": { sender: "relayer" },

  "/cronos.MsgConvertVouchers": { sender: "address", coins: ["coins"] },
  "/cronos.MsgTransferTokens": { sender: "from", recipient: "to", coins: ["coins"] },
  "/evmos.erc20.v1.MsgConvertCoin": { sender: "sender", recipient: "receiver", coins: ["coin"] },
  "/cosmos.evm.erc20.v1.MsgConvertCoin": { sender: "sender", recipient: "receiver", coins: ["coin"] },
  "/cosmos.distribution.v1beta1.MsgCommunityPoolSpend": { sender: "authority", recipient: "recipient" },
  "/cosmos.nft.v1beta1.MsgSend": { sender: "sender", recipient: "receiver" },
};

function isCoin(value: unknown): value is Coin {
  return typeof value === "object" && value !== null && "denom" in value && "amount" in value;
}

/** The non-empty accounts in a field, which is a text or a list of texts. */
export function accountsIn(message: object, name: string): string[] {
  const value = fieldOf(message, name);
  return (Array.isArray(value) ? value : [value]).filter(
    (each): each is string => typeof each === "string" && each !== "",
  );
}

function coinsIn(message: object, names: readonly string[]): Amount[] {
  return names.flatMap((name) => {
    const value = fieldOf(message, name);
    return (Array.isArray(value) ? value : [value]).filter(isCoin).map(amountFromCoin);
  });
}

function transfersOfField(
  message: object,
  account: string | undefined,
  coins: readonly string[],
): Transfer[] {
  if (account === undefined) return [];
  const amounts = coinsIn(message, coins);
  return accountsIn(message, account).map((each) => createTransfer(each, amounts));
}

/** The first account in the events: a contract may emit further events of the type. */
function recipientFromEvent(
  message: object,
  { events }: MessageContext,
  { recipientEvent: eventKey, coins = [] }: FieldRule,
): Transfer[] {
  if (eventKey === undefined) return [];
  const [account] = attributeValues(events, ...eventKey);
  return account === undefined ? [] : [createTransfer(account, coinsIn(message, coins))];
}

/** The rules of the table, for the types with a codec. */
export const namedFieldRules: readonly MessageRule[] = Object.entries(fieldRules).flatMap(
  ([typeUrl, fieldRule]) => {
    const { sender, recipient, recipientEvent: eventKey, coins = [], hints } = fieldRule;
    const codec = codecOf(typeUrl);
    if (codec === undefined) return [];
    return [
      messageRule(codec, (message, context) => ({
        ...(sender !== undefined && { sender: transfersOfField(message, sender, coins) }),
        ...(recipient !== undefined && { recipient: transfersOfField(message, recipient, coins) }),
        ...(eventKey !== undefined && { recipient: recipientFromEvent(message, context, fieldRule) }),
        ...(hints !== undefined && { hints }),
      })),
    ];
  },
);

/** Names of fields that may contain the signer, most specific first. */
const signerFields = [
  ...["signer", "sender", "authority", "fromAddress", "from", "delegatorAddress", "proposer", "proposers"],
  ...["voter", "depositor", "granter", "submitter", "owner", "creator", "admin", "executor", "grantee"],
  ...["caller", "pruner", "relayer", "address", "runAs", "validatorAddress", "validatorAddr"],
];
const recipientFields = ["toAddress", "to", "recipient", "receiver"];

function firstAccounts(message: object, names: readonly string[]): string[] {
  for (const name of names) {
    if (!(name in message)) continue;
    const accounts = accountsIn(message, name);
    if (accounts.length > 0) return accounts;
  }
  return [];
}

/** The signer of a message, by field name; undefined if no such field has an account. */
export function signerFromFields(message: object): string | undefined {
  const [first] = firstAccounts(message, signerFields);
  return first === undefined ? undefined : canonicalAccount(first);
}

/** The sender of a message without a rule: its signers, by field name. */
export function senderFromFields(message: object): Transfer[] {
  return firstAccounts(message, signerFields).map((account) => createTransfer(account));
}

/** The recipient of a message without a rule, by field name. */
export function recipientFromFields(message: object): Transfer[] {
  return firstAccounts(message, recipientFields).map((account) => createTransfer(account));
}
