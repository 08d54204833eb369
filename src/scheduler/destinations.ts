// Where managers are: MANAGERS, or a file of destinations in the form of existing schedulers.
// Imports domain, lib and this folder.
// Never resolves a name.
import { z } from "zod";
import type { ChainRef } from "../domain/chain.js";
import { ConfigError } from "../lib/config.js";
import { readEntries } from "./json-files.js";

/** One or more managers behind a URL. */
export interface Destination {
  /** Requests for new data go to this URL: http and https by POST, ws and wss by JSON-RPC. */
  readonly lastData: URL;
  /** Requests for ranges go to this URL. */
  readonly syncRange: URL;
  /** The only chain of the managers; absent if they serve any. */
  readonly chain?: ChainRef;
}

const defaultPath = "/scrape_latest";
const socketPath = "/ws/scheduler";
const webSocketOf: Readonly<Record<string, string>> = { "http:": "ws:", "https:": "wss:" };

/** Reads the entries of MANAGERS. Throws a ConfigError that names the entry. */
export function readManagers(managers: readonly string[]): readonly Destination[] {
  if (managers.length === 0) throw new ConfigError("MANAGERS is empty. Name at least one manager.");
  return managers.map((text) => {
    const url = parseUrl(text.includes("://") ? text : `http://${text}`);
    if (url === undefined) {
      throw new ConfigError(
        `MANAGERS has the entry ${JSON.stringify(text)}: must be host:port, or a URL of http, https, ws or wss.`,
      );
    }
    const isSocket = url.protocol.startsWith("ws");
    const own = url.pathname !== "/";
    return {
      lastData: own ? url : new URL(isSocket ? socketPath : defaultPath, url),
      syncRange: own && isSocket ? url : socketUrl(url),
    };
  });
}

const endpoint = z.object({ endpoint: z.string().optional() }).nullish();
const entry = z
  .object({
    network: z.string(),
    chain_id: z.string(),
    conn_type: z.enum(["http", "ws"], "must be http or ws"),
    address: z.string(),
    additional: z.object({ lastdata: endpoint, syncrange: endpoint }).partial().nullish(),
  })
  .transform(({ network, chain_id: chainId, conn_type: type, address, additional }, context): Destination => {
    const base = parseUrl(address.includes("://") ? address : `${type}://${address}`);
    if (base === undefined || base.protocol.startsWith("ws") !== (type === "ws")) {
      const message = `must be host:port or a URL of ${type} or ${type === "ws" ? "wss" : "https"}`;
      context.addIssue({ code: "custom", path: ["address"], message });
      return z.NEVER;
    }
    // Managers of existing systems serve /ws.
    const lastData = additional?.lastdata?.endpoint ?? (type === "ws" ? "/ws" : defaultPath);
    const syncRange = additional?.syncrange?.endpoint;
    return {
      chain: { network, chainId },
      lastData: new URL(lastData, base),
      syncRange: syncRange === undefined ? socketUrl(base, "/ws") : new URL(syncRange, base),
    };
  });

/** Reads a file of destinations, or a folder of them. Throws a ConfigError that names the file, the entry and the key. */
export function readDestinations(path: string): readonly Destination[] {
  return readEntries(path, entry);
}

function parseUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return ["http:", "https:", "ws:", "wss:"].includes(url.protocol) && url.hostname !== "" ? url : undefined;
}

function socketUrl(base: URL, path = socketPath): URL {
  const url = new URL(path, base);
  url.protocol = webSocketOf[url.protocol] ?? url.protocol;
  return url;
}
