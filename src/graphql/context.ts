// What every resolver is given. Imports client, domain and this folder; never holds state between operations.
import type { Client } from "../client/port.js";
import type { Limits } from "./limits.js";
import type { Loaders } from "./loaders.js";

/** What Query.manager tells of the process. */
export interface ManagerInfo {
  readonly id: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** How the answers of subscriptions go out. */
export type Transport = "websocket" | "sse";

/** The context of one operation. */
export interface GatewayContext {
  readonly client: Client;
  readonly loaders: Loaders;
  readonly manager: ManagerInfo;
  readonly limits: Limits;
  /** How the answer goes out. */
  readonly transport: Transport;
  /** Names the caller, so that many callers share the workers fairly. */
  readonly caller: string;
  /** Aborts when the caller leaves. */
  readonly left: AbortSignal;
  /** Aborts when the gateway closes. */
  readonly closing: AbortSignal;
}
