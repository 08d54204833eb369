/** Returns an error unchanged, and any other thrown value as an error with its text. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/**
 * Returns the message of an error, or the text of any other thrown value. For an AggregateError it returns the messages of its
 * errors, each once: its own message is empty or constant.
 */
export function errorMessage(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(errorMessage))].join("; ");
  }
  return toError(error).message;
}
