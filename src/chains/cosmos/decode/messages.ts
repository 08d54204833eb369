// Decodes one message to an event of the common format, from its fields, its rule and its events.
// Imports only domain and its neighbours; never fails: undecodable messages are kept as bytes.
import type { SubEvent, Transfer } from "../../../domain/transaction.js";
import { errorMessage } from "../../../lib/error-message.js";
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

/** Maximum nesting of messages; deeper ones stay packed, with a fault. Old nodes accept more than twenty levels, newer ones fewer. */
const maxDepth = 100;

/** The context of a message that is not nested in another. */
export interface TopLevelContext {
  readonly events: readonly NodeEvent[];
  readonly feeDenom: string | undefined;
}

/** A decoded message and the parts of its event. */
export interface DecodedMessage {
  /** The kind of the event: the type's name, or the type URL if the type is unknown or the bytes are undecodable. */
  readonly kind: string;
  readonly parts: EventParts;
  /** The account that signed it; absent if neither fields nor events contain it. */
  readonly signer?: string;
  /** Why the message, or one nested in it, is undecodable. */
  readonly fault?: string;
}

/** Decodes one message. */
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
          : undecodableMessage(packed, { events, faults }, `it is nested in more than ${maxDepth} messages`);
      return buildEvent(parts);
    },
  };
}

/** Keeps an undecodable message as bytes, and records the reason as a fault. */
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
    return undecodableMessage(packed, context, errorMessage(error));
  }
}

/** The parts of a message of unknown type: its URL, its bytes, and the accounts found in its bytes and events. */
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

/** Fields with nested messages; other packed fields are values: a proposal's content, an allowance, a key. */
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

/** Headers of light clients are proofs with hundreds of values: only their type is kept. */
const proofTypes = /^\/ibc\.lightclients\..*\.(Header|Misbehaviour)$/;
/** Maximum bytes of a packed value to decode; larger ones are only in the transaction's raw bytes. */
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

/** Names amounts by their field; several of one field are numbered from 1. */
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
