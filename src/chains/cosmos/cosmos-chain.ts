// A Cosmos SDK chain as a worker reads it: blocks, transactions and accounts in the common format.
// Imports only domain, lib, chains/ and its own folder.
// Never knows tasks' ids, streams, credit or managers.
import type { ChainRef } from "../../domain/chain.js";
import { isHeight, type Height, type HeightRange } from "../../domain/height.js";
import { TaskFailure, type TaskResult, type TaskRequest } from "../../domain/task.js";
import { systemClock, type Clock } from "../../lib/clock.js";
import type { Logger } from "../../lib/logger.js";
import type { EndpointStatus } from "../endpoints.js";
import type { ChainReader } from "../port.js";
import { readAccount } from "./accounts.js";
import { createHeightReader } from "./heights.js";
import { createNodeEndpoints, createNodes, identifyChain, type NodeEndpoints } from "./nodes.js";

export interface CosmosChainOptions {
  /** gRPC endpoints: `host:port`, or `https://host:port` for TLS. */
  readonly grpcUrls: readonly string[];
  /** CometBFT RPC endpoints, `http` or `https`. At least one endpoint of either kind. */
  readonly rpcUrls: readonly string[];
  /** The chain that the endpoints must serve; asked of them where absent. */
  readonly chainId?: string;
  /** Requests a second to each endpoint at most; found by itself where absent. */
  readonly requestsPerSecond?: number;
  /** Heights read at once at most; 32 by default. */
  readonly parallel?: number;
  readonly timeouts?: {
    /** Milliseconds for one request; 10,000 by default. */
    readonly requestMs?: number;
  };
  readonly clock?: Clock;
  readonly logger: Logger;
  /** Ends the wait for a first endpoint, where the chain's id must be asked. */
  readonly signal?: AbortSignal;
}

/** A Cosmos chain, and how its endpoints are doing. */
export interface CosmosChain extends ChainReader {
  endpoints(): readonly EndpointStatus[];
}

const defaultParallel = 32;
const defaultRequestMs = 10_000;

/**
 * Creates the reader of a chain. With `chainId` nothing is asked yet; without it, rejects with a TaskFailure where no endpoint
 * says which chain it serves.
 */
