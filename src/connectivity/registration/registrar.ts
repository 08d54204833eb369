// Registers a worker with each of its managers at regular intervals, independently of each other.
// Imports only lib and this folder; never opens a stream.
import type { Clock } from "../../lib/clock.js";
import { errorMessage } from "../../lib/error-message.js";
import { maskUrl, type Logger } from "../../lib/logger.js";
import { times } from "../protocol/limits.js";
import type { Registration } from "../port.js";
import { writeRegistration } from "./registration-body.js";

/** A running registrar. */
export interface Registrar {
  /** Registers at once with every manager; resolves when every request succeeded or failed. */
  registerNow(): Promise<void>;
  stop(): void;
}

/** Settings of the registrar. */
export interface RegistrarOptions {
  /** `host:port`, or URLs. */
  readonly managers: readonly string[];
  /** Returns the current registration. */
  registration(): Registration;
  /** Milliseconds between two registrations; 10 s by default. */
  readonly intervalMs?: number;
  readonly token?: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The timeout of a request, in milliseconds. */
const timeoutMs = 5_000;
/** Milliseconds before a request without a response is repeated. */
const retryMs = 1_000;

/** Starts to register with every manager. */
export function startRegistrar(options: RegistrarOptions): Registrar {
  const { clock, logger, token, intervalMs = times.register } = options;
  const stopping = new AbortController();
  /** The last outcome by manager: only changes are logged. */
  const outcomes = new Map<string, string>();

  const note = (manager: string, outcome: string): void => {
    if (outcomes.get(manager) === outcome) return;
    outcomes.set(manager, outcome);
    if (outcome === "ok") logger.info({ manager }, "Registered with a manager.");
    else logger.warn({ manager, reason: outcome }, "A manager refused the registration.");
  };

  /** Sends a registration; returns whether a response arrived, of any status. */
  const register = async (url: string): Promise<boolean> => {
    const manager = maskUrl(url);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(writeRegistration(options.registration())),
        redirect: "error",
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)]),
      });
      const text = await response.text();
      note(manager, response.ok ? "ok" : `${response.status} ${text.slice(0, 200)}`.trim());
      return true;
    } catch (error) {
      if (!stopping.signal.aborted) note(manager, causeOf(error));
      return false;
    }
  };

  const registerRegularly = async (url: string): Promise<void> => {
    while (!stopping.signal.aborted) {
      const responded = await register(url);
      // Processes start in any order: a manager that is not available yet may be soon.
      const delay = responded ? intervalMs : Math.min(intervalMs, retryMs);
      await clock.sleep(delay, stopping.signal).catch(() => undefined);
    }
  };

  const urls = options.managers.map(pingUrl);
  for (const url of urls) void registerRegularly(url);

  return {
    async registerNow() {
      await Promise.all(urls.map(register));
    },
    stop: () => stopping.abort(new Error("The worker is shutting down.")),
  };
}

function pingUrl(manager: string): string {
  const base = /^https?:\/\//.test(manager) ? manager : `http://${manager}`;
  return `${base.replace(/\/+$/, "")}/client_ping`;
}

function causeOf(error: unknown): string {
  return errorMessage(error instanceof Error ? (error.cause ?? error) : error);
}
