// Errors about arguments. Imports domain/errors. Identifies arguments by their path only.
import { IndexerError, type ErrorFacts } from "../domain/errors.js";

/** Creates a BAD_USER_INPUT that names the argument by its path, such as `filter.heights`. */
export function badInput(argument: string, message: string, facts: ErrorFacts = {}): IndexerError {
  return new IndexerError("BAD_USER_INPUT", message, { argument, ...facts });
}

/** Runs a check of the domain and adds the path of the argument to its BAD_USER_INPUT. */
export function withArgument<T>(argument: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof IndexerError && error.code === "BAD_USER_INPUT") {
      throw badInput(argument, error.message, error.facts);
    }
    throw error;
  }
}
