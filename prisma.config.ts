// Tells Prisma's CLI where things are, and which schema engine to use where its own is not installed.
import { fileURLToPath } from "node:url";
import { defineConfig } from "prisma/config";
import { useOwnSchemaEngine } from "./prisma/own-schema-engine.mjs";

useOwnSchemaEngine();

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  schema: at("./prisma/schema.prisma"),
  migrations: { path: at("./prisma/migrations") },
  datasource: { url: process.env["DATABASE_URL"] ?? "" },
});
