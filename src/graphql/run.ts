// Durable backfills: their type, Query.runs, startRun, cancelRun and Subscription.run. Imports domain and this folder.
// Never executes a run.
import {
  etaSeconds,
  ratioOf,
  type Run,
  type RunMode,
  type RunProgress,
  type RunStatus,
} from "../domain/run.js";
import { fromMillis } from "../domain/time.js";
import { builder } from "./builder.js";
import { connect } from "./connection.js";
import { cost, pageCost, weight } from "./cost.js";
import { readRange } from "./filters.js";
import { badInput } from "./input-errors.js";
import { ChainInput, HeightRangeInput } from "./inputs.js";
import { decodeGlobalId, nodeKeys, readRunCursor, writeRunCursor } from "./opaque.js";
import { maxPage, readPageArguments } from "./paging.js";
import { ChainType, HeightRangeType, RunConnectionType, RunType, WorkErrorType } from "./refs.js";
import { conflated } from "./subscriber.js";

const largestInt = 2 ** 31 - 1;

const RunStatusType = builder.enumType("RunStatus", {
  description: "The status of a run.",
  values: {
    QUEUED: { description: "The run waits for a manager with a worker of the chain.", value: "QUEUED" },
    RUNNING: { description: "At least one part of the run was started.", value: "RUNNING" },
    SUCCEEDED: { description: "Every height is stored, or in quarantine.", value: "SUCCEEDED" },
    FAILED: { description: "Some heights are not stored. 'errors' holds the reasons.", value: "FAILED" },
    CANCELLED: { description: "The run was cancelled. What was stored stays stored.", value: "CANCELLED" },
  } as const satisfies Record<RunStatus, { description: string; value: RunStatus }>,
});

const RunModeType = builder.enumType("RunMode", {
  description: "Which heights a run fetches.",
  values: {
    MISSING: { description: "Only the heights that are not stored completely.", value: "MISSING" },
    OVERWRITE: { description: "Every height again.", value: "OVERWRITE" },
  } as const satisfies Record<RunMode, { description: string; value: RunMode }>,
});

const RunProgressType = builder.objectRef<Run>("RunProgress").implement({
  description: "The progress of a run.",
  fields: (t) => {
    const count = (description: string, read: (progress: RunProgress) => number | bigint) =>
      t.field({ type: "BigInt", description, resolve: ({ progress }) => BigInt(read(progress)) });
    return {
      blocksDone: count("The number of heights that are done.", ({ blocksDone }) => blocksDone),
      blocksTotal: count(
        "The number of heights that were to be stored when the run started.",
        ({ blocksTotal }) => blocksTotal,
      ),
      transactionsDone: count(
        "The number of transactions that the run stored.",
        ({ transactionsDone }) => transactionsDone,
      ),
      ratio: t.float({
        description: "The share of the heights that is done, from 0 to 1.",
        resolve: ({ progress }) => ratioOf(progress),
      }),
      blocksPerSecond: t.float({
        description: "Heights per second: since the start, and over the last seconds in a subscription.",
        resolve: ({ progress }) => progress.blocksPerSecond,
      }),
      etaSeconds: t.int({
        nullable: true,
        description:
          "The seconds until the end at this rate. Null if the rate is unknown or the run has ended.",
        resolve: (run) => {
          const seconds = etaSeconds(run);
          return seconds === undefined ? null : Math.min(seconds, largestInt);
        },
      }),
      done: t.field({
        type: [HeightRangeType],
        description: "The heights that are done, as the fewest ranges.",
        resolve: ({ progress }) => progress.done,
      }),
      running: t.field({
        type: [HeightRangeType],
        description: "The heights that managers work on now.",
        resolve: ({ progress }) => progress.running,
      }),
    };
  },
});

builder.nodeRef(RunType, {
  id: {
    description: "The global id of the run.",
    resolve: ({ id }: Run) => JSON.stringify([id]),
    parse: (key) => nodeKeys.Run.parse(JSON.parse(key)),
  },
  loadWithoutCache: ({ id }, { client }) => client.run(id),
});

RunType.implement({
  description: "A durable backfill: all managers work on it, and it continues after a crash.",
  fields: (t) => ({
    chain: t.field({ type: ChainType, description: "The chain of the run.", resolve: ({ chain }) => chain }),
    heights: t.field({
      type: HeightRangeType,
      description: "The requested heights.",
      resolve: ({ heights }) => heights,
    }),
    status: t.field({
      type: RunStatusType,
      description: "The status of the run.",
      resolve: ({ status }) => status,
    }),
    mode: t.field({
      type: RunModeType,
      description: "Which heights it fetches.",
      resolve: ({ mode }) => mode,
    }),
    createdAt: t.field({
      type: "DateTime",
      description: "When the run was created.",
      resolve: ({ createdAt }) => fromMillis(createdAt),
    }),
    startedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When a manager started to work on the run. Null before.",
      resolve: ({ startedAt }) => (startedAt === undefined ? null : fromMillis(startedAt)),
    }),
    finishedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the run ended. Null before.",
      resolve: ({ finishedAt }) => (finishedAt === undefined ? null : fromMillis(finishedAt)),
    }),
    progress: t.field({
      type: RunProgressType,
      description: "The progress of the run.",
      resolve: (run) => run,
    }),
    errors: t.field({
      type: [WorkErrorType],
      description: "The last failure of each part that failed, or that waits for its next attempt.",
      args: {
        first: t.arg.int({ defaultValue: 20, description: "The most failures to return: 0 to 1000." }),
      },
      extensions: cost(({ first }, inner) => 5 + Number(first ?? 20) * Math.max(inner, 1)),
      resolve: ({ id }, { first }, { client }) => {
        const limit = first ?? 20;
        if (limit >= 0 && limit <= maxPage) return client.runErrors(id, limit);
        throw badInput("first", `first: ${limit} items requested, from 0 to ${maxPage} allowed.`, {
          limit: maxPage,
          actual: limit,
        });
      },
    }),
  }),
});

