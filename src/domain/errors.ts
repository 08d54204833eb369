// The closed table of errors. Pure values; imports only lib/error-message; never does I/O.
import { errorMessage } from "../lib/error-message.js";

/** The meaning of a code for the caller. */
interface ErrorKind {
  /** Whether an unchanged retry may succeed. */
  readonly retryable: boolean;
  /** Whether the message may be shown to the caller; INTERNAL shows an id only. */
  readonly public: boolean;
  /** The HTTP status if the whole response is this error. */
  readonly http: number;
}

/** All error codes of the product. A test compares this table with the documentation. */
export const errorTable = {
  BAD_USER_INPUT: { retryable: false, public: true, http: 400 },
  GRAPHQL_PARSE_FAILED: { retryable: false, public: true, http: 400 },
  GRAPHQL_VALIDATION_FAILED: { retryable: false, public: true, http: 400 },
  QUERY_TOO_COMPLEX: { retryable: false, public: true, http: 400 },
  UNAUTHENTICATED: { retryable: false, public: true, http: 401 },
  FORBIDDEN: { retryable: false, public: true, http: 403 },
  NOT_FOUND: { retryable: false, public: true, http: 404 },
  CONFLICT: { retryable: false, public: true, http: 409 },
  RATE_LIMITED: { retryable: true, public: true, http: 429 },
  NO_WORKER: { retryable: true, public: true, http: 503 },
  WORKER_FAILED: { retryable: true, public: true, http: 502 },
  CHAIN_UNAVAILABLE: { retryable: true, public: true, http: 503 },
  NOT_YET_INDEXED: { retryable: true, public: true, http: 503 },
  TIMEOUT: { retryable: true, public: true, http: 504 },
  OVERLOADED: { retryable: true, public: true, http: 503 },
  SHUTTING_DOWN: { retryable: true, public: true, http: 503 },
  INTERNAL: { retryable: false, public: false, http: 500 },
} as const satisfies Record<string, ErrorKind>;

/** A code of `errorTable`. */
export type ErrorCode = keyof typeof errorTable;

/** Details of an error, such as `height`, `chain`, `taskId`, `limit`, `actual`. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** The only class of errors that the product throws on purpose. */
export class IndexerError extends Error {
  override readonly name = "IndexerError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly facts: ErrorFacts = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Whether an unchanged retry may succeed: the fact `retryable` if given, else the value of the table. */
  get retryable(): boolean {
    const known = this.facts["retryable"];
    return typeof known === "boolean" ? known : errorTable[this.code].retryable;
  }
}

/** Returns an IndexerError unchanged, and any other error as INTERNAL with the original as its cause. */
export function toIndexerError(error: unknown): IndexerError {
  if (error instanceof IndexerError) return error;
  return new IndexerError("INTERNAL", errorMessage(error), {}, { cause: error });
}
