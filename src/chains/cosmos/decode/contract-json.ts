// Accounts that a contract's message names: CosmWasm contracts take JSON, and what they pass on stands in it in base64.
// Imports only addresses; never knows a contract.
import { normalizeAddress } from "./addresses.js";

/** Larger messages are not looked into: the text itself holds all that they say. */
const maxJsonLength = 65_536;
/** Messages passed on inside messages passed on. */
const maxDepth = 4;

/** The accounts in JSON, in any place and in the JSON that is packed in it in base64; none where it is no JSON. */
export function accountsInJson(text: string): string[] {
  const found = new Set<string>();
  collect(text, 0, found);
  return [...found];
}

function collect(text: string, depth: number, found: Set<string>): void {
  if (text.length > maxJsonLength || depth > maxDepth) return;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return;
  }
  // A list of its own and no recursion: a stranger's JSON may be nested as deep as it likes.
  const left = [json];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (typeof value === "string") {
      const address = normalizeAddress(value);
      if (address !== undefined) found.add(address);
      else if (looksLikeBase64Json(value))
        collect(Buffer.from(value, "base64").toString("utf8"), depth + 1, found);
    } else if (typeof value === "object" && value !== null) {
      const inside: readonly unknown[] = Object.values(value);
      left.push(...inside);
    }
  }
}

/** Base64 of what begins with `{`. */
function looksLikeBase64Json(text: string): boolean {
  return /^e[w-z][A-Za-z0-9+/]+=*$/.test(text);
}
