// A connection of a command to a running manager: typed GraphQL over HTTP, subscriptions over a WebSocket.
// Imports only lib and this folder.
// Never retries: an operator sees the failure, with its next step, at once.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { z } from "zod";
import type { Settings } from "../lib/config.js";
import { errorMessage } from "../lib/error-message.js";
import { duration, anyText } from "../lib/setting-types.js";
import { version } from "../lib/version.js";

/** Accepts `host:port` as well as a URL, with or without `/graphql`. */
const managerUrl = z.string().transform((value, context): string => {
  const text = /^https?:\/\//i.test(value) ? value : `http://${value}`;
  if (!value.includes("://") || /^https?:/i.test(value)) {
    if (URL.canParse(text)) return text.replace(/\/+(graphql\/*)?$/, "");
  }
  context.addIssue("must be the URL of a manager, for example http://localhost:8085.");
  return z.NEVER;
});

/** The settings of commands that speak to a manager. */
export const connectionSettings = {
  managerUrl: {
    name: "MANAGER_URL",
    flag: "--manager",
    schema: managerUrl,
    fallback: "http://localhost:8085",
    description: "URL of the manager.",
  },
  managerToken: {
    name: "MANAGER_TOKEN",
    schema: anyText,
    description: "Token that the manager requires.",
    secret: true,
  },
  managerTimeout: {
    name: "MANAGER_TIMEOUT",
    schema: duration(100),
    fallback: "30s",
    description: "Time limit of one request to the manager.",
  },
} as const satisfies Settings;

/** A request that a manager did not answer or refused; the message has the next step. */
export class ManagerError extends Error {
  override readonly name = "ManagerError";

  constructor(
    message: string,
    /** The error code of the manager's response; absent if there was none. */
    readonly code?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** An operation with the shape of its data. */
export interface Operation<T> {
  readonly document: string;
  readonly schema: z.ZodType<T>;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A connection to one manager. Failures are ManagerErrors. */
export interface ManagerConnection {
  readonly url: string;
  /** Sends a query or a mutation. */
  request<T>(operation: Operation<T>): Promise<T>;
  /** Subscribes until the manager ends it or the signal aborts, which ends the iteration without an error. */
  subscribe<T>(operation: Operation<T>, signal: AbortSignal): AsyncGenerator<T, void>;
  /** Returns the status and the body of a GET of another path. */
  get(path: string): Promise<{ readonly status: number; readonly body: unknown }>;
}

/** Options of `connectManager`. */
export interface ConnectionOptions {
  readonly managerUrl: string;
  readonly managerToken?: string | undefined;
  readonly managerTimeout: number;
}

const responseShape = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(z.object({ message: z.string(), extensions: z.record(z.string(), z.unknown()).optional() }))
    .optional(),
});
type ResponseError = NonNullable<z.output<typeof responseShape>["errors"]>[number];

/** Creates a connection; sends nothing before the first request. */
export function connectManager({
  managerUrl: url,
  managerToken: token,
  managerTimeout: timeoutMs,
}: ConnectionOptions): ManagerConnection {
  const authorization: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };

  const send = async (path: string, init: RequestInit): Promise<{ status: number; text: string }> => {
    try {
      const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(timeoutMs) });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw unreachable(url, error, timeoutMs);
    }
  };

  const request = async <T>({ document, schema, variables = {} }: Operation<T>): Promise<T> => {
    const { status, text } = await send("/graphql", {
      method: "POST",
      headers: {
        ...authorization,
        "content-type": "application/json",
        accept: "application/graphql-response+json, application/json",
      },
      body: JSON.stringify({ query: document, variables }),
    });
    const parsed = responseShape.safeParse(parseJson(text));
    if (!parsed.success || (parsed.data.data === undefined && parsed.data.errors === undefined)) {
      throw noManager(url, status);
    }
    return readData({ url, schema, response: parsed.data });
  };

  return {
    url,
    request,
    get: async (path) => {
      const { status, text } = await send(path, { headers: authorization });
      return { status, body: parseJson(text) ?? text };
    },
    async *subscribe({ document, schema, variables = {} }, signal) {
      const client = createClient({
        url: `${url.replace(/^http/i, "ws")}/graphql`,
        webSocketImpl: token === undefined ? WebSocket : authorizedSocket(authorization),
        retryAttempts: 0,
        ...(token !== undefined && { connectionParams: authorization }),
      });
      const results = client.iterate<unknown>({ query: document, variables: { ...variables } });
      const stop = (): void => void results.return?.(undefined);
      signal.addEventListener("abort", stop, { once: true });
      try {
        if (signal.aborted) return;
        for await (const result of results) {
          if (signal.aborted) return;
          const response = responseShape.parse(result);
          yield readData({ url, schema, response });
        }
      } catch (error) {
        if (signal.aborted) return;
        throw subscriptionFailure(url, error);
      } finally {
        signal.removeEventListener("abort", stop);
        await client.dispose();
      }
    },
  };
}

function readData<T>({
  url,
  schema,
  response: { data, errors },
}: {
  readonly url: string;
  readonly schema: z.ZodType<T>;
  readonly response: z.output<typeof responseShape>;
}): T {
  if (errors !== undefined && errors.length > 0) throw refusal(url, errors);
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new ManagerError(
    `The manager at ${url} returned an unexpected value at '${at}'. Use a manager of the version of this command (${version}).`,
  );
}

function unreachable(url: string, error: unknown, timeoutMs: number): ManagerError {
  const cause = error instanceof Error ? error.cause : undefined;
  if (error instanceof Error && error.name === "TimeoutError") {
    return new ManagerError(
      `The manager at ${url} did not respond within ${timeoutMs / 1_000} s. Check its log and its load, or raise MANAGER_TIMEOUT.`,
    );
  }
  return new ManagerError(
    `No manager responds at ${url} (${reasonOf(cause ?? error)}). Start one with 'indexer dev' or 'indexer manager', or name another with --manager <url>.`,
  );
}

function reasonOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : errorMessage(error);
}

function noManager(url: string, status: number): ManagerError {
  if (status === 401 || status === 403) return refusedAccess(url, `HTTP ${status}`);
  return new ManagerError(
    `${url} responds with HTTP ${status}, but not as a manager. Name the manager with --manager <url>.`,
  );
}

function refusedAccess(url: string, reason: string, code?: string): ManagerError {
  return new ManagerError(
    `The manager at ${url} refuses the request: ${reason} Set MANAGER_TOKEN to a token with this permission.`,
    code,
  );
}

const unknownField = /Cannot query field "([^"]+)"|Unknown type "([^"]+)"|Unknown argument "([^"]+)"/;

