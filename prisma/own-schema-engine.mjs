// Which schema engine Prisma's CLI uses: its own native one if installed, else ours (schema-engine.mjs).
// Imports nothing of this project; never downloads: without this, the CLI would fetch its engine at first use.
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** Sets PRISMA_SCHEMA_ENGINE_BINARY for this process and its children, unless it is set or not needed. */
export function useOwnSchemaEngine() {
  if (process.env.PRISMA_SCHEMA_ENGINE_BINARY || hasNativeEngine()) return;
  process.env.PRISMA_SCHEMA_ENGINE_BINARY = fileURLToPath(new URL("./schema-engine.mjs", import.meta.url));
}

function hasNativeEngine() {
  const fromPrisma = createRequire(createRequire(import.meta.url).resolve("prisma/package.json"));
  const folder = dirname(fromPrisma.resolve("@prisma/engines/package.json"));
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith("schema-engine-"));
}
