// This manager: its type and Query.manager. Imports this folder only. Never shows a secret.
import { fromMillis } from "../domain/time.js";
import { builder } from "./builder.js";
import type { ManagerInfo } from "./context.js";

const ManagerType = builder.objectRef<ManagerInfo>("Manager").implement({
  description: "The manager process that handled the request.",
  fields: (t) => ({
    id: t.exposeID("id", {
      description: "The id of the process. It is new after each start. It is not a global id.",
    }),
    version: t.exposeString("version", { description: "The version of the manager." }),
    startedAt: t.field({
      type: "DateTime",
      description: "When the process started.",
      resolve: ({ startedAt }) => fromMillis(startedAt),
    }),
    database: t.string({
      description: "The kind of database: postgres or pglite.",
      resolve: (_manager, _args, { client }) => client.database,
    }),
    pubsub: t.string({
      description: "How managers notify each other of new data: memory, postgres or redis.",
      resolve: (_manager, _args, { client }) => client.pubsub,
    }),
  }),
});

builder.queryField("manager", (t) =>
  t.field({
    type: ManagerType,
    description: "The manager process that handled the request.",
    resolve: (_root, _args, { manager }) => manager,
  }),
);
