// Workers as this manager sees them: their type, Query.workers and Subscription.workers.
// Imports domain and this folder. Never connects to a worker.
import type { ChainRef } from "../domain/chain.js";
import { fromMillis } from "../domain/time.js";
import type { WorkerState, WorkerStatus } from "../domain/worker.js";
import { builder } from "./builder.js";
import { cost } from "./cost.js";
import { nodeKeys } from "./opaque.js";
import { WorkerType } from "./refs.js";
import { conflated } from "./subscriber.js";

const WorkerStateType = builder.enumType("WorkerState", {
  description: "The state of the connection to a worker.",
  values: {
    CONNECTING: { description: "The manager is connecting to the worker.", value: "CONNECTING" },
    ONLINE: { description: "The worker is connected and accepts tasks.", value: "ONLINE" },
    DRAINING: { description: "The worker finishes its tasks and accepts no new ones.", value: "DRAINING" },
    OFFLINE: {
      description: "The manager received nothing from the worker for 30 seconds.",
      value: "OFFLINE",
    },
  } as const satisfies Record<WorkerState, { description: string; value: WorkerState }>,
});

builder.nodeRef(WorkerType, {
  id: {
    description: "The global id of the worker.",
    resolve: ({ workerId }: WorkerStatus) => JSON.stringify([workerId]),
    parse: (key) => nodeKeys.Worker.parse(JSON.parse(key)),
  },
  loadWithoutCache: (key, { client }) => client.workers().find(({ workerId }) => workerId === key.workerId),
});

WorkerType.implement({
  description: "A process that reads one chain and executes the tasks of this manager.",
  fields: (t) => ({
    workerId: t.exposeString("workerId", { description: "The id that the worker chose when it started." }),
    network: t.string({
      description: "The network of the chain that the worker reads.",
      resolve: ({ chain }) => chain.network,
    }),
    chainId: t.string({
      description: "The id of the chain that the worker reads.",
      resolve: ({ chain }) => chain.chainId,
    }),
    version: t.exposeString("version", { description: "The version of the worker." }),
    address: t.exposeString("address", { description: "The address of the worker, as host:port." }),
    state: t.field({
      type: WorkerStateType,
      description: "The state of the connection to the worker.",
      resolve: ({ state }) => state,
    }),
    lastSeen: t.field({
      type: "DateTime",
      description: "When the manager last received something from the worker.",
      resolve: ({ lastSeen }) => fromMillis(lastSeen),
    }),
    lastSent: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the manager last sent something to the worker. Null if it never did.",
      resolve: ({ lastSent }) => (lastSent === undefined ? null : fromMillis(lastSent)),
    }),
    inFlight: t.exposeInt("inFlight", { description: "The number of tasks in progress." }),
    capacity: t.exposeInt("capacity", { description: "The most tasks that the worker executes at once." }),
    tasksDone: t.field({
      type: "BigInt",
      description: "The number of tasks that the worker completed.",
      resolve: ({ tasksDone }) => tasksDone,
    }),
    tasksFailed: t.field({
      type: "BigInt",
      description: "The number of tasks that failed.",
      resolve: ({ tasksFailed }) => tasksFailed,
    }),
    pingMs: t.exposeFloat("pingMs", {
      nullable: true,
      description: "The round-trip time of the last ping, in milliseconds. Null before the first pong.",
    }),
    capabilities: t.field({
      type: ["String"],
      description: "The protocol features that the manager and the worker both support.",
      resolve: ({ capabilities }) => capabilities,
    }),
  }),
});

/** The arguments that are set, as a partial chain reference. */
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
  network: t.string({ description: "Returns only workers of this network." }),
  chainId: t.string({ description: "Returns only workers of the chain with this id." }),
}));

builder.queryField("workers", (t) =>
  t.field({
    type: [WorkerType],
    description: "The workers that are registered at this manager.",
    args: workerArguments,
    extensions: cost((_args, inner) => 10 + inner),
    resolve: (_root, args, { client }) => client.workers(partOfName(args)),
  }),
);

builder.subscriptionField("workers", (t) =>
  t.field({
    type: WorkerType,
    description: "The current state of each worker, then each change, at most 4 a second for each worker.",
    args: workerArguments,
    subscribe: (_root, args, context) =>
      conflated(context, {
        keyOf: (worker: WorkerStatus) => worker.workerId,
        source: (signal) => context.client.watchWorkers(partOfName(args), signal),
      }),
    resolve: (worker) => worker,
  }),
);
