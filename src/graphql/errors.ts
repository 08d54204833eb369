// Errors as callers see them: a code of the table, retryable, and facts. Unexpected errors show an id only.
// Imports domain/errors and the logger. Never shows the message of an unexpected error.
import { randomUUID } from "node:crypto";
import { BREAK, GraphQLError, isValueNode, Kind, visit, type ASTNode, type DocumentNode } from "graphql";
import { errorTable, IndexerError, type ErrorCode, type ErrorFacts } from "../domain/errors.js";
import type { Logger } from "../lib/logger.js";

/** Converts errors to the public form. Each error is converted, and logged, once. */
export interface PublicErrors {
  /** Converts any error, from any stage. */
  of(error: unknown): GraphQLError;
  /** Converts an error of the validation of a document. */
  ofValidation(error: Error, document: DocumentNode): GraphQLError;
}

/** The HTTP status of an error of the HTTP request itself, such as a body that is too large. */
export interface TransportFacts {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Creates the conversion of errors. Unexpected errors are logged with an id. */
export function createPublicErrors(logger: Logger): PublicErrors {
  const shown = new WeakSet<Error>();

  const show = (error: GraphQLError): GraphQLError => {
    shown.add(error);
    return error;
  };
  const fromCode = (code: ErrorCode, located: GraphQLError, facts: ErrorFacts = {}): GraphQLError =>
    show(rebuild(located, located.message, { code, retryable: errorTable[code].retryable, ...facts }));

  const unexpected = (error: unknown, located: GraphQLError | undefined): GraphQLError => {
    const id = randomUUID();
    logger.error({ errorId: id, error, path: located?.path }, "An operation failed unexpectedly.");
    const message = `An unexpected error occurred. Search the manager's log for ${id}.`;
    return show(rebuild(located, message, { code: "INTERNAL", retryable: false, id }));
  };

  const fromIndexerError = (error: IndexerError, located: GraphQLError | undefined): GraphQLError => {
    if (!errorTable[error.code].public) return unexpected(error.cause ?? error, located);
    const { code, message, retryable, facts } = error;
    return show(rebuild(located, message, { code, ...facts, retryable }));
  };

  const of = (error: unknown): GraphQLError => {
    if (!(error instanceof GraphQLError)) {
      return error instanceof IndexerError
        ? fromIndexerError(error, undefined)
        : unexpected(error, undefined);
    }
    if (shown.has(error)) return error;
    const variable = variablePath(error);
    if (variable !== undefined) return fromCode("BAD_USER_INPUT", error, { argument: variable });
    const root = rootOf(error);
    if (root instanceof IndexerError) return fromIndexerError(root, error);
    if (!(root instanceof GraphQLError)) return unexpected(root, error);
    const transport = transportFacts(root);
    if (transport !== undefined) return show(ownTransport(root) ? root : transportError(root, transport));
    const code = codeOf(root);
    return code === undefined ? unexpected(root, error) : fromCode(code, error);
  };

  return {
    of,
    ofValidation: (error, document) => {
      if (!(error instanceof GraphQLError) || shown.has(error)) return of(error);
      const argument = argumentPath(error.nodes?.[0], document);
      return argument === undefined
        ? fromCode("GRAPHQL_VALIDATION_FAILED", error)
        : fromCode("BAD_USER_INPUT", error, { argument });
    },
  };
}

function rebuild(
  located: GraphQLError | undefined,
  message: string,
  extensions: Readonly<Record<string, unknown>>,
): GraphQLError {
  if (located === undefined) return new GraphQLError(message, { extensions });
  const { nodes, source, positions, path } = located;
  return new GraphQLError(message, {
    extensions,
    ...(nodes !== undefined && { nodes }),
    ...(source !== undefined && { source }),
    ...(positions !== undefined && { positions }),
    ...(path !== undefined && { path }),
  });
}

function rootOf(error: Error): Error {
  return error instanceof GraphQLError && error.originalError !== undefined
    ? rootOf(error.originalError)
    : error;
}

/** Returns the code that an error has in its public form. */
export function outcomeOf(error: GraphQLError): ErrorCode {
  const { code } = error.extensions;
  if (isCode(code)) return code;
  if (variablePath(error) !== undefined) return "BAD_USER_INPUT";
  const root = rootOf(error);
  if (root instanceof IndexerError) return root.code;
  return root instanceof GraphQLError ? (codeOf(root) ?? "INTERNAL") : "INTERNAL";
}

/** Whether a value is a code of the error table. */
export function isCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && code in errorTable;
}

