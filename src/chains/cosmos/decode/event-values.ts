// What a message brought about and only its events tell: ids that the chain gave, acknowledgements.
// Imports only node-events; never looks beyond the events it is given.
import { attributeValues, type NodeEvent } from "./node-events.js";

/** A fact that an event tells: the event's type, its attribute, what the fact is called. */
interface ReportedValue {
  readonly type: string;
  readonly key: string;
  readonly name: string;
  readonly read?: (value: string) => string;
}

const reportedValues: readonly ReportedValue[] = [
  { type: "submit_proposal", key: "proposal_id", name: "proposal_id" },
  { type: "create_client", key: "client_id", name: "client_id" },
  { type: "update_client", key: "consensus_height", name: "consensus_height" },
  { type: "connection_open_init", key: "connection_id", name: "connection_id" },
  { type: "connection_open_try", key: "connection_id", name: "connection_id" },
  { type: "channel_open_init", key: "channel_id", name: "channel_id" },
  { type: "channel_open_try", key: "channel_id", name: "channel_id" },
  { type: "send_packet", key: "packet_sequence", name: "packet_sequence" },
  { type: "write_acknowledgement", key: "packet_ack", name: "acknowledgement" },
  // The only form of it since ibc-go 10.
  { type: "write_acknowledgement", key: "packet_ack_hex", name: "acknowledgement", read: textFromHex },
  { type: "store_code", key: "code_id", name: "code_id" },
  { type: "create_pool", key: "pool_id", name: "pool_id" },
  { type: "cosmos.group.v1.EventCreateGroup", key: "group_id", name: "group_id" },
  { type: "cosmos.group.v1.EventSubmitProposal", key: "proposal_id", name: "proposal_id" },
  { type: "cosmos.group.v1.EventExec", key: "result", name: "result" },
];

const reportingTypes: ReadonlySet<string> = new Set(reportedValues.map(({ type }) => type));

function textFromHex(hex: string): string {
  return Buffer.from(hex, "hex").toString("utf8");
}

/** The facts, by name: each value once, in order of the events. */
export function valuesFromEvents(all: readonly NodeEvent[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  if (!all.some(({ type }) => reportingTypes.has(type))) return found;
  const events = all.filter(({ type }) => reportingTypes.has(type));
  for (const { type, key, name, read } of reportedValues) {
    if (found.has(name)) continue;
    // Events that protobuf types make write their values as JSON: a number stands in quotes.
    const texts = attributeValues(events, type, key).map((value) => value.replace(/^"(.*)"$/, "$1"));
    const values = read === undefined ? texts : texts.map(read);
    if (values.length > 0) found.set(name, [...new Set(values)]);
  }
  return found;
}
