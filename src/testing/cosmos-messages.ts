// Messages of every kind that the generated Cosmos chain holds, with what must come out of each, written by hand.
import { consentMessages } from "./cosmos-consent-messages.js";
import type { MadeMessage } from "./cosmos-message-parts.js";
import { moneyMessages } from "./cosmos-money-messages.js";
import { packetMessages } from "./cosmos-packet-messages.js";

/** Messages that every era of nodes must give alike. */
export const madeMessages: readonly MadeMessage[] = [...moneyMessages, ...consentMessages, ...packetMessages];