export async function createCosmosChain(options: CosmosChainOptions): Promise<CosmosChain> {
  const { grpcUrls, rpcUrls, chainId, requestsPerSecond, logger } = options;
  const parallel = options.parallel ?? defaultParallel;
  const timeoutMs = options.timeouts?.requestMs ?? defaultRequestMs;
  const clock = options.clock ?? systemClock;
  if (grpcUrls.length + rpcUrls.length === 0) {
    throw new TaskFailure(
      "A Cosmos worker needs an endpoint: set COSMOS_GRPC_ADDR or COSMOS_RPC_URL.",
      "never",
      {
        type: "bad_request",
      },
    );
  }
  const endpoints = createNodeEndpoints({ rpcUrls, grpcUrls, parallel, clock });
  const signal = options.signal ?? new AbortController().signal;
  const chain = await resolveChain(endpoints, { chainId, timeoutMs, clock, signal });
  const nodes = createNodes({
    chain,
    endpoints,
    timeoutMs,
    clock,
    logger,
    ...(requestsPerSecond !== undefined && { requestsPerSecond }),
  });
  const heights = createHeightReader({ chain, nodes, parallel, clock });

  let earliest: Height | undefined;

  async function* readRange(range: HeightRange, inner: AbortSignal): AsyncGenerator<TaskResult> {
    yield* heights.range(checkedRange(range), inner);
  }

  /** The heights after what the caller holds, or the newest ones; nothing where there are none. */
  async function latestRange(
    { after, limit }: Extract<TaskRequest, { kind: "latest" }>,
    inner: AbortSignal,
  ): Promise<HeightRange | undefined> {
    const { height: head } = await nodes.head(inner);
    // A chain that is about to begin: its nodes answer, and have no first height either.
    if (head === 0) return undefined;
    const from =
      after === undefined ? Math.max(head - limit + 1, await nodes.earliest(inner), 1) : after.height + 1;
    const to = Math.min(head, from + limit - 1);
    return from > to ? undefined : { from, to };
  }

  async function* readLatest(
    request: Extract<TaskRequest, { kind: "latest" }>,
    inner: AbortSignal,
  ): AsyncGenerator<TaskResult> {
    const range = await latestRange(request, inner);
    if (range !== undefined) yield* heights.range(range, inner);
  }

  async function* readTransaction(hash: string, inner: AbortSignal): AsyncGenerator<TaskResult> {
    const wanted = hash.replace(/^0x/i, "").toUpperCase();
    if (!/^[0-9A-F]{64}$/.test(wanted))
      throw badRequest(`'${hash.slice(0, 80)}' is no transaction hash: it has 64 hexadecimal digits.`);
    const height = await nodes.findHeight(wanted, inner);
    const answers = await heights.read(height, inner);
    for (const execute of answers) {
      if (execute.kind === "quarantine" && execute.index === undefined) yield execute;
      if (execute.kind !== "height") continue;
      const { block, transactions } = execute;
      const transaction = transactions.find((each) => each.hash === wanted);
      if (transaction === undefined) {
        const words = `The index says that ${wanted} is in height ${height}, but the block does not hold it.`;
        throw new TaskFailure(words, "other-worker", { type: "not_found", height });
      }
      yield* answers.filter((each) => each.kind === "quarantine" && each.index === transaction.index);
      yield { kind: "transaction", block, transaction };
    }
  }

  async function* readAccountState(
    { kind, account: id, height }: Extract<TaskRequest, { account: string }>,
    inner: AbortSignal,
  ): AsyncGenerator<TaskResult> {
    if (!isHeight(height)) throw badRequest(`'${String(height)}' is no height.`);
    // To a node height 0 means its newest one: the answer must say which that was.
    const at = height === 0 ? (await nodes.head(inner)).height : height;
    yield await readAccount(nodes, { kind, account: id, height: at }, inner);
  }

  function execute(request: TaskRequest, inner: AbortSignal): AsyncIterable<TaskResult> {
    switch (request.kind) {
      case "heights":
        return readRange(request.range, inner);
      case "transaction":
        return readTransaction(request.hash, inner);
      case "latest":
        return readLatest(request, inner);
      case "reward":
      case "balance":
      case "delegations":
        return readAccountState(request, inner);
    }
  }

  return {
    chain,
    capabilities: ["heights", "transaction", "latest", "reward", "balance", "delegations"],
    head: async (inner) => {
      const head = await nodes.head(inner);
      // Asked once: it rises only where a node is pruned, and only who begins to follow needs it.
      earliest ??= await nodes.earliest(inner).catch(() => undefined);
      return { ...head, ...(earliest !== undefined && { earliest }) };
    },
    execute: execute,
    endpoints: () => nodes.status(),
    close: () => Promise.resolve(nodes.close()),
  };
}

interface IdentifyOptions {
  readonly chainId: string | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The chain that was named, or else what the endpoints say; whoever tries again makes new connections. */
async function resolveChain(
  endpoints: NodeEndpoints,
  { chainId, ...options }: IdentifyOptions,
): Promise<ChainRef> {
  if (chainId !== undefined) return { network: "cosmos", chainId };
  try {
    return await identifyChain(endpoints, options);
  } catch (error) {
    for (const { client } of [...endpoints.rpc, ...endpoints.grpc]) client.close();
    throw error;
  }
}

function checkedRange(range: HeightRange): HeightRange {
  if (!isHeight(range.from) || !isHeight(range.to) || range.from > range.to)
    throw badRequest(`${String(range.from)} to ${String(range.to)} is no range of heights.`);
  if (range.from === 0) throw badRequest("A Cosmos chain has no height 0: its first is 1.");
  return range;
}

function badRequest(message: string): TaskFailure {
  return new TaskFailure(message, "never", { type: "bad_request" });
}
