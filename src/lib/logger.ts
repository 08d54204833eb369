// Logs: JSON lines with one constant sentence and fields. Secrets and credentials in URLs are masked here.
import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";

/** A logger with levels and child loggers. */
export type Logger = Pick<PinoLogger, "debug" | "info" | "warn" | "error" | "child" | "level">;

/** The options of a root logger. */
export interface LoggerOptions {
  readonly level: string;
  /** The destination of lines; standard error by default. */
  readonly destination?: DestinationStream;
}

/** Creates the root logger of a process. */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
      redact: ["token", "authorization", "headers.authorization", "*.token"],
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
}

/** Creates a logger without output. */
export function silentLogger(): Logger {
  return pino({ level: "silent" });
}

/** Masks the credentials of a URL, for logs and messages. */
export function maskUrl(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.username !== "" || parsed.password !== "") {
      parsed.username = "***";
      parsed.password = "";
    }
    return parsed.toString();
  } catch {
    return url;
  }
}
