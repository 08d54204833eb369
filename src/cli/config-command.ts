// `indexer config <command>`: the resolved settings of a command, with the source of each value.
// Imports every level below.
// Never shows a secret, and never starts the command.
import type { Command } from "commander";
import { chainAdapters } from "../chains/registry.js";
import type { Settings } from "../lib/config.js";
import { managerSettings } from "../manager/config.js";
import { workerSettings } from "../worker/config.js";
import { reportConfiguration } from "./config.js";
import { devSettingsTable } from "./dev-command.js";
import { connectionSettings } from "./manager-connection.js";
import { addSettings, givenFlags, type GivenOptions } from "./options.js";
import { addJsonOption, formatTable, printJson, printLine, styled } from "./output.js";

/** Adds `config` with one command for each command that has settings. */
export function addConfigCommand(program: Command): void {
  const config = program
    .command("config")
    .description(
      "Show the resolved settings of a command and where each value comes from; secrets are masked.",
    );
  addReport(config, "manager", managerSettings);
  addReport(config, "dev", devSettingsTable());
  addReport(
    config,
    "client",
    connectionSettings,
    "Settings of status, workers, check, sync, runs and schedules.",
  );
  const worker = config.command("worker").description("Settings of a worker.");
  for (const { network, settings } of chainAdapters) {
    addReport(worker, network, { ...settings, ...workerSettings });
  }
}

function addReport(parent: Command, name: string, settings: Settings, description?: string): void {
  const command = parent.command(name).description(description ?? `Settings of '${name}'.`);
  addJsonOption(addSettings(command, settings)).action((options: GivenOptions) => {
    const report = reportConfiguration(settings, givenFlags(settings, options), options.config);
    if (options["json"] === true) return printJson(report);
    const rows = report.map(({ name: setting, value, origin }) => [
      setting,
      value ?? styled("faint", "–"),
      origin === "default" ? styled("faint", value === undefined ? "not set" : origin) : origin,
    ]);
    printLine(formatTable(["setting", "value", "from"], rows));
  });
}
