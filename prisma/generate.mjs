// Generates the Prisma client into src/generated/prisma, without downloading anything.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { useOwnSchemaEngine } from "./own-schema-engine.mjs";

useOwnSchemaEngine();
const cli = createRequire(import.meta.url).resolve("prisma/build/index.js");
const { status, error } = spawnSync(process.execPath, [cli, "generate"], {
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  stdio: "inherit",
});
if (error) throw error;
process.exitCode = status ?? 1;