const RunFilterInput = builder.inputType("RunFilter", {
  description: "Matches runs that meet all given conditions.",
  fields: (t) => ({
    chain: t.field({ type: ChainInput, description: "Runs of this chain." }),
    status: t.field({ type: [RunStatusType], description: "Runs with any of these statuses." }),
  }),
});

builder.queryField("runs", (t) =>
  t.connection(
    {
      type: RunType,
      description: "Runs, the newest first. 50 a page by default, 1000 at most.",
      args: { filter: t.arg({ type: RunFilterInput, description: "Which runs to return; all by default." }) },
      extensions: pageCost(50),
      resolve: (_root, { filter, ...page }, { client }) => {
        const query = readPageArguments(page, {
          order: "NEWEST_FIRST",
          defaultLimit: 50,
          readCursor: readRunCursor,
        });
        const { chain, status } = filter ?? {};
        if (status?.length === 0)
          throw badInput("filter.status", "filter.status: the list is empty. Leave it out.");
        const wanted = {
          ...(chain !== null && chain !== undefined && { chain }),
          ...(status !== null && status !== undefined && { status }),
        };
        return connect(query, {
          page: (request) => client.runs(wanted, request),
          cursorOf: writeRunCursor,
          // Always exact: there are few runs.
          count: () => client.countRuns(wanted),
        });
      },
    },
    RunConnectionType,
  ),
);

const StartRunInput = builder.inputType("StartRunInput", {
  description: "What a new run stores.",
  fields: (t) => ({
    chain: t.field({ type: ChainInput, required: true, description: "The chain." }),
    heights: t.field({ type: HeightRangeInput, required: true, description: "The heights." }),
    mode: t.field({ type: RunModeType, defaultValue: "MISSING", description: "Which heights to fetch." }),
    window: t.int({
      defaultValue: 1_000,
      description:
        "The heights of the first part, 1 to 100000. Later parts adapt to the time that a part takes.",
    }),
    force: t.boolean({
      defaultValue: false,
      description: "Starts the run even if another one works on the same heights.",
    }),
  }),
});

interface StartedRun {
  readonly run: Run;
  readonly existing: boolean;
}

const StartRunPayload = builder.objectRef<StartedRun>("StartRunPayload").implement({
  description: "The result of startRun.",
  fields: (t) => ({
    run: t.field({ type: RunType, description: "The run.", resolve: ({ run }) => run }),
    existing: t.exposeBoolean("existing", {
      description: "Whether it is a run that worked on the heights before.",
    }),
  }),
});

builder.mutationField("startRun", (t) =>
  t.field({
    type: StartRunPayload,
    description:
      "Starts a durable backfill. Returns the present run if one of the same mode covers the heights, unless 'force' is true.",
    args: { input: t.arg({ type: StartRunInput, required: true, description: "What to store." }) },
    extensions: weight(10),
    resolve: (_root, { input }, { client }) => {
      const { chain, heights, mode, window, force } = input;
      return client.startRun({
        chain,
        heights: readRange(heights, "input.heights"),
        mode: mode ?? "MISSING",
        window: window ?? 1_000,
        force: force ?? false,
      });
    },
  }),
);

/** Reads the id of a run. Throws BAD_USER_INPUT if it is the id of something else. */
function readRunId(id: string): string {
  const { typename, id: key } = decodeGlobalId(id);
  if (typename === "Run") return nodeKeys.Run.parse(JSON.parse(key)).id;
  throw badInput("id", "id: not the id of a run. Use the 'id' of a run as it was returned.");
}

builder.mutationField("cancelRun", (t) =>
  t.field({
    type: RunType,
    description: "Cancels a run. Its parts stop within two seconds; what is stored stays stored.",
    args: { id: t.arg.id({ required: true, description: "The global id of the run." }) },
    extensions: weight(10),
    resolve: (_root, { id }, { client }) => client.cancelRun(readRunId(String(id))),
  }),
);

builder.subscriptionField("run", (t) =>
  t.field({
    type: RunType,
    description: "A run now, at each change at most 4 times a second, and a last time when it ended.",
    args: { id: t.arg.id({ required: true, description: "The global id of the run." }) },
    extensions: weight(10),
    subscribe: (_root, { id }, context) => {
      const key = readRunId(String(id));
      return conflated(context, {
        keyOf: (run: Run) => run.id,
        source: (signal) => context.client.watchRun(key, signal),
      });
    },
    resolve: (run) => run,
  }),
);
