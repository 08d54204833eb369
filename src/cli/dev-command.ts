// `indexer dev`: database, manager, workers and GraphiQL in one process.
// Imports every level below.
// Never names a network.
import { Option, type Command } from "commander";
import type { ChainAdapter, OpenDeps } from "../chains/adapter.js";
import { registerEndpointGauges } from "../chains/metrics.js";
import type { ChainReader } from "../chains/port.js";
import { chainAdapters, defaultAdapter } from "../chains/registry.js";
import type { Settings } from "../lib/config.js";
import { createLifecycle } from "../lib/lifecycle.js";
import { maskUrl } from "../lib/logger.js";
import { managerSettings } from "../manager/config.js";
import { startManager } from "../manager/manager.js";
import { attachWorker } from "../worker/in-process.js";
import { configure } from "./config.js";
import { createDevNodes } from "./dev-nodes.js";
import { createProcessLogger } from "./logging.js";
import { addSettings, givenFlags, optionKey, type GivenOptions } from "./options.js";
import { printLine } from "./output.js";
import { runUntilSignalled } from "./process.js";
import { startStatusLine, type StatusLine } from "./status-line.js";
import { firstQuery, welcomeLines } from "./welcome.js";

/** Defaults for one developer: new blocks appear within a second, logs contain only warnings, Ctrl-C stops within a second. */
const devSettings = {
  ...managerSettings,
  enableScheduler: { ...managerSettings.enableScheduler, fallback: "true" },
  migrateOnStart: { ...managerSettings.migrateOnStart, fallback: "true" },
  followInterval: { ...managerSettings.followInterval, fallback: "1s" },
  drainTimeout: { ...managerSettings.drainTimeout, fallback: "500ms" },
  logLevel: { ...managerSettings.logLevel, fallback: "warn" },
} as const;

/** Returns the settings of `dev`, with those of the network that it reads without an endpoint. */
export function devSettingsTable(fallback: ChainAdapter = defaultAdapter): Settings & typeof devSettings {
  return { ...settingsBesideOthers(fallback), ...devSettings };
}

/** The networks of `indexer dev`. */
export interface DevNetworks {
  readonly adapters: readonly ChainAdapter[];
  /** The network of the only chain if no address is given. */
  readonly fallback: ChainAdapter;
}

/** Adds `dev` with a repeatable flag for each network that it can follow at an address. */
export function addDevCommand(
  program: Command,
  { adapters, fallback }: DevNetworks = { adapters: chainAdapters, fallback: defaultAdapter },
): void {
  const command = program
    .command("dev")
    .description(
      `Run the database, manager, workers and GraphiQL in one process. Without an endpoint, it reads a ${fallback.network} chain.`,
    );
  for (const { network, dev } of adapters) {
    if (dev !== undefined)
      command.addOption(
        new Option(`--${network} <${dev.placeholder}>`, dev.description).argParser(appendAddress),
      );
  }
  const fallbackSettings = settingsBesideOthers(fallback);
  const table = devSettingsTable(fallback);
  addSettings(command, devSettings, fallbackSettings).action(async (options: GivenOptions) => {
    const config = configure(table, givenFlags(table, options), options.config);
    let status: StatusLine | undefined;
    const logger = await createProcessLogger(config.logLevel, (text) =>
      status === undefined ? void process.stderr.write(text) : status.print(text),
    );
    // The status shows the faults of nodes: their warnings would repeat them.
    const chainLogger = config.logLevel === "warn" ? logger.child({}, { level: "error" }) : logger;
    const lifecycle = createLifecycle();

    await runUntilSignalled(lifecycle, logger, async () => {
      const manager = await startManager(config, lifecycle, logger);
      const { registry } = manager;
      const nodes = createDevNodes();
      registerEndpointGauges(manager.metrics, nodes.readers);
      const deps = { logger: chainLogger, signal: lifecycle.signal };
      const attach = async (
        name: string,
        open: (waiting: OpenDeps) => Promise<ChainReader>,
      ): Promise<void> => {
        const reader = await nodes.open(name, open, deps);
        attachWorker(reader, { registry, lifecycle, logger: chainLogger });
      };
      const followed = followedChains(adapters, options);
      if (followed.length === 0) await attach(fallback.network, (waiting) => fallback.open(config, waiting));
      // A node that does not respond yet does not delay the other chains.
      const attached = followed.map((each) =>
        attach(`${each.adapter.network} ${maskUrl(each.address)}`, (waiting) => openFollowed(each, waiting)),
      );

      const lines = welcomeLines({
        url: manager.url,
        database: manager.client.database,
        folder: config.dataFolder,
      });
      for (const line of lines) printLine(line);
      printLine(firstQuery((followed[0]?.adapter ?? fallback).network));
      status = startStatusLine({
        client: manager.client,
        output: process.stdout,
        faults: nodes.faults,
        opening: nodes.opening,
      });
      lifecycle.onStop("the status line", status.stop);
      await Promise.all(attached);
    });
  });
}

/** A chain that the command line names by an address. */
interface FollowedChain {
  readonly adapter: ChainAdapter;
  readonly address: string;
}

function followedChains(adapters: readonly ChainAdapter[], options: GivenOptions): FollowedChain[] {
  return adapters.flatMap((adapter) => {
    const addresses = options[optionKey(`--${adapter.network}`)];
    return Array.isArray(addresses)
      ? addresses.map((address) => ({ adapter, address: String(address) }))
      : [];
  });
}

async function openFollowed({ adapter, address }: FollowedChain, deps: OpenDeps): Promise<ChainReader> {
  const settings = (await adapter.dev?.settingsOf(address, deps)) ?? {};
  return adapter.open(configure(adapter.settings, settings, undefined), deps);
}

/** `dev` may follow several chains, therefore CHAIN_ID is `<NETWORK>_CHAIN_ID` here. */
function settingsBesideOthers({ network, settings }: ChainAdapter): Settings {
  const prefix = `${network.toUpperCase().replaceAll("-", "_")}_`;
  return Object.fromEntries(
    Object.entries(settings).map(([key, setting]) => [
      key,
      setting.name === "CHAIN_ID" ? { ...setting, name: `${prefix}${setting.name}` } : setting,
    ]),
  );
}

function appendAddress(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
