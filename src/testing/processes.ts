// Runs the product's processes as an operator does, and observes their output.
import { spawn, type ChildProcess } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const program = join(dirname(fileURLToPath(import.meta.url)), "../../dist/cli/main.js");

/** A process under test. */
export interface RunningProcess {
  readonly pid: number;
  /** Returns its output so far, stdout and stderr combined. */
  output(): string;
  /** Returns its standard output alone. */
  stdout(): string;
  /** Resolves with the first match in its output; rejects if the process ends first, or after `ms`. */
  line(pattern: RegExp, ms?: number): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with its exit code, or with the signal that ended it. */
  ended(): Promise<number | NodeJS.Signals>;
  /** Kills it with SIGKILL if it still runs. */
  kill(): Promise<void>;
}

/** Options of `startProcess`. */
export interface ProcessOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Program to start instead of `indexer`. */
  readonly executable?: string;
}

/** Starts `indexer` with only the listed environment, so that the developer's environment has no effect. */
export function startProcess({ args, env = {}, cwd, executable }: ProcessOptions): RunningProcess {
  const path = process.env["PATH"] ?? "";
  const command = executable === undefined ? [process.execPath, program] : [executable];
  const child: ChildProcess = spawn(command[0]!, [...command.slice(1), ...args], {
    env: { PATH: path, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd !== undefined && { cwd }),
  });
  let output = "";
  let stdout = "";
  const waiting = new Set<() => void>();
  const notifyWaiting = (): void => {
    for (const check of waiting) check();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (stream === child.stdout) stdout += text;
      notifyWaiting();
    });
  }
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once("close", (code, signal) => {
      resolve(code ?? signal ?? 1);
      notifyWaiting();
    }),
  );
  const running = (): boolean => child.exitCode === null && child.signalCode === null;

  return {
    pid: child.pid ?? 0,
    output: () => output,
    stdout: () => stdout,
    line: (pattern, ms = 30_000) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          clearTimeout(timer);
          waiting.delete(check);
        };
        const fail = (reason: string): void => {
          stop();
          reject(new Error(`${reason} without ${String(pattern)} in its output:\n${output.slice(-4_000)}`));
        };
        const check = (): void => {
          const match = pattern.exec(output);
          if (match !== null) {
            stop();
            resolve(match);
          } else if (!running()) fail(`${executable ?? "indexer"} ${args.join(" ")} ended`);
        };
        const timer = setTimeout(() => fail(`${ms} ms passed`), ms);
        waiting.add(check);
        check();
      }),
    signal: (signal) => void child.kill(signal),
    ended: () => ended,
    kill: async () => {
      if (running()) child.kill("SIGKILL");
      await ended;
    },
  };
}
