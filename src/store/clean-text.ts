// Removes the characters that PostgreSQL cannot store: NUL and lone surrogates.

/** Counts removed characters. */
export interface Tally {
  removed: number;
}

/** The text without NUL characters and lone surrogates; clean text is returned unchanged. */
export function cleanText(text: string, tally?: Tally): string {
  if (!text.includes("\u0000") && text.isWellFormed()) return text;
  const clean = text.replaceAll("\u0000", "").replace(/\p{Surrogate}/gu, "");
  if (tally !== undefined) tally.removed += text.length - clean.length;
  return clean;
}

/** A value as JSON text that PostgreSQL's jsonb accepts. */
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
