// The product's own processes, started as an operator starts them, and looked at from outside.
import { spawn, type ChildProcess } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const program = join(dirname(fileURLToPath(import.meta.url)), "../../dist/cli/main.js");

export interface RunningProcess {
  readonly pid: number;
  /** All that it has written so far, both streams together. */
  output(): string;
  /** Resolves with the first match in its output; rejects where it ends first, or after `ms`. */
  line(pattern: RegExp, ms?: number): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with its exit code, or with the signal that ended it. */
  ended(): Promise<number | NodeJS.Signals>;
  /** Ends it for good, if it still runs. */
  kill(): Promise<void>;
}

export interface ProcessOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Program to start in place of `indexer`. */
  readonly executable?: string;
}

/** Starts `indexer …`; the environment holds only what is given, so that nothing of the tester's leaks in. */
export function startProcess({ args, env = {}, cwd, executable }: ProcessOptions): RunningProcess {
  const path = process.env["PATH"] ?? "";
  const command = executable === undefined ? [process.execPath, program] : [executable];
  const child: ChildProcess = spawn(command[0]!, [...command.slice(1), ...args], {
    env: { PATH: path, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd !== undefined && { cwd }),
  });
  let output = "";
  const waiting = new Set<() => void>();
  const tellAll = (): void => {
    for (const tell of waiting) tell();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      tellAll();
    });
  }
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once("close", (code, signal) => {
      resolve(code ?? signal ?? 1);
      tellAll();
    }),
  );
  const running = (): boolean => child.exitCode === null && child.signalCode === null;

  return {
    pid: child.pid ?? 0,
    output: () => output,
    line: (pattern, ms = 30_000) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          clearTimeout(timer);
          waiting.delete(look);
        };
        const fail = (why: string): void => {
          stop();
          reject(new Error(`${why} without ${String(pattern)} in its output:\n${output.slice(-4_000)}`));
        };
        const look = (): void => {
          const match = pattern.exec(output);
          if (match !== null) {
            stop();
            resolve(match);
          } else if (!running()) fail(`${executable ?? "indexer"} ${args.join(" ")} ended`);
        };
        const timer = setTimeout(() => fail(`${ms} ms passed`), ms);
        waiting.add(look);
        look();
      }),
    signal: (signal) => void child.kill(signal),
    ended: () => ended,
    kill: async () => {
      if (running()) child.kill("SIGKILL");
      await ended;
    },
  };
}
