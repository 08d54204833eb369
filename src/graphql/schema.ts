// The whole schema: every noun adds its types and fields to the builder, here it is closed.
// Imports this folder; never resolves anything.
import { printSchema } from "graphql";
import { builder } from "./builder.js";
import "./block.js";
import "./chain.js";
import "./fetch.js";
import "./manager.js";
import "./node.js";
import "./scalars.js";
import "./transaction.js";
import "./worker.js";

/** The schema, as it is served. */
export const schema = builder.toSchema({ sortSchema: false });

/** The schema as text, in the order in which it is written down. */
export function printedSchema(): string {
  return `${printSchema(schema)}\n`;
}
