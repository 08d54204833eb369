// Messages of every kind that the generated Cosmos chain holds, with what must come out of each, written by hand.
import { authorizationMessages } from "./cosmos-authorization-messages.js";
import type { SampleMessage } from "./cosmos-message-parts.js";
import { transferMessages } from "./cosmos-transfer-messages.js";
import { packetMessages } from "./cosmos-packet-messages.js";

/** Messages that every era of nodes must give alike. */
export const sampleMessages: readonly SampleMessage[] = [
  ...transferMessages,
  ...authorizationMessages,
  ...packetMessages,
];
