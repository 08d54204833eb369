// The settings of a scheduler. A test compares the table of the README with this one.
// Imports only lib.
// Never reads the environment: callers resolve the settings.
import type { Settings, SettingValues } from "../lib/config.js";
import { logLevel } from "../lib/process-settings.js";
import { duration, hostPort, list, path, url } from "../lib/setting-types.js";

/** The settings of a scheduler. */
export const schedulerSettings = {
  managers: {
    name: "MANAGERS",
    schema: list,
    fallback: "127.0.0.1:8085",
    description:
      "Managers that run the work, as host:port or URLs (http, https, ws, wss), separated by commas; a name may have several addresses.",
  },
  destinationsPath: {
    name: "DESTINATIONS_PATH",
    schema: path,
    description: "JSON file, or folder of them, with managers for single chains; replaces MANAGERS.",
  },
  initialConfigPath: {
    name: "SCHEDULER_INITIAL_CONFIG_PATH",
    schema: path,
    description: "JSON file, or folder of them, with schedules to create at the start.",
  },
  databaseUrl: {
    name: "DATABASE_URL",
    schema: url("postgres", "postgresql"),
    description:
      "URL of the managers' PostgreSQL database: its schedules run, each slot once over all schedulers. Without it, the schedules of the file run in memory.",
    secret: true,
  },
  address: {
    name: "ADDRESS",
    schema: hostPort,
    fallback: "0.0.0.0:8075",
    description: "Address of /health and /metrics, as host:port; port 0 selects a free port.",
  },
  managerInterval: {
    name: "MANAGER_INTERVAL",
    schema: duration(100),
    fallback: "2s",
    description: "Interval between two checks of the managers and of the addresses of their names.",
  },
  requestTimeout: {
    name: "REQUEST_TIMEOUT",
    schema: duration(100),
    fallback: "40s",
    description: "Time limit of one request to a manager.",
  },
  logLevel,
} as const satisfies Settings;

/** The resolved settings of a scheduler. */
export type SchedulerConfig = SettingValues<typeof schedulerSettings>;
