// `indexer schedules`: lists, saves and removes schedules.
// Imports only domain and this folder.
// Never fires a schedule.
import { Option, type Command } from "commander";
import { z } from "zod";
import { chainName, type ChainRef } from "../domain/chain.js";
import { addManagerOptions, chainOption, heightOption, managerOf } from "./manager-commands.js";
import { ManagerError, type ManagerConnection, type Operation } from "./manager-connection.js";
import type { GivenOptions } from "./options.js";
import { formatAge, formatCount, formatRange, formatTable, printJson, printLine, styled } from "./output.js";
import { UsageError } from "./process.js";
import { chainSchema, heightSchema, rangeSchema } from "./response-shapes.js";

const scheduleFields = `id taskId kind interval enabled nextAt chain { network chainId } heights { from to }
  last { time height hash retryCount error }`;

const scheduleShape = z.object({
  id: z.string(),
  taskId: z.string(),
  kind: z.enum(["LASTDATA", "SYNCRANGE"]),
  interval: z.string(),
  enabled: z.boolean(),
  nextAt: z.string().nullable(),
  chain: chainSchema,
  heights: rangeSchema.nullable(),
  last: z
    .object({
      time: z.string(),
      height: heightSchema.nullable(),
      hash: z.string().nullable(),
      retryCount: z.number(),
      error: z.string().nullable(),
    })
    .nullable(),
});

/** One schedule as a manager reports it. */
export type ScheduleReport = z.output<typeof scheduleShape>;

const listOperation = {
  document: `{ schedules { ${scheduleFields} } }`,
  schema: z.object({ schedules: z.array(scheduleShape) }),
} as const satisfies Operation<unknown>;

interface SaveOptions extends GivenOptions {
  readonly chain: ChainRef;
  readonly kind: "lastdata" | "syncrange";
  readonly interval: string;
  readonly from?: number;
  readonly to?: number;
  readonly disabled?: boolean;
}

/** Adds `schedules` with `save` and `remove`. */
export function addSchedulesCommand(program: Command): void {
  const schedules = program.command("schedules").description("List schedules; save or remove one.");
  const list = schedules.command("list", { isDefault: true }).description("List all schedules.");
  addManagerOptions(list).action(async (options: GivenOptions) => {
    const { manager, json } = managerOf(options);
    const { schedules: all } = await manager.request(listOperation);
    if (json) return printJson(all);
    if (all.length === 0) return printLine("No schedules. Create one with 'indexer schedules save'.");
    const headings = ["task id", "chain", "kind", "interval", "next", "last", "height", "retries", "error"];
    const now = Date.now();
    printLine(
      formatTable(
        headings,
        all.map((schedule) => rowOf(schedule, now)),
      ),
    );
  });

  const save = schedules
    .command("save <task-id>")
    .description("Create a schedule, or replace the one with this task id.")
    .addOption(chainOption())
    .addOption(
      new Option("--kind <kind>", "lastdata follows the head; syncrange fetches a fixed range")
        .choices(["lastdata", "syncrange"])
        .default("lastdata"),
    )
    .addOption(new Option("--interval <duration>", "for example 30s or 5m").makeOptionMandatory())
    .addOption(heightOption("--from", "lowest height of a syncrange schedule"))
    .addOption(heightOption("--to", "highest height of a syncrange schedule"))
    .option("--disabled", "Save the schedule without firing it.");
  addManagerOptions(save).action(async (taskId: string, options: SaveOptions) => {
    const { manager, json } = managerOf(options);
    const saved = await saveSchedule(manager, taskId, options);
    if (json) return printJson(saved);
    printLine(
      `Saved ${saved.taskId}: ${saved.kind.toLowerCase()} of ${chainName(saved.chain)} every ${saved.interval}.`,
    );
  });

  const remove = schedules.command("remove <task-id>").description("Remove the schedule with this task id.");
  addManagerOptions(remove).action(async (taskId: string, options: GivenOptions) => {
    const { manager, json } = managerOf(options);
    const { schedules: all } = await manager.request(listOperation);
    const found = all.find((each) => each.taskId === taskId || each.id === taskId);
    if (found === undefined) {
      throw new ManagerError(`No schedule has the task id '${taskId}'. List them with 'indexer schedules'.`);
    }
    await manager.request({
      document: "mutation Remove($id: ID!) { removeSchedule(id: $id) }",
      schema: z.object({ removeSchedule: z.string() }),
      variables: { id: found.id },
    });
    if (json) return printJson(found);
    printLine(`Removed ${found.taskId}.`);
  });
}

async function saveSchedule(
  manager: ManagerConnection,
  taskId: string,
  { chain, kind, interval, from, to, disabled = false }: SaveOptions,
): Promise<ScheduleReport> {
  const ranged = from !== undefined && to !== undefined;
  if (kind === "syncrange" && !ranged) throw new UsageError("--kind syncrange requires --from and --to.");
  if (kind === "lastdata" && (from ?? to) !== undefined) {
    throw new UsageError("--from and --to belong to --kind syncrange.");
  }
  const { saveSchedule: saved } = await manager.request({
    document: `mutation Save($input: SaveScheduleInput!) { saveSchedule(input: $input) { ${scheduleFields} } }`,
    schema: z.object({ saveSchedule: scheduleShape }),
    variables: {
      input: {
        taskId,
        chain,
        kind: kind.toUpperCase(),
        interval,
        enabled: !disabled,
        ...(ranged && { heights: { from, to } }),
      },
    },
  });
  return saved;
}

function rowOf(schedule: ScheduleReport, now: number): string[] {
  const { last, heights, nextAt, enabled } = schedule;
  const kind = schedule.kind.toLowerCase();
  return [
    schedule.taskId,
    chainName(schedule.chain),
    heights === null ? kind : `${kind} ${formatRange(heights)}`,
    schedule.interval,
    !enabled
      ? styled("warning", "disabled")
      : nextAt === null
        ? "–"
        : `in ${Math.max(0, Math.round((Date.parse(nextAt) - now) / 1_000))}s`,
    formatAge(last?.time, now),
    last?.height === null || last?.height === undefined ? "–" : formatCount(last.height),
    String(last?.retryCount ?? 0),
    last?.error === null || last?.error === undefined ? "" : styled("bad", last.error),
  ];
}
