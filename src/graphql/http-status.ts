// The HTTP status of a response. Imports domain/errors and this folder. Never changes the content of a response.
import { GraphQLError, type ExecutionResult } from "graphql";
import { errorTable, type ErrorCode } from "../domain/errors.js";
import { isCode, transportFacts } from "./errors.js";

/** The status and headers of a response. */
export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Codes of well-formed requests whose document, variables or fields fail. For clients that accept only `application/json`,
 * the status is 200, as GraphQL over HTTP specifies for legacy clients.
 */
const graphqlCodes: ReadonlySet<string> = new Set([
  "BAD_USER_INPUT",
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
] satisfies ErrorCode[]);

/** Seconds after which a caller may retry a request that was rejected temporarily. */
const retryAfter = "1";

/** Returns the status of a response: 200 with data, else the status of the first error code. */
export function headOf({ data, errors }: ExecutionResult, accept: string | null): Head {
  const ok = { status: 200, headers: {} };
  const [error] = errors ?? [];
  if (error === undefined) return ok;
  const transport = errors?.map(transportFacts).find((facts) => facts !== undefined);
  if (transport !== undefined) return { status: transport.status, headers: transport.headers ?? {} };
  if (data !== undefined && data !== null) return ok;
  const code = error.extensions["code"];
  const legacy = !prefersGraphqlResponse(accept);
  // A response with a failed field is still a GraphQL response. A request that was rejected as a whole has none.
  if (legacy && (data === null || (isCode(code) && graphqlCodes.has(code)))) return ok;
  const status = isCode(code) ? errorTable[code].http : 500;
  return { status, headers: status === 503 || status === 429 ? { "Retry-After": retryAfter } : {} };
}

/** Whether the first supported content type that the caller accepts is application/graphql-response+json. */
function prefersGraphqlResponse(accept: string | null): boolean {
  const fits = /application\/graphql-response\+json|application\/(json|\*)|\*\/\*/i.exec(accept ?? "*/*");
  return fits?.[0].toLowerCase() === "application/graphql-response+json";
}

/** Returns the error without the extensions that are for HTTP only. */
export function withoutTransport(error: GraphQLError): GraphQLError {
  if (!("http" in error.extensions)) return error;
  const { http: _http, ...extensions } = error.extensions;
  const { message, nodes, source, positions, path } = error;
  return new GraphQLError(message, {
    extensions,
    ...(nodes !== undefined && { nodes }),
    ...(source !== undefined && { source }),
    ...(positions !== undefined && { positions }),
    ...(path !== undefined && { path }),
  });
}
