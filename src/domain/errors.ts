// The closed table of errors. Pure values; imports nothing of this project; never does I/O.

/** What a code means to the one who asked. */
interface ErrorKind {
  /** Whether asking again, unchanged, may help. */
  readonly retryable: boolean;
  /** Whether the message may be shown to the caller; an INTERNAL shows an id only. */
  readonly public: boolean;
  /** The HTTP status where the whole answer is this error. */
  readonly http: number;
}

/** Every code that the product answers with. The documentation's table is held against this one by a test. */
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

/** A code of the table. */
export type ErrorCode = keyof typeof errorTable;

/** Facts that travel with an error, such as `height`, `chain`, `taskId`, `limit`, `actual`. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** The one class of errors that the product throws on purpose. */
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

  /** Whether asking again, unchanged, may help: as the table says, unless the facts know better. */
  get retryable(): boolean {
    const known = this.facts["retryable"];
    return typeof known === "boolean" ? known : errorTable[this.code].retryable;
  }
}

/** The error as one of ours: itself, or INTERNAL with the original as its cause. */
export function toIndexerError(error: unknown): IndexerError {
  if (error instanceof IndexerError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new IndexerError("INTERNAL", message, {}, { cause: error });
}
