// Classifies a node's JSON-RPC error. Codes are barely standardised (EIP-1474), so the message counts as well.
// Imports nothing of this project.
// Never throws.

/** A JSON-RPC error object. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
}

/** The class of a JSON-RPC error. */
export type RpcFault = "rate-limited" | "too-large" | "unsupported" | "missing" | "other";

const rateLimited =
  /rate.?limit|too many requests|throughput|compute units|capacity|quota|requests? limit|limit.* reached|backoff/i;
const tooLarge =
  /too large|too big|size (limit )?exceed|exceeds? .*(size|limit)|batch (limit|size)|response size/i;
const unsupported =
  /method .*(not (found|supported|available|exist|allowed)|does not exist|unavailable)|unsupported method|unknown method/i;
const missing =
  /pruned|missing trie node|header not found|unknown block|block not found|out.?of.?range|history .*(unavailable|not available)|historical state|state .*(not available|unavailable)|is not available|archive/i;

/** Classifies an error by its code, then by its message. */
export function rpcFault({ code, message }: RpcError): RpcFault {
  if (code === 429 || code === -32029 || rateLimited.test(message)) return "rate-limited";
  if (tooLarge.test(message)) return "too-large";
  if (code === -32601 || code === -32004 || unsupported.test(message)) return "unsupported";
  // 4444: pruned history (EIP-4444 clients).
  if (code === 4444 || missing.test(message)) return "missing";
  return code === -32005 ? "rate-limited" : "other";
}
