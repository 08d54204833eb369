// Refusing what an argument says. Imports domain/errors; knows arguments by their path only.
import { IndexerError, type ErrorFacts } from "../domain/errors.js";

/** A BAD_USER_INPUT that names the argument, such as `filter.heights`. */
export function badInput(argument: string, message: string, facts: ErrorFacts = {}): IndexerError {
  return new IndexerError("BAD_USER_INPUT", message, { argument, ...facts });
}

/** Runs a check of the domain; what it refuses gets the argument's path. */
export function naming<T>(argument: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof IndexerError && error.code === "BAD_USER_INPUT") {
      throw badInput(argument, error.message, error.facts);
    }
    throw error;
  }
}
