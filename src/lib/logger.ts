// Logs: JSON lines with one constant sentence and fields. Secrets and credentials in URLs are masked here.
import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";
import { errorMessage } from "./error-message.js";

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
      serializers: { error: serializeError },
      redact: ["token", "authorization", "headers.authorization", "*.token"],
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
}

/** Errors that the product throws on purpose: their message names the cause, so that a stack adds nothing. */
const expectedErrors = new Set(["IndexerError", "TaskFailure", "EndpointError", "ConfigError"]);

/** An error of a node, a network or a database that an operator can fix has no stack in the log; a defect has one. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error) || !isExpected(error)) {
    return error instanceof Error ? pino.stdSerializers.err(error) : error;
  }
  const code: unknown = Reflect.get(error, "code");
  const causes = causesOf(error);
  return {
    type: error.name,
    message: errorMessage(error),
    ...((typeof code === "string" || typeof code === "number") && { code }),
    ...(causes.length > 0 && { causes }),
  };
}

function isExpected(error: Error): boolean {
  const inner = error instanceof AggregateError ? error.errors : [];
  if (inner.length > 0) return inner.every((each) => each instanceof Error && isExpected(each));
  if (Reflect.get(error, "code") === "INTERNAL") return false;
  // Errors of the operating system, such as ECONNREFUSED, name the call that failed.
  return expectedErrors.has(error.name) || typeof Reflect.get(error, "syscall") === "string";
}

function causesOf(error: Error): string[] {
  const { cause } = error;
  return cause === undefined ? [] : [errorMessage(cause), ...(cause instanceof Error ? causesOf(cause) : [])];
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
