// Which protocol an address speaks, where an operator gives just one: asked of the node itself.
// Imports only domain, lib and its neighbours; never keeps a connection.
import { TaskFailure } from "../../domain/task.js";
import { maskUrl } from "../../lib/logger.js";
import { createGrpcClient } from "./grpc-client.js";
import { createGrpcNode } from "./grpc-node.js";
import { createHttpClient } from "./http-client.js";
import type { CosmosNode } from "./node.js";
import { createRpcNode } from "./rpc-node.js";

/** What an address turned out to be. */
export interface ProbedAddress {
  readonly kind: "grpc" | "rpc";
  /** The address as `createCosmosChain` takes it: an RPC's always with its scheme. */
  readonly url: string;
  readonly chainId: string;
}

export interface ProbeOptions {
  readonly signal: AbortSignal;
  /** Milliseconds to wait for an answer; 10,000 by default. */
  readonly timeoutMs?: number;
}

/** Finds out whether an address is a node's gRPC or its RPC. Rejects with a TaskFailure that says what each probe met. */
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
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`as ${kind === "grpc" ? "gRPC" : "RPC"}: ${reason}`, { cause: error });
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
    const words = error instanceof AggregateError ? error.errors.map(messageOf).join("; ") : messageOf(error);
    const message = `${maskUrl(url)} is neither a Cosmos node's gRPC nor its RPC (${words}).`;
    throw new TaskFailure(message, "never", { type: "unavailable" }, { cause: error });
  } finally {
    done.abort();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
