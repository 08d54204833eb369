// Reads an Ethereum chain (or any chain with the same JSON-RPC) from one or more nodes.
// Imports only domain, lib, chains and its own folder.
// Never yields an incomplete height: a height that stays inconsistent on every node ends the task with a failure.
import type { ChainRef } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import { TaskFailure, type TaskResult, type TaskRequest } from "../../domain/task.js";
import { systemClock, type Clock } from "../../lib/clock.js";
import type { Logger } from "../../lib/logger.js";
import { createEndpoints, type Endpoints } from "../endpoints.js";
import type { ChainReader } from "../port.js";
import { etherAmount } from "./amounts.js";
import { createBlockSource } from "./block-source.js";
import {
  decodeEthereumBlock,
  decodeEthereumHeight,
  decodeEthereumTransaction,
  type EthereumDecodeContext,
} from "./decode-block.js";
import { MalformedError } from "./fields.js";
import { createEthereumNode, type EthereumNode, type RawEthereumTransaction } from "./node.js";
import type { RawEthereumHeight } from "./raw-height.js";
import { createReadAhead, type ReadAheadLimits } from "./read-ahead.js";
import { createRpcClient } from "./rpc-client.js";

/** Options for the connections to nodes. */
export interface EthereumNodesOptions {
  /** JSON-RPC endpoints over HTTP; a URL may contain credentials. */
  readonly urls: readonly string[];
  /** Maximum requests per second to each node, counting each call of a batch; adapts to rate limits if absent. */
  readonly requestsPerSecond?: number;
  /** Maximum calls in one HTTP request (40 by default); lower for a node that rejects the size. */
  readonly batchCalls?: number;
  /** Time limit of one request in milliseconds; 15,000 by default. */
  readonly timeoutMs?: number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Options of `createEthereumChain`. */
export interface EthereumChainOptions extends EthereumNodesOptions {
  /** The decimal chain id, `1` for Ethereum's main network; a node of another chain is refused. */
  readonly chainId: string;
  /** Name of the native coin; `ETH` by default. */
  readonly currency?: string;
  /** Whether transactions include their encoded bytes; true by default. */
  readonly raw?: boolean;
  /** Limits of the read-ahead: by default 4 batches of 20 heights or 2 MiB for each task, 8 MiB in total. */
  readonly readAhead?: Partial<ReadAheadLimits>;
}

/** The network of every chain with Ethereum's JSON-RPC. */
export const ethereumNetwork = "ethereum";
const mebibyte = 1024 * 1024;
const defaultReadAhead: ReadAheadLimits = {
  batchHeights: 20,
  parallel: 4,
  batchBytes: 2 * mebibyte,
  totalBytes: 8 * mebibyte,
};
const maxResponseBytes = 128 * mebibyte;

/** Returns the decimal chain id that the first responsive node reports. */
export async function readEthereumChainId(
  options: EthereumNodesOptions,
  signal: AbortSignal,
): Promise<string> {
  const endpoints = nodesOf(options, { network: ethereumNetwork, chainId: "unknown" }, false);
  try {
    return await endpoints.call((node, inner) => node.chainId(inner), { signal });
  } catch (error) {
    signal.throwIfAborted();
    const faults = endpoints.status().map(({ name, lastFault }) => `${name}: ${lastFault ?? "not called"}`);
    throw new TaskFailure(
      `No node returned its chain id. ${faults.join("; ")}.`,
      "other-worker",
      { type: "unavailable" },
      { cause: error },
    );
  }
}

/** Creates a reader; sends no request before the first task. */
export function createEthereumChain(options: EthereumChainOptions): ChainReader {
  const { chainId, currency = "ETH", raw = true, logger, clock = systemClock } = options;
  const chain: ChainRef = { network: ethereumNetwork, chainId };
  const context: EthereumDecodeContext = { chain, currency, raw };
  const nodes = nodesOf(options, chain, true);
  const source = createBlockSource(nodes, clock);
  const ahead = createReadAhead(source.readBatch, { ...defaultReadAhead, ...options.readAhead });

  async function decodeHeight(height: RawEthereumHeight): Promise<TaskResult> {
    try {
      return { kind: "height", ...(await decodeEthereumHeight(height, context)) };
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      const { fields, receipts } = height;
      const bytes = new TextEncoder().encode(JSON.stringify({ block: fields, receipts }));
      return { kind: "quarantine", height: height.height, error: error.message, raw: bytes };
    }
  }

  async function decodeTransaction({
    block: rawBlock,
    fields,
    receipt,
  }: RawEthereumTransaction): Promise<TaskResult> {
    try {
      const block = decodeEthereumBlock(rawBlock, chain);
      const transaction = await decodeEthereumTransaction(block, { fields, receipt }, context);
      return { kind: "transaction", block, transaction };
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      const message = `The transaction cannot be decoded: ${error.message}.`;
      throw new TaskFailure(
        message,
        "other-worker",
        { type: "undecodable", height: rawBlock.height },
        { cause: error },
      );
    }
  }

  /**
   * Yields heights that link by parent hash. If one does not link, a reorganisation happened during the read: the
   * generator drops the heights that were read ahead and reads again from there. It does not correct heights that it already
   * yielded; the consumer detects their replacement by the parent hash.
   */
  async function* heights(from: Height, to: Height, signal: AbortSignal): AsyncGenerator<TaskResult, void> {
    let previous: string | undefined;
    let next = from;
    while (next <= to) {
      for await (const read of ahead.heights({ from: next, to }, signal)) {
        const broken = previous !== undefined && read.parentHash !== previous;
        const height = broken ? await source.readLinked(next, signal) : read;
        if (broken && height.parentHash !== previous) {
          logger.info({ height: next }, "A reorganisation happened during a read.");
        }
        yield await decodeHeight(height);
        signal.throwIfAborted();
        previous = height.hash;
        next += 1;
        if (broken) break;
      }
    }
  }

  /** Yields the heights after `after` up to the head; none if the chain is shorter. Ends early if the head moves back. */
  async function* latest(
    { after, limit }: Extract<TaskRequest, { readonly kind: "latest" }>,
    signal: AbortSignal,
  ): AsyncGenerator<TaskResult, void> {
    const { height: head } = await source.head(signal);
    const from = after === undefined ? Math.max(0, head - limit + 1) : after.height + 1;
    try {
      yield* heights(from, Math.min(head, from + limit - 1), signal);
    } catch (error) {
      if (!(error instanceof TaskFailure && error.details.type === "above_head")) throw error;
    }
  }

  async function* execute(request: TaskRequest, signal: AbortSignal): AsyncGenerator<TaskResult, void> {
    signal.throwIfAborted();
    switch (request.kind) {
      case "heights":
        yield* heights(request.range.from, request.range.to, signal);
        return;
      case "latest":
        yield* latest(request, signal);
        return;
      case "transaction": {
        const hash = hashOf(request.hash);
        yield await decodeTransaction(await source.transaction(hash, signal));
        return;
      }
      case "balance": {
        const { kind, height } = request;
        const wei = await source.balance(addressOf(request.account), height, signal);
        yield { kind, height, balances: [etherAmount(wei, currency)] };
        return;
      }
      case "reward":
      case "delegations":
        throw badRequest(
          `Ethereum does not support tasks of kind '${request.kind}': its accounts have no staking.`,
        );
    }
  }

  return {
    chain,
    capabilities: ["heights", "transaction", "latest", "balance"],
    head: (signal) => source.head(signal),
    execute,
    endpoints: () => nodes.status(),
    close: () => Promise.resolve(),
  };
}

function nodesOf(options: EthereumNodesOptions, chain: ChainRef, identify: boolean): Endpoints<EthereumNode> {
  const { urls, requestsPerSecond, batchCalls = 40, timeoutMs = 15_000, clock = systemClock } = options;
  return createEndpoints<EthereumNode>({
    chain,
    endpoints: urls.map((url) => ({
      name: endpointName(url),
      client: createEthereumNode(
        createRpcClient({ url, batchCalls, maxResponseBytes, now: () => clock.now() }),
      ),
    })),
    ...(identify && { identify: (node: EthereumNode, signal: AbortSignal) => node.chainId(signal) }),
    ...(requestsPerSecond !== undefined && { requestsPerSecond }),
    timeoutMs,
    clock,
    logger: options.logger,
  });
}

/** Returns a URL without credentials, path and query, since providers put keys there. */
function endpointName(url: string): string {
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname === "/" && search === "" ? "" : "/***"}`;
}

function hashOf(text: string): string {
  const hash = text.trim().toLowerCase();
  if (!/^0x[0-9a-f]{64}$/.test(hash)) {
    throw badRequest(`'${text}' is not a transaction hash: 0x and 64 hexadecimal digits are required.`);
  }
  return hash;
}

function addressOf(text: string): string {
  const address = text.trim().toLowerCase();
  if (!/^0x[0-9a-f]{40}$/.test(address)) {
    throw badRequest(`'${text}' is not an account: 0x and 40 hexadecimal digits are required.`);
  }
  return address;
}

function badRequest(message: string): TaskFailure {
  return new TaskFailure(message, "never", { type: "bad_request" });
}
