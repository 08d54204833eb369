// The protocol graphql-transport-ws over any carrier: which operations a peer runs, and ending them. Imports this folder.
// Never touches a socket.
import type { IncomingMessage } from "node:http";
import { GraphQLError, type ExecutionArgs } from "graphql";
import { makeServer, type WebSocket as ProtocolSocket } from "graphql-ws";
import { IndexerError } from "../domain/errors.js";
import type { OperationResult } from "./envelop.js";
import type { PublicErrors } from "./errors.js";
import { withoutTransport } from "./http-status.js";
import type { Limits } from "./limits.js";

/** An operation, ready to be run. */
export interface Prepared {
  readonly args: ExecutionArgs;
  readonly run: (args: ExecutionArgs) => OperationResult | Promise<OperationResult>;
}

/** What a message asks, as it came. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** Who asks over a socket. */
export interface SocketCaller {
  readonly request: IncomingMessage;
  /** Aborts when the operation is ended by its caller, or its socket closes. */
  readonly disconnected: AbortSignal;
}

/** What the protocol needs. */
export interface ProtocolDeps {
  readonly limits: Pick<Limits, "connectionInitMs" | "subscriptionsPerSocket">;
  readonly errors: PublicErrors;
  /** Parses, validates and gives the context; answers errors where that fails. */
  readonly prepare: (
    payload: OperationRequest,
    caller: SocketCaller,
  ) => Promise<Prepared | readonly GraphQLError[]>;
}

/** The protocol's side of the gateway. */
export interface Protocol {
  /** Takes a peer; answers what to call when its socket has closed. */
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
    if (prepared === undefined) throw new Error("An operation was run that was not prepared.");
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
            // A query that its caller ended is told to nobody by the protocol; what it does must stop all the same.
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

/** The error that was shown already, where the protocol wrapped it once more. */
function rootGraphqlError(error: GraphQLError): GraphQLError {
  return error.originalError instanceof GraphQLError ? error.originalError : error;
}

function tooMany(limit: number): IndexerError {
  return new IndexerError("RATE_LIMITED", `This socket runs ${limit} operations already: end one first.`, {
    limit,
  });
}
