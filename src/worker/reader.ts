// Opens the chain that a worker is to read, as its settings say.
import { createDemoChain } from "../chains/demo/demo-chain.js";
import { createEthereumChain, readEthereumChainId } from "../chains/ethereum/ethereum-chain.js";
import { createCosmosChain } from "../chains/cosmos/cosmos-chain.js";
import type { ChainReader } from "../chains/port.js";
import { systemClock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import type { CosmosConfig, DemoConfig, EthereumConfig } from "./config.js";

export interface OpenDeps {
  readonly logger: Logger;
  /** Ends the waiting for a node. */
  readonly signal: AbortSignal;
}

/** Opens an Ethereum chain; waits until a node says which it is, unless that is configured. */
export async function openEthereum(
  config: EthereumConfig,
  { logger, signal }: OpenDeps,
): Promise<ChainReader> {
  const { chainId, requestsPerSecond, rpcUrls } = config;
  const nodes = {
    urls: rpcUrls,
    timeoutMs: config.requestTimeout,
    logger,
    ...(requestsPerSecond !== undefined && { requestsPerSecond }),
  };
  const known = chainId ?? (await untilKnown(() => readEthereumChainId(nodes, signal), { logger, signal }));
  return createEthereumChain({ ...nodes, chainId: known });
}

/** Opens a Cosmos chain; waits until a node says which it is, unless that is configured. */
export async function openCosmos(config: CosmosConfig, { logger, signal }: OpenDeps): Promise<ChainReader> {
  const { chainId, requestsPerSecond, grpcUrls, rpcUrls } = config;
  const create = (): Promise<ChainReader> =>
    createCosmosChain({
      grpcUrls,
      rpcUrls,
      timeouts: { requestMs: config.requestTimeout },
      logger,
      signal,
      ...(chainId !== undefined && { chainId }),
      ...(requestsPerSecond !== undefined && { requestsPerSecond }),
    });
  return chainId === undefined && grpcUrls.length + rpcUrls.length > 0
    ? untilKnown(create, { logger, signal })
    : create();
}

/** Opens the demo chain. */
export function openDemo(config: DemoConfig): ChainReader {
  return createDemoChain({
    chainId: config.chainId,
    seed: config.seed,
    initialHeights: config.heights,
    ratePerSecond: config.rate,
    transactionsPerBlock: config.transactions,
    latencyMs: config.latency,
  });
}

/** Asks again, ever more rarely, until a node answers: a worker may be started before its node. */
async function untilKnown<T>(ask: () => Promise<T>, { logger, signal }: OpenDeps): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ error, attempt }, "No node says which chain it serves; asking again.");
      await systemClock.sleep(backoffDelay({ first: 500, max: 10_000 }, attempt), signal);
    }
  }
}
