// The types of the events of a transaction. Imports domain. Never interprets an event.
import type { Amount } from "../domain/amount.js";
import { parseTime } from "../domain/time.js";
import type { AccountRef, SubEvent, TransactionEvent, Transfer } from "../domain/transaction.js";
import { AmountType } from "./amount.js";
import { builder } from "./builder.js";

/** An entry of a record, as GraphQL has no maps. */
interface Named<T> {
  readonly name: string;
  readonly value: T;
}

function named<T>(record: Readonly<Record<string, T>> | undefined): Named<T>[] {
  return Object.entries(record ?? {}).map(([name, value]) => ({ name, value }));
}

const AccountRefType = builder.objectRef<AccountRef>("AccountRef").implement({
  description: "An account, with the details that the chain holds.",
  fields: (t) => ({
    address: t.exposeString("id", { description: "The address of the account. Not a global id." }),
    name: t.exposeString("name", {
      nullable: true,
      description: "The name of the account. Null if it has none.",
    }),
    description: t.exposeString("description", {
      nullable: true,
      description: "The description that the owner published. Null if there is none.",
    }),
    contact: t.exposeString("contact", {
      nullable: true,
      description: "The contact that the owner published. Null if there is none.",
    }),
    website: t.exposeString("website", {
      nullable: true,
      description: "The website that the owner published. Null if there is none.",
    }),
  }),
});

const TransferType = builder.objectRef<Transfer>("Transfer").implement({
  description: "An account and the amounts that it sent or received.",
  fields: (t) => ({
    account: t.field({
      type: AccountRefType,
      description: "The account.",
      resolve: ({ account }) => account,
    }),
    amounts: t.field({ type: [AmountType], description: "The amounts.", resolve: ({ amounts }) => amounts }),
  }),
});

const NodeAccountsType = builder.objectRef<Named<readonly AccountRef[]>>("NodeAccounts").implement({
  description: "Accounts with the same role.",
  fields: (t) => ({
    role: t.exposeString("name", { description: "The role, for example validator or delegator." }),
    accounts: t.field({
      type: [AccountRefType],
      description: "The accounts with the role.",
      resolve: ({ value }) => value,
    }),
  }),
});

const NamedAmountType = builder.objectRef<Named<Amount>>("NamedAmount").implement({
  description: "An amount with its name.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The name of the amount, for example value." }),
    amount: t.field({ type: AmountType, description: "The amount.", resolve: ({ value }) => value }),
  }),
});

const NamedTransfersType = builder.objectRef<Named<readonly Transfer[]>>("NamedTransfers").implement({
  description: "Transfers with their name.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The name of the transfers, for example reward." }),
    transfers: t.field({
      type: [TransferType],
      description: "The transfers.",
      resolve: ({ value }) => value,
    }),
  }),
});

const NamedValuesType = builder.objectRef<Named<readonly string[]>>("NamedValues").implement({
  description: "Values with their name.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The name of the values." }),
    values: t.field({ type: ["String"], description: "The values.", resolve: ({ value }) => value }),
  }),
});

const SubEventType = builder.objectRef<SubEvent>("SubEvent");
SubEventType.implement({
  description: "One action inside an event.",
  fields: (t) => ({
    type: t.field({
      type: ["String"],
      description: "The message types, for example send.",
      resolve: (event) => event.type,
    }),
    action: t.exposeString("action", {
      nullable: true,
      description: "The action, as the chain names it. Null if it has no name.",
    }),
    module: t.exposeString("module", {
      nullable: true,
      description: "The module of the chain that executed the action. Null if unknown.",
    }),
    sender: t.field({
      type: [TransferType],
      description: "The accounts that sent, with the amounts.",
      resolve: ({ sender }) => sender ?? [],
    }),
    recipient: t.field({
      type: [TransferType],
      description: "The accounts that received, with the amounts.",
      resolve: ({ recipient }) => recipient ?? [],
    }),
    node: t.field({
      type: [NodeAccountsType],
      description: "Other accounts that took part, by role: validator, delegator, ...",
      resolve: ({ node }) => named(node),
    }),
    nonce: t.exposeString("nonce", { nullable: true, description: "The nonce. Null if there is none." }),
    completion: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the action takes effect, for example the end of an unbonding. Null if at once.",
      resolve: ({ completion }) => (completion === undefined ? null : parseTime(completion)),
    }),
    amount: t.field({
      type: [NamedAmountType],
      description: "Further amounts, by name.",
      resolve: ({ amount }) => named(amount),
    }),
    transfers: t.field({
      type: [NamedTransfersType],
      description: "Further transfers, by name.",
      resolve: ({ transfers }) => named(transfers),
    }),
    error: t.exposeString("error", {
      nullable: true,
      description: "The reason why the action failed. Null if it succeeded.",
    }),
    additional: t.field({
      type: [NamedValuesType],
      description: "Further details, by name.",
      resolve: ({ additional }) => named(additional),
    }),
    sub: t.field({
      type: [SubEventType],
      description: "Actions inside this action.",
      resolve: ({ sub }) => sub ?? [],
    }),
  }),
});

/** The type of an event of a transaction. */
export const TransactionEventType = builder.objectRef<TransactionEvent>("TransactionEvent").implement({
  description: "One message or log of a transaction.",
  fields: (t) => ({
    key: t.exposeString("id", {
      description: "The key of the event within its transaction. Not a global id.",
    }),
    kind: t.exposeString("kind", {
      description: "The kind of the event, for example the type of the message.",
    }),
    sub: t.field({
      type: [SubEventType],
      description: "The actions of the event, in order.",
      resolve: ({ sub }) => sub,
    }),
  }),
});
