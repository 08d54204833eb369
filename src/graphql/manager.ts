// The process that answers. Imports this folder only; never tells a secret.
import { fromMillis } from "../domain/time.js";
import { builder } from "./builder.js";
import type { ManagerInfo } from "./context.js";

const ManagerType = builder.objectRef<ManagerInfo>("Manager").implement({
  description: "The manager that answers.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "Its id, new at each start." }),
    version: t.exposeString("version", { description: "Its version." }),
    startedAt: t.field({
      type: "DateTime",
      description: "When it was started.",
      resolve: ({ startedAt }) => fromMillis(startedAt),
    }),
    database: t.string({
      description: "Where data is stored: postgres or pglite.",
      resolve: (_manager, _args, { client }) => client.database,
    }),
    pubsub: t.string({
      description: "How managers wake each other: memory, postgres or redis.",
      resolve: (_manager, _args, { client }) => client.pubsub,
    }),
  }),
});

builder.queryField("manager", (t) =>
  t.field({
    type: ManagerType,
    description: "The manager that answers.",
    resolve: (_root, _args, { manager }) => manager,
  }),
);
