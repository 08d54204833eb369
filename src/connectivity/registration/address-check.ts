// Where a manager may dial: an address is read, resolved once and every IP checked.
// Imports only domain; never dials.
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import { IndexerError } from "../../domain/errors.js";

/** Loopback and the private ranges. */
export const privateRanges: readonly string[] = [
  "127.0.0.0/8",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::1/128",
  "fc00::/7",
];

/** A checked address. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** The IP that was checked and is dialled. */
  readonly ip: string;
}

/** Host names to IPs; all of them. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface AddressRules {
  /** CIDRs. */
  readonly allow: readonly string[];
  /** Ports of this manager by now, never dialled on this machine: where it listens on port 0, it knows its own only later. */
  ownPorts(): readonly number[];
  readonly resolve?: Resolve;
}

export interface AddressCheck {
  /** Resolves and checks `host:port`. Rejects with BAD_USER_INPUT or FORBIDDEN. */
  check(address: string): Promise<Target>;
}

const form = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)):(\d{1,5})$/;
/** Never dialled, whatever is allowed. */
const neverRanges: readonly string[] = ["linkLocal", "multicast", "unspecified", "broadcast", "reserved"];

/** Creates the check; throws BAD_USER_INPUT at once where a CIDR of `allow` is none. */
export function createAddressCheck({ allow, ownPorts, resolve = resolveAll }: AddressRules): AddressCheck {
  const ranges = allow.map(readRange);

  const refuse = (address: string, why: string): IndexerError =>
    new IndexerError("FORBIDDEN", `The worker's address '${address}' is not dialled: ${why}.`, { address });

  const checkIp = (address: string, text: string, port: number): void => {
    const ip = ipaddr.process(text);
    const range = ip.range();
    if (neverRanges.includes(range)) throw refuse(address, `${text} is a ${range} address`);
    if (!ranges.some((each) => within(ip, each))) {
      throw refuse(address, `${text} is not in WORKER_ALLOW, add its range there`);
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

/** Reads `host:port`. Throws BAD_USER_INPUT. */
export function readAddress(address: string): { readonly host: string; readonly port: number } {
  const [, ipv6, name, digits] = form.exec(address) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  const wrong =
    host === undefined || port < 1 || port > 65_535 || (ipv6 !== undefined && !ipaddr.isValid(ipv6));
  if (wrong) {
    throw new IndexerError(
      "BAD_USER_INPUT",
      "The worker's address must be 'host:port', without a scheme, a user or a path; an IPv6 address in brackets.",
      { address: address.slice(0, 256) },
    );
  }
  return { host, port };
}

function readRange(cidr: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  try {
    return ipaddr.parseCIDR(cidr);
  } catch (cause) {
    const message = `WORKER_ALLOW: '${cidr}' is no range: write it as 10.0.0.0/8.`;
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
  const message = `The worker's host '${host}' has no IP address: register with a name that this manager can resolve.`;
  return new IndexerError("BAD_USER_INPUT", message, { host }, { cause });
}

async function resolveAll(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}
