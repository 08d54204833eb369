// Once per test run: one PostgreSQL server for all suites; each suite makes its own database in it.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { postgresBinaries, startPostgresServer } from "./postgres-server.js";

declare module "vitest" {
  interface ProvidedContext {
    /** The superuser's URL, or empty where PostgreSQL is not installed. */
    readonly postgresUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  // A bare `vitest run` on a fresh checkout has no generated code yet.
  execFileSync(process.execPath, [fileURLToPath(new URL("../cli/generate.mjs", import.meta.url))], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const binaries = postgresBinaries();
  if (binaries === undefined) {
    if (process.env["CI"] === "true")
      throw new Error("PostgreSQL is not installed: under CI nothing is skipped.");
    project.provide("postgresUrl", "");
    process.stderr.write(
      "Skipping what needs PostgreSQL: no binaries under /usr/lib/postgresql. Install the package 'postgresql'." +
        "\n",
    );
    return undefined;
  }
  const server = await startPostgresServer(binaries);
  project.provide("postgresUrl", server.url);
  return () => server.remove();
}
