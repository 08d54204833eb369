// Schedules: their type, Query.schedules, saveSchedule and removeSchedule. Imports domain and this folder.
// Never runs a schedule.
import { nextSlotStart, type Schedule, type ScheduleKind, type ScheduleResult } from "../domain/schedule.js";
import { fromMillis } from "../domain/time.js";
import { duration, durationText } from "../lib/setting-types.js";
import { builder } from "./builder.js";
import { cost, weight } from "./cost.js";
import { badInput, withInputPath } from "./input-errors.js";
import { ChainInput, HeightRangeInput } from "./inputs.js";
import { decodeGlobalId, nodeKeys } from "./opaque.js";
import { ChainType, HeightRangeType, ScheduleType } from "./refs.js";

/** The number of schedules that the cost of a list assumes. */
const schedulesInList = 20;

const ScheduleKindType = builder.enumType("ScheduleKind", {
  description: "The work that a schedule repeats.",
  values: {
    LASTDATA: { description: "Follows the head of the chain.", value: "LASTDATA" },
    SYNCRANGE: { description: "Stores a fixed range, then completes.", value: "SYNCRANGE" },
  } as const satisfies Record<ScheduleKind, { description: string; value: ScheduleKind }>,
});

const ScheduleResultType = builder.objectRef<ScheduleResult>("ScheduleResult").implement({
  description: "The last result of a schedule.",
  fields: (t) => ({
    time: t.field({
      type: "DateTime",
      description: "When the result was stored.",
      resolve: ({ time }) => fromMillis(time),
    }),
    height: t.field({
      type: "Height",
      nullable: true,
      description: "The height that the schedule reached. Null before the first success.",
      resolve: ({ height }) => height,
    }),
    hash: t.exposeString("hash", {
      nullable: true,
      description: "The hash of the block at the height. Null if it is not known.",
    }),
    retryCount: t.exposeInt("retryCount", { description: "The number of failures since the last success." }),
    error: t.exposeString("error", {
      nullable: true,
      description: "The reason of the last failure. Null after a success.",
    }),
  }),
});

builder.nodeRef(ScheduleType, {
  id: {
    description: "The global id of the schedule.",
    resolve: ({ id }: Schedule) => JSON.stringify([id]),
    parse: (key) => nodeKeys.Schedule.parse(JSON.parse(key)),
  },
  loadWithoutCache: ({ id }, { client }) => client.schedule(id),
});

ScheduleType.implement({
  description: "Work that managers and schedulers repeat. Each slot of it runs once over all of them.",
  fields: (t) => ({
    taskId: t.exposeString("taskId", { description: "The name of the schedule." }),
    chain: t.field({
      type: ChainType,
      description: "The chain of the schedule.",
      resolve: ({ chain }) => chain,
    }),
    kind: t.field({ type: ScheduleKindType, description: "The repeated work.", resolve: ({ kind }) => kind }),
    interval: t.string({
      description: "The time between two slots, for example 30s.",
      resolve: ({ intervalMs }) => durationText(intervalMs),
    }),
    enabled: t.exposeBoolean("enabled", { description: "Whether its slots run." }),
    heights: t.field({
      type: HeightRangeType,
      nullable: true,
      description: "The range of a SYNCRANGE schedule. Null for LASTDATA.",
      resolve: ({ heights }) => heights,
    }),
    last: t.field({
      type: ScheduleResultType,
      nullable: true,
      description: "The last result. Null before the first one.",
      resolve: ({ last }) => last,
    }),
    nextAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the next slot begins. Null if the schedule is disabled or completed.",
      resolve: (schedule) => {
        const next = nextSlotStart(schedule);
        return next === undefined ? null : fromMillis(next);
      },
    }),
    fired: t.field({
      type: "BigInt",
      description: "The number of slots that ran.",
      resolve: ({ fired }) => fired,
    }),
    missed: t.field({
      type: "BigInt",
      description: "The number of slots that passed without a run. They are not run later.",
      resolve: ({ missed }) => missed,
    }),
    completedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When a SYNCRANGE schedule had stored its whole range. Null before.",
      resolve: ({ completedAt }) => (completedAt === undefined ? null : fromMillis(completedAt)),
    }),
  }),
});

builder.queryField("schedules", (t) =>
  t.field({
    type: [ScheduleType],
    description: "All schedules, by task id.",
    extensions: cost((_args, inner) => 5 + schedulesInList * Math.max(inner, 1)),
    resolve: async (_root, _args, { client }) => client.schedules(),
  }),
);

const SaveScheduleInput = builder.inputType("SaveScheduleInput", {
  description: "The definition of a schedule.",
  fields: (t) => ({
    taskId: t.string({
      required: true,
      description: "The name of the schedule: 1 to 256 characters. An existing schedule is replaced.",
    }),
    chain: t.field({ type: ChainInput, required: true, description: "The chain." }),
    kind: t.field({ type: ScheduleKindType, required: true, description: "The work to repeat." }),
    interval: t.string({
      required: true,
      description: "The time between two slots, at least 1s, for example 30s, 5m or 1h.",
    }),
    enabled: t.boolean({ defaultValue: true, description: "Whether its slots run." }),
    heights: t.field({
      type: HeightRangeInput,
      description: "The range of a SYNCRANGE schedule. Not allowed for LASTDATA.",
    }),
  }),
});

const readDuration = duration();

function readInterval(text: string): number {
  const { data } = readDuration.safeParse(text);
  if (data !== undefined) return data;
  throw badInput(
    "input.interval",
    `input.interval: "${text}" given, a duration of at least 1s allowed, for example 30s, 5m or 1h.`,
  );
}

builder.mutationField("saveSchedule", (t) =>
  t.field({
    type: ScheduleType,
    description:
      "Creates the schedule of this task id, or replaces its definition. A changed definition starts a new count of slots.",
    args: { input: t.arg({ type: SaveScheduleInput, required: true, description: "The definition." }) },
    extensions: weight(10),
    resolve: (_root, { input }, { client }) => {
      const { taskId, chain, kind, interval, enabled, heights } = input;
      const definition = {
        taskId,
        chain,
        kind,
        intervalMs: readInterval(interval),
        enabled: enabled ?? true,
        ...(heights !== null && heights !== undefined && { heights }),
      };
      return withInputPath("input", () => client.saveSchedule(definition));
    },
  }),
);

/** Reads the id of a schedule. Throws BAD_USER_INPUT if it is the id of something else. */
function readScheduleId(id: string): string {
  const { typename, id: key } = decodeGlobalId(id);
  if (typename === "Schedule") return nodeKeys.Schedule.parse(JSON.parse(key)).id;
  throw badInput("id", "id: not the id of a schedule. Use the 'id' of a schedule as it was returned.");
}

builder.mutationField("removeSchedule", (t) =>
  t.field({
    type: "ID",
    description:
      "Deletes a schedule and returns its id. A manager that follows chains creates its own schedules again when it starts: disable those instead.",
    args: { id: t.arg.id({ required: true, description: "The global id of the schedule." }) },
    extensions: weight(10),
    resolve: async (_root, { id }, { client }) => {
      await client.removeSchedule(readScheduleId(String(id)));
      return id;
    },
  }),
);
