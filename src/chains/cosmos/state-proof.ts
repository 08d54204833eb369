// Verifies that a node has the state of a height: nodes before SDK 0.45 return empty lists, not errors, for a state that they lack.
// Imports only cosmjs-types, domain, endpoint-error and its neighbours; never chooses between nodes.
import { QueryParamsRequest } from "cosmjs-types/cosmos/auth/v1beta1/query";
import type { Height } from "../../domain/height.js";
import { TaskFailure } from "../../domain/task.js";
import { EndpointError } from "../endpoint-error.js";
import type { CosmosNode, StateQuery } from "./node.js";

/** A state query whose response may be an empty list, and the decoder of its response. */
export interface ListStateQuery<T> extends StateQuery {
  readonly decode: (bytes: Uint8Array) => T;
  /** Whether the decoded response is empty. */
  readonly isEmpty: (response: T) => boolean;
}

/** Runs a state query. Accepts an empty response only from a node that has the state; else rejects with an EndpointError. */
export async function queryProvenState<T>(
  node: Pick<CosmosNode, "query" | "status">,
  query: ListStateQuery<T>,
  signal: AbortSignal,
): Promise<T> {
  const bytes = await node.query(query, signal).catch((error: unknown) => {
    if (isNotFound(error)) return new Uint8Array();
    throw error;
  });
  const response = query.decode(bytes);
  if (query.isEmpty(response)) await proveState(node, query.height, signal);
  return response;
}

/** Before SDK 0.45 a node returns an error, not an empty list, for an account without delegations. */
function isNotFound(error: unknown): boolean {
  return error instanceof TaskFailure && error.retry === "never" && error.details.type === "not_found";
}

/** A query of the auth module's parameters, which every state of every chain has. */
function authParamsQuery(height: Height): StateQuery {
  return {
    path: "/cosmos.auth.v1beta1.Query/Params",
    request: QueryParamsRequest.encode({}).finish(),
    height,
  };
}

async function proveState(
  node: Pick<CosmosNode, "query" | "status">,
  height: Height,
  signal: AbortSignal,
): Promise<void> {
  try {
    await node.query(authParamsQuery(height), signal);
  } catch (error) {
    // Timeouts, rate limits and pruned states have their own faults; any other error may be the panic of an old node without the state.
    if (!(error instanceof EndpointError) || error.fault !== "unavailable") throw error;
    const { head } = await node.status(signal);
    if (height > head.height)
      throw unavailableState("height_not_reached", `it has not reached height ${height} yet`, height);
    // If the query of the newest state fails too, the node is faulty: its own error passes through.
    await node.query(authParamsQuery(head.height), signal);
    throw unavailableState("pruned", `it no longer has the state at height ${height}`, height);
  }
}

function unavailableState(type: string, message: string, height: Height): EndpointError {
  return new EndpointError("missing", message, {
    failure: new TaskFailure(message, "other-worker", { type, height }),
  });
}
