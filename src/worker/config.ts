// Settings of every worker; each network's own settings are in its folder in chains.
// Imports only lib.
// Never reads the environment: callers resolve the settings.
import { hostname } from "node:os";
import type { Settings, SettingValues } from "../lib/config.js";
import { duration, hostPort, list, path, anyText, boundedInteger } from "../lib/setting-types.js";
import { logLevel } from "../lib/process-settings.js";

/** Settings of every worker. */
export const workerSettings = {
  managers: {
    name: "MANAGERS",
    schema: list,
    fallback: "127.0.0.1:8085",
    description: "Managers to register with, as host:port, separated by commas.",
  },
  address: {
    name: "ADDRESS",
    schema: hostPort,
    fallback: "0.0.0.0:0",
    description: "Listen address for managers' streams, as host:port; port 0 selects a free port.",
  },
  hostname: {
    name: "HOSTNAME",
    schema: anyText,
    description: "Host name or IP address that managers dial; detected if not set.",
  },
  managerInterval: {
    name: "MANAGER_INTERVAL",
    schema: duration(100),
    fallback: "10s",
    description: "Interval between registrations with managers.",
  },
  capacity: {
    name: "CAPACITY",
    schema: boundedInteger(1, 1_000),
    fallback: "8",
    description: "Maximum number of concurrent tasks.",
  },
  workerToken: {
    name: "WORKER_TOKEN",
    schema: anyText,
    description: "Secret that the worker presents to managers.",
    secret: true,
  },
  tlsCa: {
    name: "TLS_CA",
    schema: path,
    description: "Certificate authority of the managers' certificates; with it, streams use mutual TLS.",
  },
  tlsCert: { name: "TLS_CERT", schema: path, description: "Certificate of this worker." },
  tlsKey: { name: "TLS_KEY", schema: path, description: "Private key of TLS_CERT." },
  metricsAddress: {
    name: "METRICS_ADDRESS",
    schema: hostPort,
    description: "Listen address of /metrics; without it, metrics are not served.",
  },
  drainTimeout: {
    name: "DRAIN_TIMEOUT",
    schema: duration(),
    fallback: "30s",
    description: "Time that running tasks have to finish after SIGTERM.",
  },
  logLevel,
} as const satisfies Settings;

/** Resolved settings of a worker. */
export type WorkerConfig = SettingValues<typeof workerSettings>;

/**
 * Returns the host that managers dial: the configured one, the loopback address if every manager is on this machine, else
 * the machine's host name.
 */
export function advertisedHost({
  hostname: configured,
  managers,
}: Pick<WorkerConfig, "hostname" | "managers">): string {
  if (configured !== undefined) return configured;
  const local = managers.every((manager) => /^(?:https?:\/\/)?(127\.|localhost|\[::1\])/.test(manager));
  return local ? "127.0.0.1" : hostname();
}
