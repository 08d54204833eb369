// Writes the schema as SDL to the file of its first argument. Imports this folder. Never starts a server.
import { writeFileSync } from "node:fs";
import { printedSchema } from "./schema.js";

const [path] = process.argv.slice(2);
if (path === undefined) {
  process.stderr.write(
    "The argument for the output file is missing. Run: node dist/graphql/print-schema.js schema.graphql\n",
  );
  process.exitCode = 2;
} else {
  writeFileSync(path, printedSchema());
}
