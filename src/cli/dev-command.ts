// `indexer dev`: everything in one process.
import type { Command } from "commander";
import { probeCosmosAddress } from "../chains/cosmos/address-kind.js";
import { registerEndpointGauges } from "../chains/metrics.js";
import type { ChainReader } from "../chains/port.js";
import { createLifecycle } from "../lib/lifecycle.js";
import { createLogger } from "../lib/logger.js";
import { managerSettings } from "../manager/config.js";
import { startManager } from "../manager/manager.js";
import { cosmosSettings, demoSettings, ethereumSettings } from "../worker/config.js";
import { attachWorker } from "../worker/in-process.js";
import { openCosmos, openDemo, openEthereum, type OpenDeps } from "../worker/reader.js";
import { configure } from "./config.js";
import { addSettings, givenFlags, type GivenOptions } from "./options.js";
import { runUntilSignalled } from "./process.js";
import { startStatusLine } from "./status-line.js";
import { firstQuery, welcome } from "./welcome.js";

interface DevOptions extends GivenOptions {
  readonly ethereum?: readonly string[];
  readonly cosmos?: readonly string[];
}

/** In a process for one person everything shows at once, only trouble is logged, and Ctrl-C does not make him wait. */
const devSettings = {
  ...managerSettings,
  enableScheduler: { ...managerSettings.enableScheduler, fallback: "true" },
  migrateOnStart: { ...managerSettings.migrateOnStart, fallback: "true" },
  followInterval: { ...managerSettings.followInterval, fallback: "1s" },
  drainTimeout: { ...managerSettings.drainTimeout, fallback: "500ms" },
  logLevel: { ...managerSettings.logLevel, fallback: "warn" },
} as const;

export function addDevCommand(program: Command): void {
  const command = program
    .command("dev")
    .description(
      "Everything in one process: database, manager, workers, GraphiQL. A demo chain unless told which.",
    )
    .option("--ethereum <url>", "JSON-RPC endpoint of an Ethereum chain to follow (repeatable)", collect)
    .option("--cosmos <address>", "gRPC or RPC endpoint of a Cosmos chain to follow (repeatable)", collect);
  addSettings(command, devSettings, demoOnly).action(async (options: DevOptions) => {
    const table = { ...devSettings, ...demoOnly };
    const config = configure(table, givenFlags(table, options), options.config);
    const logger = createLogger({ level: config.logLevel });
    const lifecycle = createLifecycle();
    const say = (line: string): void => void process.stdout.write(`${line}\n`);

    await runUntilSignalled(lifecycle, logger, async () => {
      const manager = await startManager(config, lifecycle, logger);
      const { registry } = manager;
      const readers: ChainReader[] = [];
      registerEndpointGauges(manager.metrics, () => readers);
      const attach = (reader: ChainReader): void => {
        readers.push(reader);
        attachWorker(reader, { registry, lifecycle, logger });
      };
      const deps = { logger, signal: lifecycle.signal };
      const opened = openAll(options, deps);
      if (opened.length === 0) attach(openDemo({ ...config, chainId: config.demoChainId }));
      const waiting = opened.map((each) => each.then(attach));

      const network = opened.length === 0 ? "demo" : options.ethereum === undefined ? "cosmos" : "ethereum";
      for (const line of welcome({
        url: manager.url,
        database: manager.client.database,
        folder: config.dataFolder,
      }))
        say(line);
      say(firstQuery(network));
      const status = startStatusLine({ client: manager.client, output: process.stdout });
      lifecycle.onStop("the status line", status.stop);
      await Promise.all(waiting);
    });
  });
}

/** The demo chain's settings; its name is not CHAIN_ID here, where several chains may be followed. */
const { chainId, ...demoRest } = demoSettings;
const demoOnly = { ...demoRest, demoChainId: { ...chainId, name: "DEMO_CHAIN_ID" } } as const;

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** Starts opening each chain that was named; one whose node does not answer yet holds up no other. */
function openAll({ ethereum = [], cosmos = [] }: DevOptions, deps: OpenDeps): Promise<ChainReader>[] {
  return [
    ...ethereum.map((url) =>
      openEthereum(configure(ethereumSettings, { ETHEREUM_RPC_URL: url }, undefined), deps),
    ),
    ...cosmos.map(async (address) => {
      const { kind, url } = await probeCosmosAddress(address, deps);
      const name = kind === "grpc" ? "COSMOS_GRPC_ADDR" : "COSMOS_RPC_URL";
      return openCosmos(configure(cosmosSettings, { [name]: url }, undefined), deps);
    }),
  ];
}
