// Text that PostgreSQL can hold: it takes neither NUL characters nor halves of surrogate pairs.

/** How many characters were left out. */
export interface Tally {
  removed: number;
}

/** The text without NUL characters and lone surrogates; most texts come back as they are. */
export function cleanText(text: string, tally?: Tally): string {
  if (!text.includes("\u0000") && text.isWellFormed()) return text;
  const clean = text.replaceAll("\u0000", "").replace(/\p{Surrogate}/gu, "");
  if (tally !== undefined) tally.removed += text.length - clean.length;
  return clean;
}

/** A value as JSON text that PostgreSQL's jsonb takes. */
export function cleanJson(value: unknown, tally?: Tally): string {
  const json = JSON.stringify(value);
  // Both appear escaped in JSON, so a text without these escapes is clean.
  if (!json.includes("\\u0000") && !json.includes("\\ud")) return json;
  return JSON.stringify(value, (_key, inner: unknown) => cleanInside(inner, tally));
}

function cleanInside(value: unknown, tally: Tally | undefined): unknown {
  if (typeof value === "string") return cleanText(value, tally);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key, tally), inner]));
}
