// The context of every resolver. Imports client, domain and this folder. Never holds state between operations.
import type { Client } from "../client/port.js";
import type { Limits } from "./limits.js";
import type { Loaders } from "./loaders.js";

/** The process that `Query.manager` describes. */
export interface ManagerInfo {
  readonly id: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** The transport of a subscription. */
export type Transport = "websocket" | "sse";

/** The context of one operation. */
export interface GatewayContext {
  readonly client: Client;
  readonly loaders: Loaders;
  readonly manager: ManagerInfo;
  readonly limits: Limits;
  /** The transport of the response. Plain HTTP counts as `sse`. */
  readonly transport: Transport;
  /** Identifies the caller, so that callers share the workers fairly. */
  readonly caller: string;
  /** Aborts when the caller disconnects or ends the operation. */
  readonly disconnected: AbortSignal;
  /** Aborts when the gateway closes. */
  readonly closing: AbortSignal;
}
