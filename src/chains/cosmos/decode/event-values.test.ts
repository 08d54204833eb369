// Facts that only events tell, in the forms that chains write them.
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
  ["both forms, as ibc-go up to 8 writes", { packet_ack: acknowledgement, packet_ack_hex: hex }],
  ["plain alone, as before ibc-go 2", { packet_ack: acknowledgement }],
  ["hexadecimal alone, as ibc-go 10 writes", { packet_ack_hex: hex }],
])("an acknowledgement stands once, from %s", (_, attributes) => {
  const facts = valuesFromEvents([event("write_acknowledgement", attributes)]);
  expect([...facts]).toEqual([["acknowledgement", [acknowledgement]]]);
});

it("values are each there once, in order, and without the quotes of typed events", () => {
  const events = [
    event("cosmos.group.v1.EventSubmitProposal", { proposal_id: '"7"' }),
    event("cosmos.group.v1.EventSubmitProposal", { proposal_id: '"9"' }),
    event("cosmos.group.v1.EventSubmitProposal", { proposal_id: '"7"' }),
    event("transfer", { proposal_id: "8" }),
  ];
  expect([...valuesFromEvents(events)]).toEqual([["proposal_id", ["7", "9"]]]);
});
