// Addresses to listen on. Imports domain/errors. Never resolves a host name.
import { IndexerError } from "../domain/errors.js";

/** A host and a port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Parses `host:port`, `[::1]:port` or `:port`. Port 0 means any free port. Throws BAD_USER_INPUT. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new IndexerError(
      "BAD_USER_INPUT",
      `'${text}' is not an address to listen on. Use host:port, for example 0.0.0.0:8085.`,
    );
  }
  const host = match[1] ?? match[2] ?? "";
  return { host: host === "" ? "0.0.0.0" : host, port };
}
