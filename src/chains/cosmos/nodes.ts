// All nodes that a chain is read from: those with an RPC and those with gRPC, each kind as one set of endpoints.
// Imports only domain, endpoints and its neighbours; never decodes.
import type { ChainRef, ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import { TaskFailure } from "../../domain/task.js";
import type { Clock } from "../../lib/clock.js";
import { TakeOnce } from "../../lib/take-once.js";
import { maskUrl, type Logger } from "../../lib/logger.js";
import { EndpointError } from "../endpoint-error.js";
import { createEndpoints, type Endpoint, type Endpoints, type EndpointStatus } from "../endpoints.js";
import type { RawBlock, RawResult } from "./decode/raw-height.js";
import { createGrpcClient } from "./grpc-client.js";
import { createGrpcNode, resultsAtOnce } from "./grpc-node.js";
import { createHttpClient } from "./http-client.js";
import { malformed } from "./node-faults.js";
import type { CosmosNode, Measured } from "./node.js";
import { createRpcNode } from "./rpc-node.js";
import { provenAnswer, type ListQuery } from "./state-proof.js";

/** Reads of one chain, from whichever of its nodes can answer. All reject with a TaskFailure. */
export interface Nodes {
  head(signal: AbortSignal): Promise<ChainHead>;
  earliest(signal: AbortSignal): Promise<Height>;
  block(height: Height, signal: AbortSignal): Promise<Measured<RawBlock>>;
  /** The results of a block's transactions: as many as it has. */
  results(block: RawBlock, signal: AbortSignal): Promise<Measured<TakeOnce<readonly RawResult[]>>>;
  /** The same, with those unknown that the nodes' indexes lost; absent where there is an RPC, which has them all. */
  readonly knownResults?: (
    block: RawBlock,
    signal: AbortSignal,
  ) => Promise<Measured<TakeOnce<readonly RawResult[]>>>;
  heightOf(hash: string, signal: AbortSignal): Promise<Height>;
  query<T>(query: ListQuery<T>, signal: AbortSignal): Promise<T>;
  status(): readonly EndpointStatus[];
  close(): void;
}

/** The endpoints of one kind, as clients that connect when they are first asked. */
export interface NodeEndpoints {
  readonly rpc: readonly Endpoint<CosmosNode>[];
  readonly grpc: readonly Endpoint<CosmosNode>[];
}

/** Creates clients for URLs; a URL's credentials go to its node and nowhere else. */
export function connectNodes({
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
  /** What asking for the results of a block takes: over RPC one request, over gRPC one for each transaction. */
  readonly resultRequests: (block: RawBlock) => { readonly weight: number; readonly rounds: number };
}

/** A Cosmos chain never goes back; nodes behind one address may be a few blocks apart. */
const headLimits = { maxRollback: 100, maxAhead: 1_000_000, blocksPerSecond: 100 };

/** Milliseconds to wait for resting endpoints of one kind where the other kind can be asked at once. */
const shortPatienceMs = 500;

/** Creates the nodes of a chain; nothing is asked before the first read. */
export function createNodes(options: NodesOptions): Nodes {
  const { chain, endpoints, timeoutMs, requestsPerSecond, clock, logger } = options;
  const bothKinds = endpoints.rpc.length > 0 && endpoints.grpc.length > 0;
  const setOf = (
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
  const rpc = setOf(endpoints.rpc, () => ({ weight: 1, rounds: 1 }));
  const grpc = setOf(endpoints.grpc, ({ transactions }) => ({
    weight: Math.max(1, transactions.length),
    rounds: Math.max(1, Math.ceil(transactions.length / resultsAtOnce)),
  }));
  // The RPC has every result by position, gRPC only what the index has; a query of state is the same over both.
  const forBlocks = [...rpc, ...grpc];
  const forState = [...grpc, ...rpc];

  async function firstOf<T>(sets: readonly NodeSet[], ask: (set: NodeSet) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (const set of sets) {
      try {
        return await ask(set);
      } catch (error) {
        failure ??= error;
        if (!(error instanceof TaskFailure) || error.retry === "never") throw error;
      }
    }
    throw failure;
  }

  async function results(
    block: RawBlock,
    signal: AbortSignal,
    leaveUnknown: boolean,
  ): Promise<Measured<TakeOnce<readonly RawResult[]>>> {
    const { height, transactions } = block;
    if (transactions.length === 0) return { value: new TakeOnce([]), bytes: 0 };
    return firstOf(forBlocks, (set) =>
      set.endpoints.call(
        async (node, inner) => {
          const found = await node.results(block, inner, { leaveUnknown });
          const [expected, actual] = [transactions.length, found.value.value.length];
          if (expected === actual) return found;
          const asked = { what: `the results of height ${height}`, height };
          throw malformed(new Error(`${actual} results for ${expected} transactions`), asked);
        },
        { signal, ...set.resultRequests(block) },
      ),
    );
  }

  return {
    head: (signal) =>
      firstOf(forBlocks, (set) =>
        set.endpoints.head(async (node, inner) => (await node.status(inner)).head, signal),
      ),
    earliest: (signal) =>
      firstOf(forBlocks, (set) => set.endpoints.call((node, inner) => node.earliest(inner), { signal })),
    block: (height, signal) =>
      firstOf(forBlocks, (set) =>
        set.endpoints.call(
          async (node, inner) => {
            const block = await node.block(height, inner);
            const { chainId } = block.value;
            if (chainId !== chain.chainId)
              throw new EndpointError(
                "refused",
                `its block is of chain id '${chainId}', not '${chain.chainId}'`,
              );
            return block;
          },
          { signal },
        ),
      ),
    results: (block, signal) => results(block, signal, false),
    ...(rpc.length === 0 && {
      knownResults: (block: RawBlock, signal: AbortSignal) => results(block, signal, true),
    }),
    heightOf: (hash, signal) =>
      firstOf(forBlocks, (set) =>
        set.endpoints.call((node, inner) => node.heightOf(hash, inner), { signal }),
      ),
    query: (query, signal) =>
      firstOf(forState, (set) =>
        set.endpoints.call((node, inner) => provenAnswer(node, query, inner), { signal }),
      ),
    status: () => forBlocks.flatMap((set) => set.endpoints.status()),
    close: () => [...endpoints.rpc, ...endpoints.grpc].forEach(({ client }) => client.close()),
  };
}

/** Asks nodes in turn for the chain that they serve, until one answers. */
export async function identifyChain(
  { rpc, grpc }: NodeEndpoints,
  {
    timeoutMs,
    clock,
    signal,
  }: { readonly timeoutMs: number; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ChainRef> {
  const words: string[] = [];
  for (const { name, client } of [...rpc, ...grpc]) {
    const attempt = new AbortController();
    const stop = (): void => attempt.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    void clock.sleep(timeoutMs, attempt.signal).then(
      () => attempt.abort(new Error(`it did not answer within ${timeoutMs} ms`)),
      () => undefined,
    );
    try {
      signal.throwIfAborted();
      const { chainId } = await client.status(attempt.signal);
      if (chainId !== "") return { network: "cosmos", chainId };
      words.push(`${name}: it names no chain`);
    } catch (error) {
      signal.throwIfAborted();
      words.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      signal.removeEventListener("abort", stop);
      attempt.abort();
    }
  }
  throw new TaskFailure(`No node says which chain it serves. ${words.join("; ")}.`, "other-worker", {
    type: "unavailable",
  });
}
