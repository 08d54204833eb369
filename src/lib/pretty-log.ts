// Log lines for people: a time, a level, the sentence and its reason. Loaded only where a terminal shows the log.
import type { DestinationStream } from "pino";
import pretty from "pino-pretty";
import { isRecord } from "./is-record.js";

/** Where readable lines go. */
export interface PrettyLogOptions {
  /** Receives complete lines, each with its line end. */
  readonly write: (text: string) => void;
  readonly colors: boolean;
}

/** Creates the destination of a logger that writes each entry as one readable line. */
export function createPrettyDestination({ write, colors }: PrettyLogOptions): DestinationStream {
  const format = pretty.prettyFactory({
    colorize: colors,
    translateTime: "SYS:HH:MM:ss",
    singleLine: true,
    ignore: "pid,hostname,reason,nextStep,error",
    messageFormat: (log, messageKey) => {
      const parts = [log[messageKey], errorText(log["error"]), log["reason"], log["nextStep"]];
      return parts.filter((part) => typeof part === "string" && part !== "").join(" ");
    },
  });
  return { write: (line) => write(format(line)) };
}

/** The message and the causes of an error, or its stack if the log has one. */
function errorText(error: unknown): string {
  if (error === undefined) return "";
  if (!isRecord(error)) return typeof error === "string" ? error : JSON.stringify(error);
  const { message, causes, stack } = error;
  if (typeof stack === "string") return `\n${stack}\n`;
  const because = Array.isArray(causes) && causes.length > 0 ? ` (${causes.join("; ")})` : "";
  return `${String(message)}${because}`;
}
