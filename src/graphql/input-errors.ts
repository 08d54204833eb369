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

/** Runs a use case and puts the path of the input before the argument that its BAD_USER_INPUT names. */
export async function withInputPath<T>(path: string, useCase: () => Promise<T>): Promise<T> {
  try {
    return await useCase();
  } catch (error) {
    if (!(error instanceof IndexerError) || error.code !== "BAD_USER_INPUT") throw error;
    const argument = error.facts["argument"];
    if (typeof argument !== "string") throw error;
    throw badInput(`${path}.${argument}`, `${path}.${error.message}`, {
      ...error.facts,
      argument: `${path}.${argument}`,
    });
  }
}
