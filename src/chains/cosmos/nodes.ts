// All nodes of a chain: the RPC endpoints and the gRPC endpoints, each kind as one endpoint set.
// Imports only domain, endpoints and its neighbours; never decodes.
import type { ChainRef, ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import { TaskFailure } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import { errorMessage } from "../../lib/error-message.js";
import { TakeOnce } from "../../lib/take-once.js";
import { maskUrl, type Logger } from "../../lib/logger.js";
import { EndpointError } from "../endpoint-error.js";
import { createEndpoints, type Endpoint, type Endpoints, type EndpointStatus } from "../endpoints.js";
import type { RawCosmosBlock, RawCosmosResult } from "./decode/raw-height.js";
import { createGrpcClient } from "./grpc-client.js";
import { createGrpcNode, resultsAtOnce } from "./grpc-node.js";
import { createHttpClient } from "./http-client.js";
import { malformedResponse } from "./node-faults.js";
import type { CosmosNode, Measured } from "./node.js";
import { createRpcNode } from "./rpc-node.js";
import { queryProvenState, type ListStateQuery } from "./state-proof.js";

/** Reads one chain from any of its nodes. All methods reject with a TaskFailure. */
export interface Nodes {
  head(signal: AbortSignal): Promise<ChainHead>;
  earliest(signal: AbortSignal): Promise<Height>;
  block(height: Height, signal: AbortSignal): Promise<Measured<RawCosmosBlock>>;
  /** The results of a block's transactions, one for each. */
  results(
    block: RawCosmosBlock,
    signal: AbortSignal,
  ): Promise<Measured<TakeOnce<readonly RawCosmosResult[]>>>;
  /** The same, but unknown results for those that the nodes' indexes lost. Absent if there is an RPC, which has all results. */
  readonly availableResults?: (
    block: RawCosmosBlock,
    signal: AbortSignal,
  ) => Promise<Measured<TakeOnce<readonly RawCosmosResult[]>>>;
  findHeight(hash: string, signal: AbortSignal): Promise<Height>;
  query<T>(query: ListStateQuery<T>, signal: AbortSignal): Promise<T>;
  status(): readonly EndpointStatus[];
  close(): void;
}

/** The clients of all endpoints, by protocol. They connect on their first call. */
export interface NodeEndpoints {
  readonly rpc: readonly Endpoint<CosmosNode>[];
  readonly grpc: readonly Endpoint<CosmosNode>[];
}

/** Creates the clients of URLs. The endpoint's name has no credentials. */
export function createNodeEndpoints({
  rpcUrls,
  grpcUrls,
  parallel,
  clock,
}: {
  readonly rpcUrls: readonly string[];
  readonly grpcUrls: readonly string[];
  readonly parallel: number;
  readonly clock: Clock;
}): NodeEndpoints {
  return {
    rpc: rpcUrls.map((url) => ({
      name: maskUrl(url),
      client: createRpcNode(
        createHttpClient({ baseUrl: url, maxSockets: 2 * parallel, now: () => clock.now() }),
      ),
    })),
    grpc: grpcUrls.map((url) => ({ name: maskUrl(url), client: createGrpcNode(createGrpcClient(url)) })),
  };
}

/** Options of `createNodes`. */
export interface NodesOptions {
  readonly chain: ChainRef;
  readonly endpoints: NodeEndpoints;
  readonly timeoutMs: number;
  readonly requestsPerSecond?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface NodeSet {
  readonly endpoints: Endpoints<CosmosNode>;
  /** What requests for the results of a block takes: over RPC one request, over gRPC one for each transaction. */
  readonly resultRequests: (block: RawCosmosBlock) => { readonly weight: number; readonly rounds: number };
}

/** Cosmos chains do not reorganise; nodes behind one address may be a few blocks apart. */
const headLimits = { maxRollback: 100, maxAhead: 1_000_000, blocksPerSecond: 100 };

/** Milliseconds to wait for cooling-down endpoints of one kind if endpoints of the other kind exist. */
const shortPatienceMs = 500;

/** Creates the nodes of a chain. Sends no request before the first read. */
export function createNodes(options: NodesOptions): Nodes {
  const { chain, endpoints, timeoutMs, requestsPerSecond, clock, logger } = options;
  const bothKinds = endpoints.rpc.length > 0 && endpoints.grpc.length > 0;
  const createSets = (
    list: readonly Endpoint<CosmosNode>[],
    resultRequests: NodeSet["resultRequests"],
  ): NodeSet[] =>
    list.length === 0
      ? []
      : [
          {
            resultRequests,
            endpoints: createEndpoints({
              chain,
              timeoutMs,
              clock,
              logger,
              headLimits,
              endpoints: list,
              ...(bothKinds && { maxCooldownWaitMs: shortPatienceMs }),
              identify: async (node, signal) => (await node.status(signal)).chainId,
              ...(requestsPerSecond !== undefined && { requestsPerSecond }),
            }),
          },
        ];
  const rpc = createSets(endpoints.rpc, () => ({ weight: 1, rounds: 1 }));
  const grpc = createSets(endpoints.grpc, ({ transactions }) => ({
    weight: Math.max(1, transactions.length),
    rounds: Math.max(1, Math.ceil(transactions.length / resultsAtOnce)),
  }));
  // For blocks RPC comes first: it has every result by position, gRPC only those in the index. State queries are equal over both.
  const forBlocks = [...rpc, ...grpc];
  const forState = [...grpc, ...rpc];

  async function firstSuccess<T>(sets: readonly NodeSet[], call: (set: NodeSet) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (const set of sets) {
      try {
        return await call(set);
      } catch (error) {
        failure ??= error;
        if (!(error instanceof TaskFailure) || error.retry === "never") throw error;
      }
    }
    throw failure;
  }

  async function results(
    block: RawCosmosBlock,
    signal: AbortSignal,
    leaveUnknown: boolean,
  ): Promise<Measured<TakeOnce<readonly RawCosmosResult[]>>> {
    const { height, transactions } = block;
    if (transactions.length === 0) return { value: new TakeOnce([]), bytes: 0 };
    return firstSuccess(forBlocks, (set) =>
      set.endpoints.call(
        async (node, inner) => {
          const found = await node.results(block, inner, { leaveUnknown });
          const [expected, actual] = [transactions.length, found.value.value.length];
          if (expected === actual) return found;
          const subject = { name: `the results of height ${height}`, height };
          throw malformedResponse(new Error(`${actual} results for ${expected} transactions`), subject);
        },
        { signal, ...set.resultRequests(block) },
      ),
    );
  }

  return {
    head: (signal) =>
      firstSuccess(forBlocks, (set) =>
        set.endpoints.head(async (node, inner) => (await node.status(inner)).head, signal),
      ),
    earliest: (signal) =>
      firstSuccess(forBlocks, (set) => set.endpoints.call((node, inner) => node.earliest(inner), { signal })),
    block: (height, signal) =>
      firstSuccess(forBlocks, (set) =>
        set.endpoints.call(
          async (node, inner) => {
            const block = await node.block(height, inner);
            const { chainId } = block.value;
            if (chainId !== chain.chainId)
              throw new EndpointError(
                "refused",
                `its block has chain id '${chainId}', not '${chain.chainId}'`,
              );
            return block;
          },
          { signal },
        ),
      ),
    results: (block, signal) => results(block, signal, false),
    ...(rpc.length === 0 && {
      availableResults: (block: RawCosmosBlock, signal: AbortSignal) => results(block, signal, true),
    }),
    findHeight: (hash, signal) =>
      firstSuccess(forBlocks, (set) =>
        set.endpoints.call((node, inner) => node.findHeight(hash, inner), { signal }),
      ),
    query: (query, signal) =>
      firstSuccess(forState, (set) =>
        set.endpoints.call((node, inner) => queryProvenState(node, query, inner), { signal }),
      ),
    status: () => forBlocks.flatMap((set) => set.endpoints.status()),
    close: () => [...endpoints.rpc, ...endpoints.grpc].forEach(({ client }) => client.close()),
  };
}

/** Reads the chain id from one node after the other until one returns it. Rejects with a TaskFailure if none does. */
export async function identifyChain(
  { rpc, grpc }: NodeEndpoints,
  {
    timeoutMs,
    clock,
    signal,
  }: { readonly timeoutMs: number; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ChainRef> {
  const reasons: string[] = [];
  for (const { name, client } of [...rpc, ...grpc]) {
    const attempt = new AbortController();
    const stop = (): void => attempt.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    void clock.sleep(timeoutMs, attempt.signal).then(
      () => attempt.abort(new Error(`it did not respond within ${timeoutMs} ms`)),
      () => undefined,
    );
    try {
      signal.throwIfAborted();
      const { chainId } = await client.status(attempt.signal);
      if (chainId !== "") return { network: "cosmos", chainId };
      reasons.push(`${name}: it returned an empty chain id`);
    } catch (error) {
      signal.throwIfAborted();
      reasons.push(`${name}: ${errorMessage(error)}`);
    } finally {
      signal.removeEventListener("abort", stop);
      attempt.abort();
    }
  }
  throw new TaskFailure(`No node returned its chain id. ${reasons.join("; ")}.`, "other-worker", {
    type: "unavailable",
  });
}
