// The chain reader of Cosmos SDK chains: blocks, transactions and accounts in the common format.
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

/** Options of `createCosmosChain`. */
export interface CosmosChainOptions {
  /** gRPC endpoints: `host:port`, or `https://host:port` for TLS. */
  readonly grpcUrls: readonly string[];
  /** CometBFT RPC endpoints, `http` or `https`. At least one endpoint of either kind. */
  readonly rpcUrls: readonly string[];
  /** The id of the chain that the endpoints must serve; read from the first endpoint that responds if absent. */
  readonly chainId?: string;
  /** Maximum requests per second to each endpoint; adapted to the endpoint's rate limits if absent. */
  readonly requestsPerSecond?: number;
  /** Maximum heights that one task reads in parallel; 32 by default. */
  readonly parallel?: number;
  readonly timeouts?: {
    /** Milliseconds for one request; 10,000 by default. */
    readonly requestMs?: number;
  };
  readonly clock?: Clock;
  readonly logger: Logger;
  /** Aborts the identification of the chain. Unused if `chainId` is set. */
  readonly signal?: AbortSignal;
}

/** A chain reader that also reports the status of its endpoints. */
export interface CosmosChain extends ChainReader {
  endpoints(): readonly EndpointStatus[];
}

const defaultParallel = 32;
const defaultRequestMs = 10_000;

/**
 * Creates the reader of a chain. With `chainId` it sends no request; without it, it reads the chain id from the endpoints and
 * rejects with a TaskFailure if none returns one.
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

  /** The range after the caller's last height, or the newest heights; undefined if the chain has no such height. */
  async function latestRange(
    { after, limit }: Extract<TaskRequest, { kind: "latest" }>,
    inner: AbortSignal,
  ): Promise<HeightRange | undefined> {
    const { height: head } = await nodes.head(inner);
    // A chain without a first block: its nodes respond, but have no earliest height either.
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
      throw badRequest(
        `'${hash.slice(0, 80)}' is not a transaction hash: expected 64 hexadecimal digits, with or without 0x.`,
      );
    const height = await nodes.findHeight(wanted, inner);
    const results = await heights.read(height, inner);
    for (const result of results) {
      if (result.kind === "quarantine" && result.index === undefined) yield result;
      if (result.kind !== "height") continue;
      const { block, transactions } = result;
      const transaction = transactions.find((each) => each.hash === wanted);
      if (transaction === undefined) {
        const message = `The node's index places ${wanted} at height ${height}, but that block does not contain it.`;
        throw new TaskFailure(message, "other-worker", { type: "not_found", height });
      }
      yield* results.filter((each) => each.kind === "quarantine" && each.index === transaction.index);
      yield { kind: "transaction", block, transaction };
    }
  }

  async function* readAccountState(
    { kind, account: id, height }: Extract<TaskRequest, { account: string }>,
    inner: AbortSignal,
  ): AsyncGenerator<TaskResult> {
    if (!isHeight(height))
      throw badRequest(`'${String(height)}' is not a height: expected a whole number from 0.`);
    // Nodes take height 0 as their newest height: the result must name the actual one.
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
      // Read once: it rises only while a node prunes, and only a new follower needs it.
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

/** Returns the configured chain, or the one that the endpoints report. Closes the clients if that fails: a retry creates new ones. */
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
    throw badRequest(
      `${String(range.from)} to ${String(range.to)} is not a range of heights: expected whole numbers with from <= to.`,
    );
  if (range.from === 0) throw badRequest("Cosmos chains start at height 1: height 0 does not exist.");
  return range;
}

function badRequest(message: string): TaskFailure {
  return new TaskFailure(message, "never", { type: "bad_request" });
}
