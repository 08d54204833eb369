// One message as an event of the common format: its fields, its rule, the events that are its own.
// Imports only domain and its neighbours; never fails: what cannot be understood is kept as it came.
import type { SubEvent, Transfer } from "../../../domain/transaction.js";
import { operatorAccount, canonicalAccount } from "./addresses.js";
import { decodeBytes } from "./bytes-reader.js";
import { buildEvent, type EventParts } from "./event-builder.js";
import { valuesFromEvents } from "./event-values.js";
import { evmRules } from "./evm-rules.js";
import { recipientFromFields, senderFromFields, namedFieldRules, signerFromFields } from "./field-rules.js";
import { readFields, type MessageFields, type Packed } from "./fields.js";
import { ibcRules } from "./ibc-rules.js";
import { transfersFromEvents } from "./transfers.js";
import { moduleName, snakeCase, typeName } from "./names.js";
import { attributeValues, type NodeEvent } from "./node-events.js";
import { codecOf } from "./registry.js";
import type { Interpretation, MessageContext, MessageRule } from "./rule.js";
import { sdkRules } from "./sdk-rules.js";
import { findAddresses } from "./wire.js";

const rules: ReadonlyMap<string, MessageRule> = new Map(
  [...namedFieldRules, ...sdkRules, ...ibcRules, ...evmRules].map((each) => [each.typeUrl, each]),
);

/** Messages inside messages deeper than this stay packed, with a fault. Nodes take more than twenty, newer ones fewer. */
const maxDepth = 100;

/** What surrounds a message that is not inside another. */
export interface TopLevelContext {
  readonly events: readonly NodeEvent[];
  readonly feeDenom: string | undefined;
}

/** A message, understood as far as possible. */
export interface DecodedMessage {
  /** The kind of the event: the type's name, or the type URL of a type that is not known or bytes that are not of their type. */
  readonly kind: string;
  readonly parts: EventParts;
  /** The account that signed it, where its fields or events tell. */
  readonly signer?: string;
  /** Why bytes of a known type could not be read. */
  readonly fault?: string;
}

/** Understands one message. */
export function decodeMessage(packed: Packed, { events, feeDenom }: TopLevelContext): DecodedMessage {
  const faults: string[] = [];
  const result = decodePacked(packed, contextOf({ events, feeDenom, depth: 0, faults }));
  return faults.length === 0 ? result : { ...result, fault: faults.join("; ") };
}

interface Context extends MessageContext {
  readonly faults: string[];
}

function contextOf({ events: own, feeDenom, depth, faults }: Omit<Context, "decodeInner">): Context {
  return {
    events: own,
    feeDenom,
    depth,
    faults,
    decodeInner: (packed, events = []) => {
      const { parts: parts } =
        depth < maxDepth
          ? decodePacked(packed, contextOf({ events, feeDenom, depth: depth + 1, faults }))
          : undecodableMessage(packed, { events, faults }, `it is inside of more than ${maxDepth} messages`);
      return buildEvent(parts);
    },
  };
}

/** A message that is kept as it came, and why. */
function undecodableMessage(
  packed: Packed,
  { events, faults }: Pick<Context, "events" | "faults">,
  reason: string,
): Omit<DecodedMessage, "fault"> {
  const { typeUrl } = packed;
  faults.push(`${typeUrl}: ${reason}`);
  const parts = unknownMessage(packed, events);
  parts.error = reason;
  parts.additional.set("decode_error", [reason]);
  return { kind: typeUrl, parts: parts };
}

