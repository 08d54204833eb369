// The interfaces that the HTTP server requires of the parts that it serves. Imports nothing: GraphQL is on the same level.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** The GraphQL endpoint: handles requests and upgrades. */
export interface GraphqlEndpoint {
  handle(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly printedSchema: string;
  /** Ends all open operations, after at most `graceMs` milliseconds. */
  close(graceMs?: number): Promise<void>;
}

/** The HTTP source of a registration. */
export interface HttpSource {
  readonly ip: string;
  readonly authorization?: string;
}

/** Registers a worker. Throws an IndexerError if the registration is rejected. */
export type Register = (body: unknown, source: HttpSource) => Promise<void>;

/** Whether requests can be served, and which chains have problems. */
export interface HealthReport {
  readonly ready: boolean;
  /** Why the manager is not ready. Empty if it is ready. */
  readonly reasons: readonly string[];
  /** The problems of each followed chain. They alone do not make the manager unready. */
  readonly chains?: readonly {
    readonly network: string;
    readonly chainId: string;
    readonly reasons: readonly string[];
  }[];
}
