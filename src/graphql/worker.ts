// Workers as the manager sees them. Imports domain and this folder; never talks to one.
import type { ChainRef } from "../domain/chain.js";
import { fromMillis } from "../domain/time.js";
import type { WorkerState, WorkerStatus } from "../domain/worker.js";
import { builder } from "./builder.js";
import { cost } from "./cost.js";
import { writeId } from "./opaque.js";
import { NodeType, WorkerType } from "./refs.js";
import { latestOf } from "./subscriber.js";

const WorkerStateType = builder.enumType("WorkerState", {
  description: "Where a worker stands.",
  values: {
    CONNECTING: { description: "It is dialled.", value: "CONNECTING" },
    ONLINE: { description: "It answers.", value: "ONLINE" },
    DRAINING: { description: "It finishes what it has and takes nothing new.", value: "DRAINING" },
    OFFLINE: { description: "Nothing was heard of it for 30 seconds.", value: "OFFLINE" },
  } as const satisfies Record<WorkerState, { description: string; value: WorkerState }>,
});

WorkerType.implement({
  description: "A process that reads one chain and answers this manager's tasks.",
  interfaces: [NodeType],
  fields: (t) => ({
    id: t.id({
      description: "The global id.",
      resolve: ({ workerId }) => writeId({ type: "Worker", workerId }),
    }),
    workerId: t.exposeString("workerId", { description: "The id that it gave itself at its start." }),
    network: t.string({ description: "The network that it reads.", resolve: ({ chain }) => chain.network }),
    chainId: t.string({ description: "The chain that it reads.", resolve: ({ chain }) => chain.chainId }),
    version: t.exposeString("version", { description: "Its version." }),
    address: t.exposeString("address", { description: "Where it is reached." }),
    state: t.field({ type: WorkerStateType, description: "Where it stands.", resolve: ({ state }) => state }),
    lastSeen: t.field({
      type: "DateTime",
      description: "When it was last heard of.",
      resolve: ({ lastSeen }) => fromMillis(lastSeen),
    }),
    lastSent: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it was last sent something.",
      resolve: ({ lastSent }) => (lastSent === undefined ? null : fromMillis(lastSent)),
    }),
    inFlight: t.exposeInt("inFlight", { description: "Tasks that it works on." }),
    capacity: t.exposeInt("capacity", { description: "Tasks that it takes at once." }),
    tasksDone: t.field({
      type: "BigInt",
      description: "Tasks that it finished.",
      resolve: ({ tasksDone }) => tasksDone,
    }),
    tasksFailed: t.field({
      type: "BigInt",
      description: "Tasks that failed.",
      resolve: ({ tasksFailed }) => tasksFailed,
    }),
    pingMs: t.exposeFloat("pingMs", { nullable: true, description: "Milliseconds that its last pong took." }),
    capabilities: t.field({
      type: ["String"],
      description: "Features of the protocol that both sides use.",
      resolve: ({ capabilities }) => capabilities,
    }),
  }),
});

/** The part of a chain's name that is given. */
function partOfName(args: {
  readonly network?: string | null | undefined;
  readonly chainId?: string | null | undefined;
}): Partial<ChainRef> {
  return {
    ...(typeof args.network === "string" && { network: args.network }),
    ...(typeof args.chainId === "string" && { chainId: args.chainId }),
  };
}

const workerArguments = builder.args((t) => ({
  network: t.string({ description: "Only of this network." }),
  chainId: t.string({ description: "Only of this chain." }),
}));

builder.queryField("workers", (t) =>
  t.field({
    type: [WorkerType],
    description: "The workers that this manager knows.",
    args: workerArguments,
    extensions: cost((_args, inner) => 10 + inner),
    resolve: (_root, args, { client }) => client.workers(partOfName(args)),
  }),
);

builder.subscriptionField("workers", (t) =>
  t.field({
    type: WorkerType,
    description: "Each worker at once, then at each change, at most 4 a second.",
    args: workerArguments,
    subscribe: (_root, args, context) =>
      latestOf(context, {
        keyOf: (worker: WorkerStatus) => worker.workerId,
        source: (signal) => context.client.watchWorkers(partOfName(args), signal),
      }),
    resolve: (worker) => worker,
  }),
);
