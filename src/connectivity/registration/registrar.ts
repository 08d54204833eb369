// The worker tells its managers that it is there, again and again, each on its own.
// Imports only lib and this folder; never opens a stream.
import type { Clock } from "../../lib/clock.js";
import { maskUrl, type Logger } from "../../lib/logger.js";
import { times } from "../protocol/limits.js";
import type { Registration } from "../port.js";
import { writeRegistration } from "./registration-body.js";

export interface Registrar {
  /** Registers at once with every manager, for example because draining began; resolves when each has answered or failed. */
  registerNow(): Promise<void>;
  stop(): void;
}

export interface RegistrarOptions {
  /** `host:port`, or URLs. */
  readonly managers: readonly string[];
  /** What to say, by now. */
  registration(): Registration;
  /** Milliseconds between two registrations; 10 s unless told. */
  readonly intervalMs?: number;
  readonly token?: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Milliseconds that a manager may take to answer. */
const patience = 5_000;
/** Milliseconds until a manager that did not answer is asked again. */
const unanswered = 1_000;

/** Starts to register. */
export function startRegistrar(options: RegistrarOptions): Registrar {
  const { clock, logger, token, intervalMs = times.register } = options;
  const stopping = new AbortController();
  /** The last outcome by manager, so that each change is logged once. */
  const outcomes = new Map<string, string>();

  const note = (manager: string, outcome: string): void => {
    if (outcomes.get(manager) === outcome) return;
    outcomes.set(manager, outcome);
    if (outcome === "ok") logger.info({ manager }, "Registered with a manager.");
    else logger.warn({ manager, reason: outcome }, "A manager did not take the registration.");
  };

  /** Whether the manager answered, whatever it said. */
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
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(patience)]),
      });
      const text = await response.text();
      note(manager, response.ok ? "ok" : `${response.status} ${text.slice(0, 200)}`.trim());
      return true;
    } catch (error) {
      if (!stopping.signal.aborted) note(manager, causeOf(error));
      return false;
    }
  };

  const keepUp = async (url: string): Promise<void> => {
    while (!stopping.signal.aborted) {
      const answered = await register(url);
      // Processes are started in any order: who does not answer yet is asked again soon.
      const wait = answered ? intervalMs : Math.min(intervalMs, unanswered);
      await clock.sleep(wait, stopping.signal).catch(() => undefined);
    }
  };

  const urls = options.managers.map(pingUrl);
  for (const url of urls) void keepUp(url);

  return {
    async registerNow() {
      await Promise.all(urls.map(register));
    },
    stop: () => stopping.abort(new Error("The worker is ending.")),
  };
}

function pingUrl(manager: string): string {
  const base = /^https?:\/\//.test(manager) ? manager : `http://${manager}`;
  return `${base.replace(/\/+$/, "")}/client_ping`;
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
