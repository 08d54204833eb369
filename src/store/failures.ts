// Maps failures of the database to IndexerErrors.
// Imports only domain; a driver's error appears only as the cause.
import { IndexerError } from "../domain/errors.js";
import { errorMessage } from "../lib/error-message.js";

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "EACCES",
]);
const prismaUnreachable = new Set(["P1001", "P1002", "P1008", "P1017", "P2024", "P2037"]);
const driverMessages =
  /connection (terminated|ended|error|timeout)|timeout exceeded when trying to connect|not queryable|after calling end/i;

/** By SQLSTATE, or its class if only the first two characters are given. */
const sentences: readonly (readonly [state: string, sentence: string])[] = [
  ["53100", "The database's disk is full. Free disk space, then retry."],
  ["53300", "The database has no connection left. Raise max_connections or lower the pool size."],
  ["53", "The database is out of resources."],
  ["25006", "The database is read-only, possibly a standby. Connect to the primary."],
  ["57", "The database is stopping or starting."],
  ["58", "The database's storage failed."],
  ["08", "The connection to the database broke."],
  ["55P03", "The database did not grant a lock in time."],
  ["40", "Several writers stored the same heights at once. Retry the batch."],
];
/** Retrying does not resolve these failures. */
const permanent: readonly (readonly [state: string, sentence: string])[] = [
  ["28", "The database refused the user or password of DATABASE_URL. Correct the URL."],
  ["3D000", "The database that DATABASE_URL names does not exist: create it."],
];

/** The SQLSTATE of a failure, however deep a driver or Prisma wrapped it. */
export function sqlStateOf(error: unknown): string | undefined {
  for (const each of chainOf(error)) {
    for (const code of [field(each, "originalCode"), field(each, "code")]) {
      if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !/^[PE][0-9]{4}$|^E[A-Z]{4}$/.test(code))
        return code;
    }
  }
  return undefined;
}

/** The failure as an IndexerError: OVERLOADED, TIMEOUT, BAD_USER_INPUT or INTERNAL; an IndexerError is returned unchanged. */
export function databaseFailure(error: unknown): IndexerError {
  if (error instanceof IndexerError) return error;
  const state = sqlStateOf(error);
  const match = (table: typeof sentences): string | undefined =>
    table.find(([prefix]) => state?.startsWith(prefix))?.[1];
  const fail = (
    code: "OVERLOADED" | "TIMEOUT" | "BAD_USER_INPUT" | "INTERNAL",
    message: string,
    retryable?: boolean,
  ) => new IndexerError(code, message, retryable === undefined ? {} : { retryable }, { cause: error });

  if (state === "57014") return fail("TIMEOUT", "The database took too long. Request less data at once.");
  if (state?.startsWith("54"))
    return fail(
      "BAD_USER_INPUT",
      "The request is more than the database can take. Request less data at once.",
    );
  if (state === "42P01")
    return fail("INTERNAL", "Tables are missing in the database: run 'indexer db migrate'.");
  const permanentFailure = match(permanent);
  if (permanentFailure !== undefined) return fail("OVERLOADED", permanentFailure, false);
  const transient =
    match(sentences) ?? (isUnreachable(error) ? "The database cannot be reached." : undefined);
  if (transient !== undefined) return fail("OVERLOADED", transient);
  return fail("INTERNAL", `The database refused a statement: ${errorMessage(error)}`);
}

/** Whether the server or the network ended the connection; another connection may work. */
export function isEnded(error: unknown): boolean {
  return sqlStateOf(error) === "57P01" || [...chainOf(error)].some(isEndedConnection);
}

function isEndedConnection(each: object): boolean {
  const code = field(each, "code");
  return (
    code === "ECONNRESET" ||
    code === "EPIPE" ||
    (each instanceof Error && /connection terminated|not queryable/i.test(each.message))
  );
}

/** Runs work of Prisma's client and maps its errors to IndexerErrors. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw databaseFailure(error);
  }
}

function isUnreachable(error: unknown): boolean {
  return [...chainOf(error)].some((each) => {
    const code = field(each, "code");
    const kind = field(each, "kind");
    return (
      (typeof code === "string" && (networkCodes.has(code) || prismaUnreachable.has(code))) ||
      kind === "DatabaseNotReachable" ||
      kind === "ConnectionClosed" ||
      (each instanceof Error && driverMessages.test(each.message))
    );
  });
}

/** The error, the errors that Prisma wraps in it, and their causes. */
function* chainOf(error: unknown): Generator<object> {
  const open: unknown[] = [error];
  const seen = new Set<object>();
  while (open.length > 0) {
    const next = open.shift();
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    yield next;
    open.push(field(next, "cause"), field(next, "meta"), field(next, "driverAdapterError"));
  }
}

function field(of: object, name: string): unknown {
  return Reflect.get(of, name);
}
