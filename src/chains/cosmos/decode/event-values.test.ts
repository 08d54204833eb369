// Values that occur only in events, in the formats of several chains.
import { expect, it } from "vitest";
import { valuesFromEvents } from "./event-values.js";
import type { NodeEvent } from "./node-events.js";

const event = (type: string, attributes: Readonly<Record<string, string>>): NodeEvent => ({
  type,
  attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
});
const acknowledgement = '{"result":"AQ=="}';
const hex = Buffer.from(acknowledgement).toString("hex");

it.each([
  ["both formats, as in ibc-go up to 8", { packet_ack: acknowledgement, packet_ack_hex: hex }],
  ["plain text alone, as before ibc-go 2", { packet_ack: acknowledgement }],
  ["hexadecimal alone, as in ibc-go 10", { packet_ack_hex: hex }],
])("an acknowledgement occurs once, from %s", (_, attributes) => {
  const values = valuesFromEvents([event("write_acknowledgement", attributes)]);
  expect([...values]).toEqual([["acknowledgement", [acknowledgement]]]);
});

it("values occur once, in order, and without the quotes of typed events", () => {
  const events = [
    event("cosmos.group.v1.EventSubmitProposal", { proposal_id: '"7"' }),
    event("cosmos.group.v1.EventSubmitProposal", { proposal_id: '"9"' }),
    event("cosmos.group.v1.EventSubmitProposal", { proposal_id: '"7"' }),
    event("transfer", { proposal_id: "8" }),
  ];
  expect([...valuesFromEvents(events)]).toEqual([["proposal_id", ["7", "9"]]]);
});
