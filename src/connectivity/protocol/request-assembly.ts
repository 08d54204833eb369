// Chooses the assembly of a request, and computes the rest of a request.
// Imports only domain and this folder; never does I/O.
import type { TaskRequest } from "../../domain/task.js";
import type { Assembly } from "./assembly.js";
import { createHeightAssembly } from "./height-assembly.js";
import { createAccountAssembly, createTransactionAssembly } from "./single-assembly.js";

/** Creates the assembly for a request. */
export function createAssembly(request: TaskRequest): Assembly {
  switch (request.kind) {
    case "heights":
    case "latest":
      return createHeightAssembly(request);
    case "transaction":
      return createTransactionAssembly(request);
    case "reward":
    case "balance":
    case "delegations":
      return createAccountAssembly(request);
  }
}

/** Returns the rest of a request after the heights up to `cursor` are complete; undefined if nothing is left. */
export function remainingRequest(
  request: TaskRequest,
  done: { readonly cursor: number; readonly hash?: string; readonly heights: number },
): TaskRequest | undefined {
  switch (request.kind) {
    case "heights":
      if (done.cursor >= request.range.to) return undefined;
      return { ...request, range: { from: done.cursor + 1, to: request.range.to } };
    case "latest": {
      const limit = request.limit - done.heights;
      const after = { height: done.cursor, ...(done.hash !== undefined && { hash: done.hash }) };
      return limit > 0 ? { ...request, after, limit } : undefined;
    }
    case "transaction":
    case "reward":
    case "balance":
    case "delegations":
      return request;
  }
}
