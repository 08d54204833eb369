// What commands print: tables on a terminal, plain aligned lines elsewhere, JSON on request.
// Imports only lib and this folder.
// Never reads or computes what it prints.
import { styleText } from "node:util";
import Table from "cli-table3";
import type { Command } from "commander";
import { terminalFeatures } from "./config.js";

/** Writes one line to standard output. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Writes one line to standard error: progress and hints, which are not the result of a command. */
export function printNote(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Writes a value as indented JSON to standard output. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, null, 2));
}

/** Writes a value as one line of JSON to standard output, for values that follow each other. */
export function printJsonLine(value: unknown): void {
  printLine(JSON.stringify(value));
}

/** Adds `--json` to a command. */
export function addJsonOption(command: Command): Command {
  return command.option("--json", "Print JSON instead of text.");
}

/** The colours of texts by their meaning. */
const styles = { good: "green", warning: "yellow", bad: "red", faint: "gray", strong: "bold" } as const;

/** The meaning of a text, which a terminal shows as a colour. */
export type TextStyle = keyof typeof styles;

/** Colours a text on a terminal; returns it unchanged elsewhere. */
export function styled(style: TextStyle, text: string): string {
  if (!terminalFeatures(process.stdout).colors) return text;
  return styleText(styles[style], text, { validateStream: false });
}

/** Formats rows under their headings: with lines and bold headings on a terminal, only aligned elsewhere. */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { interactive } = terminalFeatures(process.stdout),
): string {
  const table = new Table({
    head: headings.map((heading) => (interactive ? styled("strong", heading) : heading)),
    // Colours are set by `styled` alone.
    style: { head: [], border: [], compact: true, "padding-left": interactive ? 1 : 0 },
    ...(!interactive && { chars: plainChars }),
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const noChars = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid"].flatMap((side) =>
    side === "mid"
      ? ["mid", "left-mid", "mid-mid", "right-mid"].map((name) => [name, ""])
      : [side, `${side}-mid`, `${side}-left`, `${side}-right`].map((name) => [name, ""]),
  ),
);
const plainChars = { ...noChars, middle: " " };

/** Formats a whole number with separators: `5,200,000`. */
export function formatCount(value: number | bigint): string {
  return value.toLocaleString("en-US");
}

/** Formats a range of heights: `1–5,200,000`, or one height alone. */
export function formatRange({ from, to }: { readonly from: number; readonly to: number }): string {
  return from === to ? formatCount(from) : `${formatCount(from)}–${formatCount(to)}`;
}

/** Formats a duration in seconds: `45s`, `3m 20s`, `2h 5m`, `3d 4h`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3_600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days}d ${hours}h`;
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m ${whole % 60}s` : `${whole}s`;
}

/** Formats how long ago a time was: `3s ago`; `never` without a time. */
export function formatAge(time: string | null | undefined, now: number): string {
  if (time === null || time === undefined) return "never";
  return `${formatSeconds((now - Date.parse(time)) / 1_000)} ago`;
}
