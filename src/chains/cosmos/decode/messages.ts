// One message as an event of the common format: its fields, its rule, the events that are its own.
// Imports only domain and its neighbours; never fails: what cannot be understood is kept as it came.
import type { SubEvent, Transfer } from "../../../domain/transaction.js";
import { accountOf, canonicalAccount } from "./addresses.js";
import { decodeBytes } from "./bytes-reader.js";
import { finish, type Draft } from "./draft.js";
import { eventFacts } from "./event-facts.js";
import { evmRules } from "./evm-rules.js";
import { guessRecipient, guessSender, namedFieldRules, signerOf } from "./field-rules.js";
import { readFields, type Facts, type Packed } from "./fields.js";
import { ibcRules } from "./ibc-rules.js";
import { moneyOf } from "./money.js";
import { moduleName, snakeCase, typeName } from "./names.js";
import { attributesOf, type NodeEvent } from "./node-events.js";
import { codecOf } from "./registry.js";
import type { Meaning, MessageContext, Rule } from "./rule.js";
import { sdkRules } from "./sdk-rules.js";
import { scanAddresses } from "./wire.js";

const rules: ReadonlyMap<string, Rule> = new Map(
  [...namedFieldRules, ...sdkRules, ...ibcRules, ...evmRules].map((each) => [each.typeUrl, each]),
);

/** Messages inside messages deeper than this stay packed, with a fault. Nodes take more than twenty, newer ones fewer. */
const deepest = 100;

/** What surrounds a message that is not inside another. */
export interface MessageSurroundings {
  readonly events: readonly NodeEvent[];
  readonly feeDenom: string | undefined;
}

/** A message, understood as far as possible. */
export interface ReadMessage {
  /** The kind of the event: the type's name, or the type URL of a type that is not known or bytes that are not of their type. */
  readonly kind: string;
  readonly draft: Draft;
  /** The account that signed it, where its fields or events tell. */
  readonly signer?: string;
  /** Why bytes of a known type could not be read. */
  readonly fault?: string;
}

/** Understands one message. */
export function readMessage(packed: Packed, { events, feeDenom }: MessageSurroundings): ReadMessage {
  const faults: string[] = [];
  const result = read(packed, contextOf({ events, feeDenom, depth: 0, faults }));
  return faults.length === 0 ? result : { ...result, fault: faults.join("; ") };
}

interface Context extends MessageContext {
  readonly faults: string[];
}

function contextOf({ events: own, feeDenom, depth, faults }: Omit<Context, "inner">): Context {
  return {
    events: own,
    feeDenom,
    depth,
    faults,
    inner: (packed, events = []) => {
      const { draft } =
        depth < deepest
          ? read(packed, contextOf({ events, feeDenom, depth: depth + 1, faults }))
          : unreadable(packed, { events, faults }, `it is inside of more than ${deepest} messages`);
      return finish(draft);
    },
  };
}

/** A message that is kept as it came, and why. */
function unreadable(
  packed: Packed,
  { events, faults }: Pick<Context, "events" | "faults">,
  reason: string,
): Omit<ReadMessage, "fault"> {
  const { typeUrl } = packed;
  faults.push(`${typeUrl}: ${reason}`);
  const draft = unknown(packed, events);
  draft.error = reason;
  draft.additional.set("decode_error", [reason]);
  return { kind: typeUrl, draft };
}

