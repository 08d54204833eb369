// Finds the accounts in a CosmWasm contract's JSON message, including messages nested in it as base64.
// Imports only addresses; never knows a contract's schema.
import { normalizeAddress } from "./addresses.js";

/** Maximum characters of a message to search; the message itself is kept as text. */
const maxJsonLength = 65_536;
/** Maximum depth of base64 messages in messages. */
const maxDepth = 4;

/** Returns the distinct accounts anywhere in JSON and in JSON nested in it as base64; none if the text is not JSON. */
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
  // A stack instead of recursion: untrusted JSON may be nested arbitrarily deep.
  const stack = [json];
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (typeof value === "string") {
      const address = normalizeAddress(value);
      if (address !== undefined) found.add(address);
      else if (looksLikeBase64Json(value))
        collect(Buffer.from(value, "base64").toString("utf8"), depth + 1, found);
    } else if (typeof value === "object" && value !== null) {
      const inside: readonly unknown[] = Object.values(value);
      stack.push(...inside);
    }
  }
}

/** Whether a text may be base64 of a text that begins with `{`. */
function looksLikeBase64Json(text: string): boolean {
  return /^e[w-z][A-Za-z0-9+/]+=*$/.test(text);
}
