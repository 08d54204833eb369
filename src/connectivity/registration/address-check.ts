// Checks a worker's address: parses it, resolves it once, and checks every IP.
// Imports only domain; never dials.
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import { IndexerError } from "../../domain/errors.js";

/** The loopback and private ranges, as CIDRs. */
export const privateRanges: readonly string[] = [
  "127.0.0.0/8",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::1/128",
  "fc00::/7",
];

/** An address that may be dialled. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** The IP that was checked and is dialled. */
  readonly ip: string;
}

/** Resolves a host name to all of its IPs. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** The rules for addresses. */
export interface AddressRules {
  /** The CIDRs in which workers may be dialled. */
  readonly allow: readonly string[];
  /** Returns the ports of this manager, which are never dialled on this machine. Known only after the manager listens. */
  ownPorts(): readonly number[];
  readonly resolve?: Resolve;
}

/** The check of addresses. */
export interface AddressCheck {
  /** Resolves and checks `host:port`. Rejects with BAD_USER_INPUT or FORBIDDEN. */
  check(address: string): Promise<Target>;
}

const form = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)):(\d{1,5})$/;
/** Ranges that are never dialled, even if `allow` contains them. */
const neverRanges: readonly string[] = ["linkLocal", "multicast", "unspecified", "broadcast", "reserved"];

/** Creates the check. Throws BAD_USER_INPUT if an entry of `allow` is not a CIDR. */
export function createAddressCheck({ allow, ownPorts, resolve = resolveAll }: AddressRules): AddressCheck {
  const ranges = allow.map(parseRange);

  const refuse = (address: string, reason: string): IndexerError =>
    new IndexerError("FORBIDDEN", `The worker's address '${address}' is not allowed: ${reason}.`, {
      address,
    });

  const checkIp = (address: string, text: string, port: number): void => {
    const ip = ipaddr.process(text);
    const range = ip.range();
    if (neverRanges.includes(range)) throw refuse(address, `${text} is a ${range} address`);
    if (!ranges.some((each) => within(ip, each))) {
      throw refuse(address, `${text} is not in WORKER_ALLOW; add its range there`);
    }
    if (ownPorts().includes(port) && isOwn(ip)) throw refuse(address, `port ${port} is this manager's own`);
  };

  return {
    async check(address) {
      const { host, port } = readAddress(address);
      const ips = ipaddr.isValid(host) ? [host] : await resolveHost(host, resolve);
      for (const ip of ips) checkIp(address, ip, port);
      const [ip] = ips;
      if (ip === undefined) throw unresolved(host);
      return { host, port, ip: ipaddr.process(ip).toString() };
    },
  };
}

/** Parses `host:port`. Throws BAD_USER_INPUT. */
export function readAddress(address: string): { readonly host: string; readonly port: number } {
  const [, ipv6, name, digits] = form.exec(address) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  const invalid =
    host === undefined || port < 1 || port > 65_535 || (ipv6 !== undefined && !ipaddr.isValid(ipv6));
  if (invalid) {
    throw new IndexerError(
      "BAD_USER_INPUT",
      "The worker's address must be 'host:port' without a scheme, a user or a path, with an IPv6 address in brackets.",
      { address: address.slice(0, 256) },
    );
  }
  return { host, port };
}

function parseRange(cidr: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  try {
    return ipaddr.parseCIDR(cidr);
  } catch (cause) {
    const message = `WORKER_ALLOW: '${cidr}' is not a range. Write it like 10.0.0.0/8.`;
    throw new IndexerError("BAD_USER_INPUT", message, {}, { cause });
  }
}

function within(ip: ipaddr.IPv4 | ipaddr.IPv6, range: [ipaddr.IPv4 | ipaddr.IPv6, number]): boolean {
  return ip.kind() === range[0].kind() && ip.match(range);
}

function isOwn(ip: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (ip.range() === "loopback") return true;
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return own.some(({ address }) => ipaddr.process(address.replace(/%.*$/, "")).toString() === ip.toString());
}

async function resolveHost(host: string, resolve: Resolve): Promise<readonly string[]> {
  try {
    return await resolve(host);
  } catch (cause) {
    throw unresolved(host, cause);
  }
}

function unresolved(host: string, cause?: unknown): IndexerError {
  const message = `The worker's host '${host}' has no IP address. Register with a name that this manager can resolve.`;
  return new IndexerError("BAD_USER_INPUT", message, { host }, { cause });
}

async function resolveAll(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}
