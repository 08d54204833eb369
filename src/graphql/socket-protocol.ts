// The protocol graphql-transport-ws over any carrier: tracks and ends the operations of a peer. Imports this folder.
// Never uses a socket directly.
import type { IncomingMessage } from "node:http";
import { GraphQLError, type ExecutionArgs } from "graphql";
import { makeServer, type WebSocket as ProtocolSocket } from "graphql-ws";
import { IndexerError } from "../domain/errors.js";
import type { OperationResult } from "./envelop.js";
import type { PublicErrors } from "./errors.js";
import { withoutTransport } from "./http-status.js";
import type { Limits } from "./limits.js";

/** An operation that is ready to run. */
export interface Prepared {
  readonly args: ExecutionArgs;
  readonly run: (args: ExecutionArgs) => OperationResult | Promise<OperationResult>;
}

/** The payload of a subscribe message. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** The caller of an operation on a socket. */
export interface SocketCaller {
  readonly request: IncomingMessage;
  /** Aborts when the caller ends the operation, or its socket closes. */
  readonly disconnected: AbortSignal;
}

/** The dependencies of the protocol. */
export interface ProtocolDeps {
  readonly limits: Pick<Limits, "connectionInitMs" | "subscriptionsPerSocket">;
  readonly errors: PublicErrors;
  /** Parses and validates an operation and creates its context. Resolves to errors if that fails. */
  readonly prepare: (
    payload: OperationRequest,
    caller: SocketCaller,
  ) => Promise<Prepared | readonly GraphQLError[]>;
}

/** The protocol, independent of its carrier. */
export interface Protocol {
  /** Adds a peer. Returns the function to call when its socket has closed. */
  opened(socket: ProtocolSocket, request: IncomingMessage): (code: number, reason: string) => Promise<void>;
}

/** One operation that a peer runs. */
interface Operation {
  readonly disconnected: AbortController;
  readonly isWanted: () => boolean;
}

type Peer = Record<PropertyKey, unknown> & {
  readonly request: IncomingMessage;
  readonly operations: Set<Operation>;
};

/** Creates the protocol. */
export function createProtocol({ limits, errors, prepare }: ProtocolDeps): Protocol {
  const runs = new WeakMap<object, Prepared["run"]>();
  const run = (args: ExecutionArgs): OperationResult | Promise<OperationResult> => {
    const prepared = runs.get(args);
    if (prepared === undefined) throw new Error("The operation was not prepared.");
    return prepared(args);
  };
  const server = makeServer<Record<string, unknown>, Peer>({
    connectionInitWaitTimeout: limits.connectionInitMs,
    execute: run,
    subscribe: run,
    onSubscribe: async (context, id, payload) => {
      const open = Object.keys(context.subscriptions).length;
      if (open > limits.subscriptionsPerSocket) return [errors.of(tooMany(limits.subscriptionsPerSocket))];
      const { operations, request } = context.extra;
      const disconnected = new AbortController();
      operations.add({ disconnected, isWanted: () => id in context.subscriptions });
      const prepared = await prepare(payload, { request, disconnected: disconnected.signal });
      if (!("run" in prepared)) return prepared;
      runs.set(prepared.args, prepared.run);
      return prepared.args;
    },
    onNext: (_context, _id, _payload, _args, { data, extensions, errors: failures }) => ({
      ...(failures !== undefined && { errors: failures.map((error) => withoutTransport(error).toJSON()) }),
      ...(data !== undefined && { data }),
      ...(extensions !== undefined && { extensions }),
    }),
    onError: (_context, _id, _payload, each) =>
      each.map((error) => withoutTransport(errors.of(rootGraphqlError(error))).toJSON()),
  });
  return {
    opened: (socket, request) => {
      const operations = new Set<Operation>();
      const end = (isOver: (operation: Operation) => boolean): void => {
        for (const operation of operations) {
          if (!isOver(operation)) continue;
          operations.delete(operation);
          operation.disconnected.abort();
        }
      };
      const carried: ProtocolSocket = {
        ...socket,
        onMessage: (take) =>
          socket.onMessage(async (text) => {
            const work = take(text);
            // The protocol does not report that a caller ended a query, but its work must stop.
            end(({ isWanted }) => !isWanted());
            await work;
          }),
      };
      const closed = server.opened(carried, { request, operations });
      return (code, reason) => {
        end(() => true);
        return closed(code, reason);
      };
    },
  };
}

/** The original error, if the protocol wrapped it. */
function rootGraphqlError(error: GraphQLError): GraphQLError {
  return error.originalError instanceof GraphQLError ? error.originalError : error;
}

function tooMany(limit: number): IndexerError {
  return new IndexerError(
    "RATE_LIMITED",
    `This socket runs ${limit} operations, at most ${limit} allowed. End one first.`,
    {
      limit,
    },
  );
}
