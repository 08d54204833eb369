// What the HTTP server expects of those whose answers it carries. Imports nothing; GraphQL stands beside this folder, not below.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** The GraphQL endpoint: takes requests and upgrades over. */
export interface GraphqlEndpoint {
  handle(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly printedSchema: string;
  /** Ends what is open, at most `graceMs` later. */
  close(graceMs?: number): Promise<void>;
}

/** Where a registration comes from. */
export interface RegistrationSource {
  readonly ip: string;
  readonly authorization?: string;
}

/** Takes a worker's registration; throws an IndexerError where it is refused. */
export type Register = (body: unknown, source: RegistrationSource) => Promise<void>;

/** Whether requests can be served, and what stands still. */
export interface HealthReport {
  readonly ready: boolean;
  /** Why it is not ready; empty where it is. */
  readonly reasons: readonly string[];
  /** What is known of each chain that is followed: told, and not held against readiness unless `ready` says so. */
  readonly chains?: readonly {
    readonly network: string;
    readonly chainId: string;
    readonly reasons: readonly string[];
  }[];
}
