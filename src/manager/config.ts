// The settings of a manager. The README's table is held against this one by a test.
import type { Settings, SettingValues } from "../lib/config.js";
import { duration, flag, hostPort, list, path, text, url, wholeNumber } from "../lib/setting-types.js";
import { logLevel } from "../lib/process-settings.js";

export const managerSettings = {
  address: {
    name: "ADDRESS",
    schema: hostPort,
    fallback: "0.0.0.0:8085",
    description: "Where HTTP, GraphQL and registration are served, as host:port; port 0 takes a free one.",
  },
  databaseUrl: {
    name: "DATABASE_URL",
    schema: url("postgres", "postgresql"),
    description: "PostgreSQL to store in; without it, the embedded database in DATA_FOLDER.",
    secret: true,
  },
  dataFolder: {
    name: "DATA_FOLDER",
    schema: path,
    fallback: ".indexer",
    description: "Folder of the embedded database; for one process at a time.",
  },
  databaseConnections: {
    name: "DATABASE_CONNECTIONS",
    schema: wholeNumber(2, 1_000),
    fallback: "10",
    description: "Connections to PostgreSQL at most.",
  },
  migrateOnStart: {
    name: "MIGRATE_ON_START",
    schema: flag,
    fallback: "false",
    description: "Apply pending migrations to PostgreSQL at start; the embedded database always gets them.",
  },
  enableScheduler: {
    name: "ENABLE_SCHEDULER",
    schema: flag,
    fallback: "false",
    description: "Follow the head of every chain that a worker serves.",
  },
  followInterval: {
    name: "FOLLOW_INTERVAL",
    schema: duration(100),
    fallback: "5s",
    description: "How often a chain that is up to date is looked at.",
  },
  quarantineRetryInterval: {
    name: "QUARANTINE_RETRY_INTERVAL",
    schema: duration(100),
    fallback: "10m",
    description: "How often quarantined heights are fetched again.",
  },
  maximumHeightsToGet: {
    name: "MAXIMUM_HEIGHTS_TO_GET",
    schema: wholeNumber(1, 100_000),
    fallback: "1000",
    description: "Heights that one step of following takes at most.",
  },
  workerAllow: {
    name: "WORKER_ALLOW",
    schema: list,
    fallback: "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7",
    description: "Networks (CIDR) in which workers may be dialled.",
  },
  workerToken: {
    name: "WORKER_TOKEN",
    schema: text,
    description: "Secret that workers must present when they register.",
    secret: true,
  },
  tlsCa: {
    name: "TLS_CA",
    schema: path,
    description: "Certificate authority of workers: with it, streams are mutual TLS.",
  },
  tlsCert: { name: "TLS_CERT", schema: path, description: "This manager's certificate for streams." },
  tlsKey: { name: "TLS_KEY", schema: path, description: "The key of TLS_CERT." },
  metricsAddress: {
    name: "METRICS_ADDRESS",
    schema: hostPort,
    description: "Where /metrics is served, if not with the rest.",
  },
  graphiql: { name: "GRAPHIQL", schema: flag, fallback: "true", description: "Serve GraphiQL to browsers." },
  introspection: {
    name: "INTROSPECTION",
    schema: flag,
    fallback: "true",
    description: "Answer introspection queries.",
  },
  allowedOrigins: {
    name: "ALLOWED_ORIGINS",
    schema: list,
    fallback: "",
    description: "Origins, besides its own, whose pages may open WebSockets; * allows all.",
  },
  drainTimeout: {
    name: "DRAIN_TIMEOUT",
    schema: duration(),
    fallback: "30s",
    description: "How long work under way may take to finish after SIGTERM.",
  },
  logLevel,
} as const satisfies Settings;

export type ManagerConfig = SettingValues<typeof managerSettings>;
