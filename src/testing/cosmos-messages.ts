// Sample messages of every kind in the generated Cosmos chain, with hand-written expected events.
import { authorizationMessages } from "./cosmos-authorization-messages.js";
import type { SampleMessage } from "./cosmos-message-parts.js";
import { transferMessages } from "./cosmos-transfer-messages.js";
import { packetMessages } from "./cosmos-packet-messages.js";

/** Messages whose events are equal for every node version. */
export const sampleMessages: readonly SampleMessage[] = [
  ...transferMessages,
  ...authorizationMessages,
  ...packetMessages,
];
