// `indexer workers`: the workers that are registered at a manager.
// Imports only domain and this folder.
// Never changes anything.
import type { Command } from "commander";
import { z } from "zod";
import { chainName } from "../domain/chain.js";
import { bigIntSchema } from "./response-shapes.js";
import { addManagerOptions, managerOf } from "./manager-commands.js";
import type { Operation } from "./manager-connection.js";
import type { GivenOptions } from "./options.js";
import { formatAge, formatCount, formatTable, printJson, printLine, styled } from "./output.js";

const workerShape = z.object({
  workerId: z.string(),
  network: z.string(),
  chainId: z.string(),
  version: z.string(),
  address: z.string(),
  state: z.string(),
  lastSeen: z.string(),
  inFlight: z.number(),
  capacity: z.number(),
  tasksDone: z.string(),
  tasksFailed: z.string(),
  pingMs: z.number().nullable(),
  capabilities: z.array(z.string()),
});

/** One worker as a manager reports it. */
export type WorkerReport = z.output<typeof workerShape>;

/** The query of a manager's workers. */
export const workersOperation = {
  document: `{ workers { workerId network chainId version address state lastSeen inFlight capacity tasksDone tasksFailed pingMs capabilities } }`,
  schema: z.object({ workers: z.array(workerShape) }),
} as const satisfies Operation<unknown>;

/** Adds `workers`. */
export function addWorkersCommand(program: Command): void {
  const command = program
    .command("workers")
    .description("Show the workers that are registered at a manager: state, load, tasks, ping.");
  addManagerOptions(command).action(async (options: GivenOptions) => {
    const { manager, json } = managerOf(options);
    const { workers } = await manager.request(workersOperation);
    if (json) return printJson(workers);
    if (workers.length === 0) {
      return printLine(
        `No worker registered at ${manager.url}. Start one with 'indexer worker <network>', with this manager in MANAGERS.`,
      );
    }
    const headings = [
      "worker",
      "chain",
      "state",
      "address",
      "tasks",
      "done",
      "failed",
      "ping",
      "seen",
      "version",
    ];
    const now = Date.now();
    printLine(
      formatTable(
        headings,
        workers.map((worker) => rowOf(worker, now)),
      ),
    );
  });
}

function rowOf(worker: WorkerReport, now: number): string[] {
  const failed = bigIntSchema.parse(worker.tasksFailed);
  return [
    worker.workerId.slice(0, 8),
    chainName(worker),
    styled(worker.state === "ONLINE" ? "good" : worker.state === "OFFLINE" ? "bad" : "warning", worker.state),
    worker.address,
    `${worker.inFlight}/${worker.capacity}`,
    formatCount(bigIntSchema.parse(worker.tasksDone)),
    failed === 0n ? "0" : styled("warning", formatCount(failed)),
    worker.pingMs === null ? "–" : `${worker.pingMs.toFixed(1)} ms`,
    formatAge(worker.lastSeen, now),
    worker.version,
  ];
}
