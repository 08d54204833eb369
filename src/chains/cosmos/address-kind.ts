// Detects the protocol of a node's address by calling the node.
// Imports only domain, lib and its neighbours; never keeps a connection open.
import { TaskFailure } from "../../domain/task.js";
import { errorMessage } from "../../lib/error-message.js";
import { maskUrl } from "../../lib/logger.js";
import { createGrpcClient, grpcTarget } from "./grpc-client.js";
import { createGrpcNode } from "./grpc-node.js";
import { createHttpClient } from "./http-client.js";
import type { CosmosNode } from "./node.js";
import { createRpcNode } from "./rpc-node.js";

/** A node's address with its detected protocol. */
export interface ProbedAddress {
  readonly kind: "grpc" | "rpc";
  /** The address in the form that `createCosmosChain` accepts: an RPC address always has a scheme. */
  readonly url: string;
  readonly chainId: string;
}

/** Options of `probeCosmosAddress`. */
export interface ProbeOptions {
  readonly signal: AbortSignal;
  /** Milliseconds to wait for a response; 10,000 by default. */
  readonly timeoutMs?: number;
}

/** Throws a TaskFailure if the text is neither `host:port` nor a URL. */
export function checkCosmosAddress(address: string): void {
  if (/\s/.test(address)) {
    const message = `'${address}' is not an address: write host:port, or a URL, without spaces.`;
    throw new TaskFailure(message, "never", { type: "bad_request" });
  }
  try {
    grpcTarget(address);
  } catch (error) {
    if (/^https?:\/\//i.test(address) && URL.canParse(address)) return;
    throw new TaskFailure(errorMessage(error), "never", { type: "bad_request" });
  }
}

/** Detects whether an address is a node's gRPC or its RPC. Rejects with a TaskFailure that names the error of each probe. */
export async function probeCosmosAddress(url: string, options: ProbeOptions): Promise<ProbedAddress> {
  const { signal, timeoutMs = 10_000 } = options;
  const rpcUrl = /^https?:\/\//i.test(url) ? url : `http://${url}`;
  const inner = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const done = new AbortController();
  const probe = async (
    kind: ProbedAddress["kind"],
    known: string,
    create: () => CosmosNode,
  ): Promise<ProbedAddress> => {
    const node = create();
    try {
      const { chainId } = await node.status(AbortSignal.any([inner, done.signal]));
      return { kind, url: known, chainId };
    } catch (error) {
      throw new Error(`as ${kind === "grpc" ? "gRPC" : "RPC"}: ${errorMessage(error)}`, { cause: error });
    } finally {
      node.close();
    }
  };
  try {
    return await Promise.any([
      probe("rpc", rpcUrl, () =>
        createRpcNode(createHttpClient({ baseUrl: rpcUrl, maxSockets: 1, now: Date.now })),
      ),
      probe("grpc", url, () => createGrpcNode(createGrpcClient(url))),
    ]);
  } catch (error) {
    signal.throwIfAborted();
    const reasons =
      error instanceof AggregateError ? error.errors.map(errorMessage).join("; ") : errorMessage(error);
    const message = inner.aborted
      ? `${maskUrl(url)} did not respond within ${timeoutMs / 1_000} s, neither as a Cosmos node's gRPC nor as its RPC.`
      : `${maskUrl(url)} is neither a Cosmos node's gRPC nor its RPC (${reasons}).`;
    // A node that is starting refuses connections: the caller may try again.
    throw new TaskFailure(message, "other-worker", { type: "unavailable" }, { cause: error });
  } finally {
    done.abort();
  }
}
