// Configures Prisma's CLI: where things are, and which schema engine to use where its own is not installed.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "prisma/config";
import { useOwnSchemaEngine } from "./prisma/own-schema-engine.mjs";

useOwnSchemaEngine();

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The URL, or the content of the file that DATABASE_URL_FILE names, as for the manager. */
function databaseUrl(): string {
  const { DATABASE_URL: url, DATABASE_URL_FILE: file } = process.env;
  if (url) return url;
  return file ? readFileSync(file, "utf8").trimEnd() : "";
}

export default defineConfig({
  schema: at("./prisma/schema.prisma"),
  migrations: { path: at("./prisma/migrations") },
  datasource: { url: databaseUrl() },
});
