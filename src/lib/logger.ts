// Logs: JSON lines with one constant sentence and fields. Secrets and credentials in URLs are masked here, once.
import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";

export type Logger = Pick<PinoLogger, "debug" | "info" | "warn" | "error" | "child" | "level">;

export interface LoggerOptions {
  readonly level: string;
  /** Where lines go; standard error unless told. */
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

/** A logger that says nothing. */
export function silentLogger(): Logger {
  return pino({ level: "silent" });
}

/** A URL without its credentials, for logs and messages. */
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