/** The code of an error of the GraphQL libraries; undefined if the caller did not cause it. */
function codeOf(error: GraphQLError): ErrorCode | undefined {
  const code = error.extensions["code"];
  if (code === "OPERATION_RESOLUTION_FAILURE") return "BAD_USER_INPUT";
  if (error.message.startsWith("Syntax Error")) return "GRAPHQL_PARSE_FAILED";
  const node = error.nodes?.[0];
  // The node of a wrong argument is its value. The node of a wrong resolver result is its field.
  return node !== undefined && isValueNode(node) ? "BAD_USER_INPUT" : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** The codes of yoga for invalid HTTP requests. */
const transportCodes: ReadonlySet<unknown> = new Set(["BAD_REQUEST", "REQUEST_ENTITY_TOO_LARGE"]);

/** Returns the HTTP status of an error of the HTTP request itself; undefined for other errors. */
export function transportFacts(error: GraphQLError): TransportFacts | undefined {
  const { http, code } = error.extensions;
  if (!isRecord(http) || typeof http["status"] !== "number") return undefined;
  if (!transportCodes.has(code) && !ownTransport(error)) return undefined;
  const allow = isRecord(http["headers"]) ? http["headers"]["Allow"] : undefined;
  return { status: http["status"], ...(typeof allow === "string" && { headers: { Allow: allow } }) };
}

function ownTransport({ extensions }: GraphQLError): boolean {
  const { http } = extensions;
  return isRecord(http) && http["transport"] === true;
}

/** Creates a BAD_USER_INPUT about the HTTP request itself, with its own HTTP status. */
export function transportError(
  { message }: { readonly message: string },
  { status, headers }: TransportFacts,
  facts: ErrorFacts = {},
): GraphQLError {
  const http = { status, transport: true, ...(headers !== undefined && { headers }) };
  return new GraphQLError(message, {
    extensions: { code: "BAD_USER_INPUT", retryable: false, ...facts, http },
  });
}

/** The path of the variable that has a wrong value; undefined for other errors. */
function variablePath({ nodes, message }: GraphQLError): string | undefined {
  const definition = nodes?.[0];
  if (definition?.kind !== Kind.VARIABLE_DEFINITION) return undefined;
  const place = / at "([^"]+)"/.exec(message)?.[1] ?? definition.variable.name.value;
  const unknown = /Field "([^"]+)" is not defined/.exec(message)?.[1];
  return unknown === undefined ? place : `${place}.${unknown}`;
}

/** The path of the argument that contains a value, such as `filter.heights.gte`; undefined outside of arguments. */
function argumentPath(node: ASTNode | undefined, document: DocumentNode): string | undefined {
  if (node === undefined || !(isValueNode(node) || node.kind === Kind.OBJECT_FIELD)) return undefined;
  let path: string | undefined;
  visit(document, {
    enter: (each, _key, parent, _path, ancestors) => {
      if (each !== node) return undefined;
      const names = [...ancestors, parent, each].flatMap((around) =>
        around !== undefined &&
        "kind" in around &&
        (around.kind === Kind.ARGUMENT || around.kind === Kind.OBJECT_FIELD)
          ? [around.name.value]
          : [],
      );
      path = names.length === 0 ? undefined : names.join(".");
      return BREAK;
    },
  });
  return path;
}
