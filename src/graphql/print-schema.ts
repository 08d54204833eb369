// Writes the schema to the file that is given. Imports this folder; never starts anything.
import { writeFileSync } from "node:fs";
import { printedSchema } from "./schema.js";

const [path] = process.argv.slice(2);
if (path === undefined) {
  process.stderr.write("Give the file to write to: node dist/graphql/print-schema.js schema.graphql\n");
  process.exitCode = 2;
} else {
  writeFileSync(path, printedSchema());
}