function read(packed: Packed, context: Context): Omit<ReadMessage, "fault"> {
  const { typeUrl, value } = packed;
  const codec = codecOf(typeUrl);
  if (codec === undefined) return { kind: typeUrl, draft: unknown(packed, context.events) };
  try {
    const found = rules.get(typeUrl)?.read(value, context) ?? {
      message: decodeBytes(codec, value),
      meaning: {},
    };
    const draft = assemble(typeUrl, found, context);
    const signer = signerOf(found.message) ?? draft.sender?.[0]?.account.id;
    const kind = typeName(typeUrl);
    return signer === undefined ? { kind, draft } : { kind, draft, signer: accountOf(signer) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return unreadable(packed, context, reason);
  }
}

/** A type that is not known: its URL, its bytes, and the accounts that can be seen in them and in its events. */
function unknown({ typeUrl, value }: Packed, events: readonly NodeEvent[]): Draft {
  const signers = [...new Set(attributesOf(events, "message", "sender").map(canonicalAccount))];
  const accounts = scanAddresses(value);
  const [sender] = accounts.filter((account) => signers.includes(account)).concat(signers);
  return {
    type: [typeUrl],
    module: moduleName(typeUrl),
    sender: sender === undefined ? [] : [{ account: { id: sender }, amounts: [] }],
    node: new Map([["account", accounts]]),
    transfers: transfersOf(events, "reward"),
    additional: new Map([
      ["type_url", [typeUrl]],
      ["value", [Buffer.from(value).toString("base64")]],
    ]),
  };
}

function assemble(
  typeUrl: string,
  { message, meaning }: { message: object; meaning: Meaning },
  context: Context,
): Draft {
  const facts = readFields(message, meaning.hints);
  const { additional } = facts;
  if (meaning.additional !== undefined)
    for (const [name, values] of Object.entries(meaning.additional)) additional.set(name, values);
  for (const [name, values] of eventFacts(context.events))
    if (!additional.has(name)) additional.set(name, values);
  return {
    type: [typeName(typeUrl)],
    module: moduleName(typeUrl),
    sender: meaning.sender ?? guessSender(message),
    recipient: meaning.recipient ?? guessRecipient(message),
    node: nodeOf(facts, meaning, context.events),
    nonce: meaning.nonce,
    completion: meaning.completion,
    amount: nameAmounts(facts.amounts.concat(meaning.amounts ?? [])),
    transfers: transfersOf(meaning.eventsLeft ?? context.events, meaning.payments ?? "reward"),
    additional,
    sub: [...(meaning.sub ?? []), ...facts.nested.map((each) => readNested(each, context))],
  };
}

/** Fields that hold whole messages; others hold what a message is about: a content, an allowance, a key. */
const messageFields = /(^|\.)(msgs?|messages)$/;

function readNested({ path, packed }: Facts["nested"][number], context: Context): SubEvent {
  if (messageFields.test(path)) return context.inner(packed);
  const name = snakeCase(packed.typeUrl.slice(packed.typeUrl.lastIndexOf(".") + 1));
  const about = { type: [], action: name, module: moduleName(packed.typeUrl) };
  const codec =
    context.depth < deepest && !proofTypes.test(packed.typeUrl) ? codecOf(packed.typeUrl) : undefined;
  const additional = new Map<string, readonly string[]>([[`${path}.type_url`, [packed.typeUrl]]]);
  const named = { ...about, node: new Map(), additional };
  if (codec === undefined || packed.value.length > longestNested) return finish(named);
  try {
    const facts = readFields(decodeBytes(codec, packed.value), {
      decimals: ["weight"],
      texts: ["msg"],
      endsAreRoles: true,
    });
    for (const [name, values] of facts.additional) additional.set(name, values);
    return finish({
      ...named,
      node: new Map(facts.roles),
      amount: nameAmounts(facts.amounts),
      sub: facts.nested.map((each) => readNested(each, { ...context, depth: context.depth + 1 })),
    });
  } catch {
    additional.set("value", [Buffer.from(packed.value).toString("base64")]);
    return finish(named);
  }
}

/** Headers of light clients are proofs, hundreds of values that nobody asks for: named, not unfolded. */
const proofTypes = /^\/ibc\.lightclients\..*\.(Header|Misbehaviour)$/;
/** Nor are larger packed values: the raw transaction holds them. */
const longestNested = 65_536;

function nodeOf(facts: Facts, meaning: Meaning, events: readonly NodeEvent[]): Facts["roles"] {
  const node = facts.roles;
  if (meaning.node !== undefined)
    for (const [role, accounts] of Object.entries(meaning.node))
      node.set(role, accounts.map(canonicalAccount));
  const contracts = [
    ...attributesOf(events, "instantiate", "_contract_address"),
    ...attributesOf(events, "wasm", "_contract_address"),
  ];
  if (contracts.length > 0)
    node.set("contract", [...(node.get("contract") ?? []), ...contracts.map(canonicalAccount)]);
  return node;
}

function transfersOf(events: readonly NodeEvent[], payments: string): [string, readonly Transfer[]][] {
  if (events.length === 0) return [];
  const { send, spend, reward, rewardFrom } = moneyOf(events);
  return [
    ["send", send],
    ["spend", spend],
    [payments, reward],
    [`${payments}_from`, rewardFrom],
  ];
}

/** One coin of a field has the field's name; several are numbered from 1. */
function nameAmounts(amounts: Facts["amounts"]): Facts["amounts"] {
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
