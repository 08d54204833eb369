// What all commands that speak to a running manager have in common: their options, and their connection.
// Imports only lib, domain and this folder.
// Never sends a request.
import { InvalidArgumentError, Option, type Command } from "commander";
import type { ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import { configure } from "./config.js";
import { connectionSettings, connectManager, type ManagerConnection } from "./manager-connection.js";
import { addSettings, givenFlags, type GivenOptions } from "./options.js";
import { addJsonOption } from "./output.js";

/** The connection that a command's options choose, and whether it prints JSON. */
export interface ManagerCommand {
  readonly manager: ManagerConnection;
  readonly json: boolean;
}

/** Adds `--manager`, the other settings of the connection and `--json`. */
export function addManagerOptions(command: Command): Command {
  return addJsonOption(addSettings(command, connectionSettings));
}

/** Creates the connection that a command's options choose. Throws a ConfigError if a setting is wrong. */
export function managerOf(options: GivenOptions): ManagerCommand {
  const settings = configure(connectionSettings, givenFlags(connectionSettings, options), options.config);
  return { manager: connectManager(settings), json: options["json"] === true };
}

/** Creates the required option `--chain <network/chainId>`. */
export function chainOption(): Option {
  return new Option("--chain <network/chainId>", "chain, for example cosmos/cosmoshub-4")
    .argParser(parseChain)
    .makeOptionMandatory();
}

/** Creates an option whose value is a height. */
export function heightOption(flag: string, description: string): Option {
  return new Option(`${flag} <height>`, description).argParser(parseHeight);
}

/** Parses `network/chainId`; the chain id may contain slashes. */
function parseChain(text: string): ChainRef {
  const [, network, chainId] = /^([^/]+)\/(.+)$/.exec(text) ?? [];
  if (network === undefined || chainId === undefined) {
    throw new InvalidArgumentError("Write network/chainId, for example cosmos/cosmoshub-4.");
  }
  return { network, chainId };
}

/** Parses a height; separators are allowed, so that a printed height can be pasted. */
function parseHeight(text: string): Height {
  const number = Number(text.replace(/[,_]/g, ""));
  if (!/^\d[\d,_]*$/.test(text) || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError("A height is a whole number from 0 to 2^53-1.");
  }
  return number;
}