function refusal(url: string, errors: readonly ResponseError[]): ManagerError {
  // A missing field is the cause of unknown types of its arguments.
  const [error] = [...errors.filter(({ message }) => message.startsWith("Cannot query")), ...errors];
  if (error === undefined) return new ManagerError(`The manager at ${url} failed without a reason.`);
  const { message, extensions } = error;
  const code = typeof extensions?.["code"] === "string" ? extensions["code"] : undefined;
  if (code === "UNAUTHENTICATED" || code === "FORBIDDEN") return refusedAccess(url, message, code);
  const [, field, type, argument] = unknownField.exec(message) ?? [];
  const missing = field ?? type ?? argument;
  if (code === "GRAPHQL_VALIDATION_FAILED" && missing !== undefined) {
    return new ManagerError(
      `The manager at ${url} does not have '${missing}'. Update it to the version of this command (${version}) or newer.`,
      code,
    );
  }
  return new ManagerError(`The manager at ${url} failed: ${message}`, code);
}

/** graphql-ws rejects with a list of GraphQL errors, with a close event, or with the error of the socket. */
function subscriptionFailure(url: string, error: unknown): ManagerError {
  if (error instanceof ManagerError) return error;
  const list = z.array(
    z.object({ message: z.string(), extensions: z.record(z.string(), z.unknown()).optional() }),
  );
  const errors = list.safeParse(error);
  if (errors.success && errors.data.length > 0) return refusal(url, errors.data);
  const closed = z.object({ code: z.number(), reason: z.string() }).safeParse(error);
  const reason = closed.success
    ? `closed the connection (${closed.data.code}${closed.data.reason === "" ? "" : ` ${closed.data.reason}`})`
    : `ended the connection (${reasonOf(error)})`;
  return new ManagerError(`The manager at ${url} ${reason}. Run the command again to follow on.`);
}

/** The handshake carries the token too: a manager may check it before the first message. */
function authorizedSocket(headers: Readonly<Record<string, string>>): unknown {
  return class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols, { headers });
    }
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
