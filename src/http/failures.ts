// Errors of plain HTTP paths: `{"error":{"code","message"}}` with the status of the code. Imports domain/errors and lib.
// Never shows the message of an unexpected error.
import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { errorTable, IndexerError, type ErrorCode } from "../domain/errors.js";
import type { Logger } from "../lib/logger.js";

interface Failure {
  readonly status: number;
  readonly body: { readonly error: { readonly code: ErrorCode; readonly message: string } };
}

/** Creates the response of a failure, by default with the status of its code. */
export function failure(code: ErrorCode, message: string, status: number = errorTable[code].http): Failure {
  return { status, body: { error: { code, message } } };
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** Formats all failures of a server in the same way. */
export function addFailures(server: FastifyInstance, logger: Logger): void {
  server.setErrorHandler((error, _request, reply) => {
    const { status, body } = failureOf(error, logger);
    return reply.code(status).send(body);
  });
  server.setNotFoundHandler((request, reply) => {
    const url = request.url.split("?")[0] ?? "/";
    const allowed = methods.filter((method) => server.hasRoute({ url, method }));
    const { status, body } =
      allowed.length === 0
        ? failure("NOT_FOUND", `${url}: no such path. The page at / lists the paths.`)
        : failure(
            "BAD_USER_INPUT",
            `${url}: method ${request.method} is not allowed. Use ${allowed.join(" or ")}.`,
            405,
          );
    if (allowed.length > 0) void reply.header("allow", allowed.join(", "));
    return reply.code(status).send(body);
  });
}

function failureOf(error: unknown, logger: Logger): Failure {
  const clientError = error instanceof IndexerError ? undefined : clientFault(error);
  if (clientError !== undefined) return failure("BAD_USER_INPUT", clientError.message, clientError.status);
  const { code, message } = publicFailure(error, logger);
  return failure(code, message);
}

/** An error as a caller may see it. */
export interface PublicFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** The HTTP status of the code. */
  readonly status: number;
}

/** Returns an error as a caller may see it. An unexpected error is logged and replaced by an id. */
export function publicFailure(error: unknown, logger: Logger): PublicFailure {
  if (error instanceof IndexerError && errorTable[error.code].public) {
    return { code: error.code, message: error.message, status: errorTable[error.code].http };
  }
  const id = randomUUID();
  logger.error({ errorId: id, error }, "A request failed unexpectedly.");
  const message = `An unexpected error occurred. Search the manager's log for ${id}.`;
  return { code: "INTERNAL", message, status: errorTable.INTERNAL.http };
}

/** Returns the error of a request that Fastify itself rejects: too large, unknown content type, malformed. */
function clientFault(error: unknown): { readonly status: number; readonly message: string } | undefined {
  if (!(error instanceof Error) || !("statusCode" in error) || typeof error.statusCode !== "number") {
    return undefined;
  }
  const status = error.statusCode;
  return status >= 400 && status < 500 ? { status, message: error.message } : undefined;
}
