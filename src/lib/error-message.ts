/** Returns an error unchanged, and any other thrown value as an error with its text. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Returns the message of an error, or the text of any other thrown value. */
export function errorMessage(error: unknown): string {
  return toError(error).message;
}
