// Whether a node has the state of a height: nodes before SDK 0.45 know of nothing in a state that they do not have, without an error.
// Imports only cosmjs-types, domain, endpoint-error and its neighbours; never chooses between nodes.
import { QueryParamsRequest } from "cosmjs-types/cosmos/auth/v1beta1/query";
import type { Height } from "../../domain/height.js";
import { TaskFailure } from "../../domain/task.js";
import { EndpointError } from "../endpoint-error.js";
import type { CosmosNode, StateQuery } from "./node.js";

/** A query for something that there may be none of, and how its answer is read. */
export interface ListQuery<T> extends StateQuery {
  readonly read: (answer: Uint8Array) => T;
  /** Whether a response says that there is nothing. */
  readonly isNothing: (response: T) => boolean;
}

/** The answer to a query of state. One that says nothing is taken only from a node that has the state; else rejects with an EndpointError. */
export async function provenAnswer<T>(
  node: Pick<CosmosNode, "query" | "status">,
  query: ListQuery<T>,
  signal: AbortSignal,
): Promise<T> {
  const answer = await node.query(query, signal).catch((error: unknown) => {
    if (isNothing(error)) return new Uint8Array();
    throw error;
  });
  const response = query.read(answer);
  if (query.isNothing(response)) await proveState(node, query.height, signal);
  return response;
}

/** Before SDK 0.45 a node answers an account without delegations with an error, not with none. */
function isNothing(error: unknown): boolean {
  return error instanceof TaskFailure && error.retry === "never" && error.details.type === "not_found";
}

/** Every state of every chain has the parameters of accounts. */
function parameters(height: Height): StateQuery {
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
    await node.query(parameters(height), signal);
  } catch (error) {
    // Too late, too often or pruned says itself what it is; what is left may be the panic of an old node without the state.
    if (!(error instanceof EndpointError) || error.fault !== "unavailable") throw error;
    const { head } = await node.status(signal);
    if (height > head.height)
      throw lacking("height_not_reached", `it has not reached height ${height} yet`, height);
    // A node that cannot answer for its newest state either is ill, and says by what.
    await node.query(parameters(head.height), signal);
    throw lacking("pruned", `it no longer has the state at height ${height}`, height);
  }
}

function lacking(type: string, message: string, height: Height): EndpointError {
  return new EndpointError("missing", message, {
    failure: new TaskFailure(message, "other-worker", { type, height }),
  });
}
