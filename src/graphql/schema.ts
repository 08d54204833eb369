// The whole schema: each file of a noun adds its types and fields to the builder, and this file builds them.
// Imports this folder. Never resolves a field.
import { printSchema } from "graphql";
import { builder } from "./builder.js";
import "./block.js";
import "./chain.js";
import "./fetch.js";
import "./manager.js";
import "./mutation.js";
import "./run.js";
import "./scalars.js";
import "./schedule.js";
import "./scrape-latest.js";
import "./transaction.js";
import "./worker.js";

/** The executable schema. */
export const schema = builder.toSchema({ sortSchema: false });

/** The schema as SDL text, in the order of its definition. */
export function printedSchema(): string {
  return `${printSchema(schema)}\n`;
}
