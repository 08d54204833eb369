// Values that only a message's events contain: ids that the chain assigned, acknowledgements.
// Imports only node-events; reads nothing but the given events.
import { attributeValues, type NodeEvent } from "./node-events.js";

/** A value in an event: the event's type, the attribute's key, and the name in `additional`. */
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
  // The only form since ibc-go 10.
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

/** Returns the values by name, distinct and in the order of the events. */
export function valuesFromEvents(all: readonly NodeEvent[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  if (!all.some(({ type }) => reportingTypes.has(type))) return found;
  const events = all.filter(({ type }) => reportingTypes.has(type));
  for (const { type, key, name, read } of reportedValues) {
    if (found.has(name)) continue;
    // Typed events (protobuf) have JSON values, in which 64-bit numbers are quoted.
    const texts = attributeValues(events, type, key).map((value) => value.replace(/^"(.*)"$/, "$1"));
    const values = read === undefined ? texts : texts.map(read);
    if (values.length > 0) found.set(name, [...new Set(values)]);
  }
  return found;
}
