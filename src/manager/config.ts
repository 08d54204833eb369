// The settings of a manager. A test compares the table of the README with this one.
import { minIntervalMs } from "../domain/schedule.js";
import type { Settings, SettingValues } from "../lib/config.js";
import { duration, flag, hostPort, list, path, anyText, url, boundedInteger } from "../lib/setting-types.js";
import { logLevel } from "../lib/process-settings.js";

/** The settings of a manager. */
export const managerSettings = {
  address: {
    name: "ADDRESS",
    schema: hostPort,
    fallback: "0.0.0.0:8085",
    description: "Address of HTTP, GraphQL and registration, as host:port; port 0 selects a free port.",
  },
  databaseUrl: {
    name: "DATABASE_URL",
    schema: url("postgres", "postgresql"),
    description: "URL of the PostgreSQL database; by default, the embedded database in DATA_FOLDER is used.",
    secret: true,
  },
  dataFolder: {
    name: "DATA_FOLDER",
    schema: path,
    fallback: ".indexer",
    description: "Folder of the embedded database; only one process can use it at a time.",
  },
  databaseConnections: {
    name: "DATABASE_CONNECTIONS",
    schema: boundedInteger(2, 1_000),
    fallback: "10",
    description: "Maximum of connections to PostgreSQL.",
  },
  migrateOnStart: {
    name: "MIGRATE_ON_START",
    schema: flag,
    fallback: "false",
    description:
      "Apply pending migrations to PostgreSQL at start; they are always applied to the embedded database.",
  },
  enableScheduler: {
    name: "ENABLE_SCHEDULER",
    schema: flag,
    fallback: "false",
    description: "Run schedules, and follow the head of every chain that a worker serves.",
  },
  followFrom: {
    name: "FOLLOW_FROM",
    flag: "--from",
    schema: boundedInteger(0),
    description:
      "Height at which the index of a new chain begins; by default 1,000 heights below its head, or its first height if it has at most 10,000.",
  },
  followInterval: {
    name: "FOLLOW_INTERVAL",
    schema: duration(minIntervalMs),
    fallback: "5s",
    description:
      "Interval of the schedules that follow chains; new blocks of workers that report them are stored at once.",
  },
  quarantineRetryInterval: {
    name: "QUARANTINE_RETRY_INTERVAL",
    schema: duration(100),
    fallback: "10m",
    description: "Interval between two retries of quarantined heights, over all managers.",
  },
  maximumHeightsToGet: {
    name: "MAXIMUM_HEIGHTS_TO_GET",
    schema: boundedInteger(1, 100_000),
    fallback: "1000",
    description: "Maximum of heights that one step of following fetches.",
  },
  workerAllow: {
    name: "WORKER_ALLOW",
    schema: list,
    fallback: "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7",
    description: "Networks (CIDR) in which the manager may connect to workers.",
  },
  workerToken: {
    name: "WORKER_TOKEN",
    schema: anyText,
    description: "Secret that workers must send when they register.",
    secret: true,
  },
  tlsCa: {
    name: "TLS_CA",
    schema: path,
    description: "File with the certificate authority of workers; enables mutual TLS on streams.",
  },
  tlsCert: {
    name: "TLS_CERT",
    schema: path,
    description: "File with this manager's certificate for streams.",
  },
  tlsKey: { name: "TLS_KEY", schema: path, description: "File with the key of TLS_CERT." },
  metricsAddress: {
    name: "METRICS_ADDRESS",
    schema: hostPort,
    description: "Separate address of /metrics, as host:port.",
  },
  graphiql: { name: "GRAPHIQL", schema: flag, fallback: "true", description: "Serve GraphiQL to browsers." },
  introspection: {
    name: "INTROSPECTION",
    schema: flag,
    fallback: "true",
    description: "Allow introspection queries.",
  },
  allowedOrigins: {
    name: "ALLOWED_ORIGINS",
    schema: list,
    fallback: "",
    description: "Further origins whose pages may open WebSockets; * allows all.",
  },
  drainTimeout: {
    name: "DRAIN_TIMEOUT",
    schema: duration(),
    fallback: "30s",
    description: "Time that tasks in progress may take to finish after SIGTERM.",
  },
  logLevel,
} as const satisfies Settings;

/** The resolved settings of a manager. */
export type ManagerConfig = SettingValues<typeof managerSettings>;
