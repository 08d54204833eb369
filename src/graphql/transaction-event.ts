// What happened inside a transaction. Imports domain; never interprets it.
import type { Amount } from "../domain/amount.js";
import { parseTime } from "../domain/time.js";
import type { AccountRef, SubEvent, TransactionEvent, Transfer } from "../domain/transaction.js";
import { AmountType } from "./amount.js";
import { builder } from "./builder.js";

interface Named<T> {
  readonly name: string;
  readonly value: T;
}

function named<T>(record: Readonly<Record<string, T>> | undefined): Named<T>[] {
  return Object.entries(record ?? {}).map(([name, value]) => ({ name, value }));
}

const AccountRefType = builder.objectRef<AccountRef>("AccountRef").implement({
  description: "An account, with what the chain says about it.",
  fields: (t) => ({
    address: t.exposeString("id", { description: "The address." }),
    name: t.exposeString("name", { nullable: true, description: "Its name." }),
    description: t.exposeString("description", { nullable: true, description: "What it says about itself." }),
    contact: t.exposeString("contact", { nullable: true, description: "How to reach its owner." }),
    website: t.exposeString("website", { nullable: true, description: "Its owner's website." }),
  }),
});

const TransferType = builder.objectRef<Transfer>("Transfer").implement({
  description: "What an account gave or got.",
  fields: (t) => ({
    account: t.field({
      type: AccountRefType,
      description: "The account.",
      resolve: ({ account }) => account,
    }),
    amounts: t.field({ type: [AmountType], description: "What moved.", resolve: ({ amounts }) => amounts }),
  }),
});

const NodeAccountsType = builder.objectRef<Named<readonly AccountRef[]>>("NodeAccounts").implement({
  description: "Accounts that played one part.",
  fields: (t) => ({
    role: t.exposeString("name", { description: "The part: validator, delegator, ..." }),
    accounts: t.field({
      type: [AccountRefType],
      description: "Who played it.",
      resolve: ({ value }) => value,
    }),
  }),
});

const NamedAmountType = builder.objectRef<Named<Amount>>("NamedAmount").implement({
  description: "An amount and what it is.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "What it is, for example value." }),
    amount: t.field({ type: AmountType, description: "How much.", resolve: ({ value }) => value }),
  }),
});

const NamedTransfersType = builder.objectRef<Named<readonly Transfer[]>>("NamedTransfers").implement({
  description: "Transfers and what they are.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "What they are, for example reward." }),
    transfers: t.field({
      type: [TransferType],
      description: "Who gave or got what.",
      resolve: ({ value }) => value,
    }),
  }),
});

const NamedValuesType = builder.objectRef<Named<readonly string[]>>("NamedValues").implement({
  description: "Texts and what they are.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "What they are." }),
    values: t.field({ type: ["String"], description: "The texts.", resolve: ({ value }) => value }),
  }),
});

const SubEventType = builder.objectRef<SubEvent>("SubEvent");
SubEventType.implement({
  description: "One action inside an event.",
  fields: (t) => ({
    type: t.field({
      type: ["String"],
      description: "Message types, for example send.",
      resolve: (event) => event.type,
    }),
    action: t.exposeString("action", { nullable: true, description: "What was done." }),
    module: t.exposeString("module", { nullable: true, description: "The chain's module that did it." }),
    sender: t.field({
      type: [TransferType],
      description: "Who gave what.",
      resolve: ({ sender }) => sender ?? [],
    }),
    recipient: t.field({
      type: [TransferType],
      description: "Who got what.",
      resolve: ({ recipient }) => recipient ?? [],
    }),
    node: t.field({
      type: [NodeAccountsType],
      description: "Accounts by the part they played: validator, delegator, ...",
      resolve: ({ node }) => named(node),
    }),
    nonce: t.exposeString("nonce", { nullable: true, description: "A number used once." }),
    completion: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it takes effect, for example the end of an unbonding.",
      resolve: ({ completion }) => (completion === undefined ? null : parseTime(completion)),
    }),
    amount: t.field({
      type: [NamedAmountType],
      description: "Amounts by what they are.",
      resolve: ({ amount }) => named(amount),
    }),
    transfers: t.field({
      type: [NamedTransfersType],
      description: "Transfers by what they are.",
      resolve: ({ transfers }) => named(transfers),
    }),
    error: t.exposeString("error", { nullable: true, description: "Why it failed." }),
    additional: t.field({
      type: [NamedValuesType],
      description: "Whatever else the chain says of it.",
      resolve: ({ additional }) => named(additional),
    }),
    sub: t.field({
      type: [SubEventType],
      description: "Actions inside this one.",
      resolve: ({ sub }) => sub ?? [],
    }),
  }),
});

/** One message, log or other happening of a transaction. */
export const TransactionEventType = builder.objectRef<TransactionEvent>("TransactionEvent").implement({
  description: "One message, log or other happening of a transaction.",
  fields: (t) => ({
    key: t.exposeString("id", {
      description:
        "Names the event within its transaction. Not global: normalising clients must not key objects by it.",
    }),
    kind: t.exposeString("kind", { description: "What it is, for example the type of the message." }),
    sub: t.field({ type: [SubEventType], description: "What it did, in order.", resolve: ({ sub }) => sub }),
  }),
});
