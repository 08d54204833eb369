// Which HTTP status an answer has. Imports domain/errors and this folder; never changes what an answer says.
import { GraphQLError, type ExecutionResult } from "graphql";
import { errorTable, type ErrorCode } from "../domain/errors.js";
import { isCode, transportFacts } from "./errors.js";

/** A status with what else the head of the answer says. */
export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Codes of well-formed requests whose document, variables or fields fail. To those who take `application/json` only, such an
 * answer is 200, as GraphQL over HTTP wants it for older clients.
 */
const ofGraphql: ReadonlySet<string> = new Set([
  "BAD_USER_INPUT",
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
] satisfies ErrorCode[]);

/** Seconds after which one who was refused for now may try again. */
const retryAfter = "1";

/** The head of an answer: 200 where there is data, else what the first error's code stands for. */
export function headOf({ data, errors }: ExecutionResult, accept: string | null): Head {
  const ok = { status: 200, headers: {} };
  const [error] = errors ?? [];
  if (error === undefined) return ok;
  const transport = errors?.map(transportFacts).find((facts) => facts !== undefined);
  if (transport !== undefined) return { status: transport.status, headers: transport.headers ?? {} };
  if (data !== undefined && data !== null) return ok;
  const code = error.extensions["code"];
  const legacy = !prefersGraphqlResponse(accept);
  // A field that failed is an answer all the same: only a request that was refused as a whole is not.
  if (legacy && (data === null || (isCode(code) && ofGraphql.has(code)))) return ok;
  const status = isCode(code) ? errorTable[code].http : 500;
  return { status, headers: status === 503 || status === 429 ? { "Retry-After": retryAfter } : {} };
}

/** Whether the first type that the caller names, of those that fit, is the newer one. */
function prefersGraphqlResponse(accept: string | null): boolean {
  const fits = /application\/graphql-response\+json|application\/(json|\*)|\*\/\*/i.exec(accept ?? "*/*");
  return fits?.[0].toLowerCase() === "application/graphql-response+json";
}

/** The errors without what is for HTTP only. */
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
