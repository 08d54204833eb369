// Normalises the events of a result over all node versions and assigns each event to its message.
// Imports nothing of this project; never reads a message's bytes.

/** A normalised event: its type and its attributes in order, as plain text. */
export interface NodeEvent {
  readonly type: string;
  readonly attributes: readonly Attribute[];
}

/** A key and value of an event. */
export interface Attribute {
  readonly key: string;
  readonly value: string;
}

/** An event in the RPC's JSON. Tendermint 0.34 writes keys and values in base64, CometBFT 0.37 and later as plain text. */
export interface JsonEvent {
  readonly type?: string | null;
  readonly attributes?: readonly { readonly key?: string | null; readonly value?: string | null }[] | null;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
// eslint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f\ufffd]/;

/**
 * Whether the attributes of one response are in base64: only if every key is base64 of a printable text. One plain key may
 * happen to be valid base64 (`receiver`), but not all keys of a response.
 */
export function isBase64Encoded(events: Iterable<JsonEvent>): boolean {
  let some = false;
  const seen = new Set<string>();
  for (const { attributes } of events) {
    for (const { key } of attributes ?? []) {
      if (key === undefined || key === null || key === "" || seen.has(key)) continue;
      some = true;
      seen.add(key);
      if (!base64.test(key) || unprintable.test(fromBase64(key))) return false;
    }
  }
  return some;
}

/** Normalises the RPC's events. */
export function readJsonEvents(events: readonly JsonEvent[], encoded: boolean): NodeEvent[] {
  const read = (text: string | null | undefined): string =>
    text === undefined || text === null ? "" : encoded ? fromBase64(text) : text;
  return events.map((event) => {
    if (!encoded && isPlain(event)) return event;
    const { type, attributes } = event;
    return {
      type: type ?? "",
      attributes: (attributes ?? []).map(({ key, value }) => ({ key: read(key), value: read(value) })),
    };
  });
}

/** Whether an event is already normalised, as almost all events of newer nodes are. */
function isPlain(event: JsonEvent): event is NodeEvent {
  const { type, attributes } = event;
  return (
    typeof type === "string" &&
    Array.isArray(attributes) &&
    attributes.every(({ key, value }: Attribute) => typeof key === "string" && typeof value === "string")
  );
}

function fromBase64(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

/** The parts of a result that contain its events. */
export interface ResultEvents {
  /** May be a lazy getter: not accessed if the log contains the events. */
  readonly events: readonly NodeEvent[];
  readonly log: string;
}

/**
 * Groups the events by message. Until SDK 0.47 the log has them as JSON per message; since 0.50 they have the attribute
 * `msg_index`. Without both, each `message` event with the type's `action` starts the next message.
 */
export function eventsByMessage(source: ResultEvents, messageTypes: readonly string[]): NodeEvent[][] {
  const count = messageTypes.length;
  return (
    eventsFromLog(source.log, count) ??
    eventsByIndex(source.events, count) ??
    eventsByAction(source.events, messageTypes)
  );
}

function eventsByIndex(events: readonly NodeEvent[], count: number): NodeEvent[][] | undefined {
  const groups = Array.from({ length: count }, (): NodeEvent[] => []);
  let some = false;
  for (const event of events) {
    const index = firstAttribute(event, "msg_index");
    if (index === undefined) continue;
    some = true;
    if (/^\d+$/.test(index)) groups[Number(index)]?.push(event);
  }
  return some ? groups : undefined;
}

function eventsFromLog(log: string, count: number): NodeEvent[][] | undefined {
  if (!log.startsWith("[")) return undefined;
  let entries: unknown;
  try {
    entries = JSON.parse(log);
  } catch {
    return undefined;
  }
  if (!Array.isArray(entries) || entries.length !== count) return undefined;
  const groups = Array.from({ length: count }, (): NodeEvent[] => []);
  for (const [position, entry] of entries.entries()) {
    if (!isLogEntry(entry)) return undefined;
    const merged = readJsonEvents(entry.events ?? [], false);
    groups[entry.msg_index ?? position]?.push(...merged.flatMap(splitMerged));
  }
  return groups;
}

function isLogEntry(value: unknown): value is { msg_index?: number; events?: JsonEvent[] | null } {
  if (typeof value !== "object" || value === null) return false;
  const events = "events" in value ? value.events : undefined;
  const index = "msg_index" in value ? value.msg_index : undefined;
  return (
    (events === undefined || events === null || Array.isArray(events)) &&
    (index === undefined || typeof index === "number")
  );
}

function eventsByAction(events: readonly NodeEvent[], messageTypes: readonly string[]): NodeEvent[][] {
  const groups = messageTypes.map((): NodeEvent[] => []);
  let current = -1;
  for (const event of events) {
    const next = messageTypes[current + 1];
    if (next !== undefined && event.type === "message" && beginsMessage(event, next)) current += 1;
    groups[current]?.push(event);
  }
  return groups;
}

/** The action is the type URL since SDK 0.43, and a short name (`send`, `begin_unbonding`) before. */
function beginsMessage(event: NodeEvent, typeUrl: string): boolean {
  const action = firstAttribute(event, "action");
  return action !== undefined && (action === typeUrl || !action.startsWith("/"));
}

/** The value of an event's first attribute with a key; undefined if it has none. */
export function firstAttribute({ attributes }: NodeEvent, key: string): string | undefined {
  for (const attribute of attributes) if (attribute.key === key) return attribute.value;
  return undefined;
}

/** The value of an event's last attribute with a key; undefined if it has none. */
export function lastAttribute({ attributes }: NodeEvent, key: string): string | undefined {
  let last: string | undefined;
  for (const attribute of attributes) if (attribute.key === key) last = attribute.value;
  return last;
}

/** All values of a key in the events of one type, in order. */
export function attributeValues(events: readonly NodeEvent[], type: string, key: string): string[] {
  const values: string[] = [];
  for (const event of events) {
    if (event.type !== type) continue;
    for (const attribute of event.attributes) if (attribute.key === key) values.push(attribute.value);
  }
  return values;
}

/** The attribute with the index of the message inside an exec that emitted the event (SDK 0.46 and later). */
const execIndexKey = "authz_msg_index";

/** The events of an exec: those of each inner message, without their index attribute, and the exec's own. */
export interface ExecEvents {
  readonly inner: readonly (readonly NodeEvent[])[];
  readonly own: readonly NodeEvent[];
}

/** Splits the events of an exec with `count` messages. Without index attributes, only a single message's events are certain. */
export function splitExecEvents(events: readonly NodeEvent[], count: number): ExecEvents {
  const inside = Array.from({ length: count }, (): NodeEvent[] => []);
  const own: NodeEvent[] = [];
  let some = false;
  for (const event of events) {
    const at = event.attributes.findLastIndex(({ key }) => key === execIndexKey);
    const group = at < 0 ? undefined : inside[Number(event.attributes[at]?.value)];
    some ||= group !== undefined;
    if (group === undefined) own.push(event);
    else group.push({ type: event.type, attributes: event.attributes.filter((_, index) => index !== at) });
  }
  return some || count !== 1 ? { inner: inside, own } : { inner: [events], own: [] };
}

/** Splits an event of the log, which merges all events of a type: a repeated key starts the next event. */
function splitMerged({ type, attributes }: NodeEvent): NodeEvent[] {
  const events: { type: string; attributes: Attribute[] }[] = [];
  let keys = new Set<string>();
  for (const attribute of attributes) {
    // An event of an exec inside an exec has two indexes: the inner one, then the outer one.
    if (events.length === 0 || (keys.has(attribute.key) && attribute.key !== execIndexKey)) {
      events.push({ type, attributes: [] });
      keys = new Set();
    }
    keys.add(attribute.key);
    events.at(-1)?.attributes.push(attribute);
  }
  return events.length === 0 ? [{ type, attributes: [] }] : events;
}
