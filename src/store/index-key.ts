// Keys of any length in an index that takes 2,704 bytes.
// Imports nothing of this project.
import { createHash } from "node:crypto";

const longest = 500;

/** The text itself, or where it is too long for an index its beginning and a digest of the whole. */
export function indexKey(text: string): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, 400).toWellFormed()}#${createHash("sha256").update(text).digest("hex")}`;
}