function decodePacked(packed: Packed, context: Context): Omit<DecodedMessage, "fault"> {
  const { typeUrl, value } = packed;
  const codec = codecOf(typeUrl);
  if (codec === undefined) return { kind: typeUrl, parts: unknownMessage(packed, context.events) };
  try {
    const found = rules.get(typeUrl)?.interpret(value, context) ?? {
      message: decodeBytes(codec, value),
      meaning: {},
    };
    const parts = assemble(typeUrl, found, context);
    const signer = signerFromFields(found.message) ?? parts.sender?.[0]?.account.id;
    const kind = typeName(typeUrl);
    return signer === undefined
      ? { kind, parts: parts }
      : { kind, parts: parts, signer: operatorAccount(signer) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return undecodableMessage(packed, context, reason);
  }
}

/** A type that is not known: its URL, its bytes, and the accounts that can be seen in them and in its events. */
function unknownMessage({ typeUrl, value }: Packed, events: readonly NodeEvent[]): EventParts {
  const signers = [...new Set(attributeValues(events, "message", "sender").map(canonicalAccount))];
  const accounts = findAddresses(value);
  const [sender] = accounts.filter((account) => signers.includes(account)).concat(signers);
  return {
    type: [typeUrl],
    module: moduleName(typeUrl),
    sender: sender === undefined ? [] : [{ account: { id: sender }, amounts: [] }],
    node: new Map([["account", accounts]]),
    transfers: transferEntries(events, "reward"),
    additional: new Map([
      ["type_url", [typeUrl]],
      ["value", [Buffer.from(value).toString("base64")]],
    ]),
  };
}

function assemble(
  typeUrl: string,
  { message, meaning: interpretation }: { message: object; meaning: Interpretation },
  context: Context,
): EventParts {
  const fields = readFields(message, interpretation.hints);
  const { additional } = fields;
  if (interpretation.additional !== undefined)
    for (const [name, values] of Object.entries(interpretation.additional)) additional.set(name, values);
  for (const [name, values] of valuesFromEvents(context.events))
    if (!additional.has(name)) additional.set(name, values);
  return {
    type: [typeName(typeUrl)],
    module: moduleName(typeUrl),
    sender: interpretation.sender ?? senderFromFields(message),
    recipient: interpretation.recipient ?? recipientFromFields(message),
    node: nodeOf(fields, interpretation, context.events),
    nonce: interpretation.nonce,
    completion: interpretation.completion,
    amount: numberAmounts(fields.amounts.concat(interpretation.amounts ?? [])),
    transfers: transferEntries(
      interpretation.ownEvents ?? context.events,
      interpretation.payoutName ?? "reward",
    ),
    additional,
    sub: [...(interpretation.sub ?? []), ...fields.nested.map((each) => decodeNested(each, context))],
  };
}

/** Fields that hold whole messages; others hold what a message is about: a content, an allowance, a key. */
const messageFields = /(^|\.)(msgs?|messages)$/;

function decodeNested({ path, packed }: MessageFields["nested"][number], context: Context): SubEvent {
  if (messageFields.test(path)) return context.decodeInner(packed);
  const name = snakeCase(packed.typeUrl.slice(packed.typeUrl.lastIndexOf(".") + 1));
  const about = { type: [], action: name, module: moduleName(packed.typeUrl) };
  const codec =
    context.depth < maxDepth && !proofTypes.test(packed.typeUrl) ? codecOf(packed.typeUrl) : undefined;
  const additional = new Map<string, readonly string[]>([[`${path}.type_url`, [packed.typeUrl]]]);
  const named = { ...about, node: new Map(), additional };
  if (codec === undefined || packed.value.length > maxNestedBytes) return buildEvent(named);
  try {
    const fields = readFields(decodeBytes(codec, packed.value), {
      decimals: ["weight"],
      texts: ["msg"],
      partiesAsRoles: true,
    });
    for (const [name, values] of fields.additional) additional.set(name, values);
    return buildEvent({
      ...named,
      node: new Map(fields.roles),
      amount: numberAmounts(fields.amounts),
      sub: fields.nested.map((each) => decodeNested(each, { ...context, depth: context.depth + 1 })),
    });
  } catch {
    additional.set("value", [Buffer.from(packed.value).toString("base64")]);
    return buildEvent(named);
  }
}

/** Headers of light clients are proofs, hundreds of values that nobody asks for: named, not unfolded. */
const proofTypes = /^\/ibc\.lightclients\..*\.(Header|Misbehaviour)$/;
/** Nor are larger packed values: the raw transaction holds them. */
const maxNestedBytes = 65_536;

function nodeOf(
  fields: MessageFields,
  interpretation: Interpretation,
  events: readonly NodeEvent[],
): MessageFields["roles"] {
  const node = fields.roles;
  if (interpretation.node !== undefined)
    for (const [role, accounts] of Object.entries(interpretation.node))
      node.set(role, accounts.map(canonicalAccount));
  const contracts = [
    ...attributeValues(events, "instantiate", "_contract_address"),
    ...attributeValues(events, "wasm", "_contract_address"),
  ];
  if (contracts.length > 0)
    node.set("contract", [...(node.get("contract") ?? []), ...contracts.map(canonicalAccount)]);
  return node;
}

function transferEntries(events: readonly NodeEvent[], payments: string): [string, readonly Transfer[]][] {
  if (events.length === 0) return [];
  const { send, spend, reward, rewardFrom } = transfersFromEvents(events);
  return [
    ["send", send],
    ["spend", spend],
    [payments, reward],
    [`${payments}_from`, rewardFrom],
  ];
}

/** One coin of a field has the field's name; several are numbered from 1. */
function numberAmounts(amounts: MessageFields["amounts"]): MessageFields["amounts"] {
  if (amounts.length < 2) return amounts;
  const counts = new Map<string, number>();
  for (const [name] of amounts) counts.set(name, (counts.get(name) ?? 0) + 1);
  const seen = new Map<string, number>();
  return amounts.map(([name, amount]) => {
    if (counts.get(name) === 1) return [name, amount];
    const number = (seen.get(name) ?? 0) + 1;
    seen.set(name, number);
    return [`${name}_${number}`, amount];
  });
}
