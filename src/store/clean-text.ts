// Text that PostgreSQL can hold: it takes neither NUL characters nor halves of surrogate pairs.

/** The text without NUL characters and lone surrogates; most texts come back as they are. */
export function cleanText(text: string): string {
  if (!text.includes("\u0000") && text.isWellFormed()) return text;
  return text.replaceAll("\u0000", "").replace(/\p{Surrogate}/gu, "");
}

/** A value as JSON text that PostgreSQL's jsonb takes. */
export function cleanJson(value: unknown): string {
  const json = JSON.stringify(value);
  // Both appear escaped in JSON, so a text without these escapes is clean.
  if (!json.includes("\\u0000") && !json.includes("\\ud")) return json;
  return JSON.stringify(value, (_key, inner: unknown) => cleanInside(inner));
}

function cleanInside(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), inner]));
}
