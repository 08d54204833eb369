// The next step of an operator whose node is silent, wrong or busy, chosen by the reason that its client reports.
// Imports nothing of this project.
// Never does I/O.

const hints: readonly (readonly [reason: RegExp, nextStep: string])[] = [
  [
    /serves chain id/i,
    "Point CHAIN_ID at the chain that the node serves, or choose a node of the configured chain.",
  ],
  [
    /limits requests|too many requests|429|rate limit/i,
    "Wait, lower REQUESTS_PER_SECOND, or add another endpoint; it is retried.",
  ],
  [/denies access|401|403|unauthenticated|permission/i, "Correct the credentials in the node's address."],
  [
    /certificate/i,
    "Start again with NODE_EXTRA_CA_CERTS set to the file of the authority that signed the node's certificate.",
  ],
  [/ENOTFOUND|EAI_AGAIN|name resolution/i, "Correct the host name in the node's address; it is retried."],
  [
    /ECONNREFUSED|bad port|cannot be reached|connection failed|ECONNRESET|EHOSTUNREACH|no connection/i,
    "Start the node or correct its address; it is retried.",
  ],
  [
    /neither|not JSON|malformed|HTTP \d/i,
    "Check that the address is one of a node of this network; it is retried.",
  ],
  [/respon[ds]/i, "Check that the node runs and is not overloaded; it is retried."],
];

/** Returns what to do about a node that fails for this reason. */
export function nodeHint(reason: string): string {
  const found = hints.find(([pattern]) => pattern.test(reason));
  return found?.[1] ?? "Check the node and its address; it is retried.";
}
