// The progress of a long command on standard error: a bar on a terminal, plain lines elsewhere.
// Imports only lib and this folder.
// Never hides a line: what is printed while a bar is shown appears above it.
import { MultiBar, type SingleBar } from "cli-progress";
import type { Clock } from "../lib/clock.js";
import { terminalFeatures } from "./config.js";
import { formatCount, formatSeconds } from "./output.js";

/** The progress of one piece of work. */
export interface Progress {
  /** Shows how much is done. Without a rate, it is computed from the updates. */
  update(done: number, details?: ProgressDetails): void;
  /** Prints a line above the bar. */
  note(line: string): void;
  /** Shows the last update and ends the bar. */
  stop(): void;
}

/** What a bar shows beside the share that is done. */
export interface ProgressDetails {
  readonly perSecond?: number;
  readonly etaSeconds?: number | null;
  /** For example the ranges in work. */
  readonly detail?: string;
  /** The total, if it changed. */
  readonly total?: number;
}

/** Options of `createProgress`. */
export interface ProgressOptions {
  readonly total: number;
  /** What is counted, for example `blocks`. */
  readonly unit: string;
  readonly clock: Clock;
  readonly stream?: NodeJS.WriteStream;
}

/** Milliseconds between two plain lines. */
const plainIntervalMs = 5_000;
const barFormat = " {bar} {share} · {counts} {unit} · {rate} {unit}/s · ETA {remaining}{detail}";

/** Starts to show progress at 0. */
export function createProgress({ total, unit, clock, stream = process.stderr }: ProgressOptions): Progress {
  const startedAt = clock.monotonic();
  let latest: Shown = describe(0, { total }, 0);
  const shownOf = (done: number, details: ProgressDetails): Shown =>
    describe(done, { total, ...details }, clock.monotonic() - startedAt);

  if (!terminalFeatures(stream).interactive) {
    let printedAt = startedAt;
    let printed = "";
    const print = (): void => {
      const { share, counts, rate, remaining, detail } = latest.texts;
      const line = `${share} · ${counts} ${unit} · ${rate} ${unit}/s · ETA ${remaining}${detail}`;
      if (line !== printed) stream.write(`${line}\n`);
      printed = line;
      printedAt = clock.monotonic();
    };
    return {
      update: (done, details = {}) => {
        latest = shownOf(done, details);
        if (clock.monotonic() - printedAt >= plainIntervalMs) print();
      },
      note: (line) => void stream.write(`${line}\n`),
      stop: print,
    };
  }

  const bars = new MultiBar({
    format: barFormat,
    stream,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 16,
    hideCursor: false,
    // The command handles signals itself.
    gracefulExit: false,
    linewrap: false,
    emptyOnZero: true,
  });
  const bar: SingleBar = bars.create(Math.max(1, total), 0, { ...latest.texts, unit });
  return {
    update: (done, details = {}) => {
      latest = shownOf(done, details);
      bar.setTotal(Math.max(1, latest.total));
      bar.update(latest.done, { ...latest.texts, unit });
    },
    note: (line) => {
      bars.log(`${line}\n`);
      bars.update();
    },
    stop: () => bars.stop(),
  };
}

interface Shown {
  readonly done: number;
  readonly total: number;
  readonly texts: Readonly<Record<"share" | "counts" | "rate" | "remaining" | "detail", string>>;
}

function describe(
  done: number,
  { total, perSecond, etaSeconds, detail = "" }: ProgressDetails & { readonly total: number },
  elapsedMs: number,
): Shown {
  const rate = perSecond ?? (elapsedMs > 0 ? (done * 1_000) / elapsedMs : 0);
  const left = Math.max(0, total - done);
  const eta = etaSeconds === undefined ? (rate > 0 ? left / rate : null) : etaSeconds;
  return {
    done: Math.min(done, total),
    total,
    texts: {
      share: `${total === 0 ? 100 : Math.floor((Math.min(done, total) * 100) / total)}%`,
      counts: `${formatCount(done)}/${formatCount(total)}`,
      rate: rate < 10 ? rate.toFixed(1) : formatCount(Math.round(rate)),
      // Not `eta`: the bar would replace it by an estimate of its own.
      remaining: left === 0 ? "0s" : eta === null ? "unknown" : formatSeconds(eta),
      detail: detail === "" ? "" : ` · ${detail}`,
    },
  };
}
