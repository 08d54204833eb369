// Runs once per test run: builds `dist/` if it is outdated, and starts one PostgreSQL server for all suites.
// Each suite creates its own database in that server.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { postgresBinaries, startPostgresServer } from "./postgres-server.js";

declare module "vitest" {
  interface ProvidedContext {
    /** The superuser's URL; empty if PostgreSQL is not installed. */
    readonly postgresUrl: string;
  }
}

/** The rule that decides whether `dist/` is outdated is in setup.mjs alone. */
function buildIfOutdated(): void {
  const script = fileURLToPath(new URL("../cli/setup.mjs", import.meta.url));
  const { status } = spawnSync(process.execPath, [script, "--build-only"], { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error("The build failed; see the output above.");
}

/** Prepares the test run; the result removes the PostgreSQL server. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  buildIfOutdated();
  const binaries = postgresBinaries();
  if (binaries === undefined) {
    if (process.env["CI"] === "true")
      throw new Error("PostgreSQL is not installed. CI skips no test: install the package 'postgresql'.");
    project.provide("postgresUrl", "");
    process.stderr.write(
      "Skipping the tests that need PostgreSQL: no binaries under /usr/lib/postgresql. Install the package 'postgresql'." +
        "\n",
    );
    return undefined;
  }
  const server = await startPostgresServer(binaries);
  project.provide("postgresUrl", server.url);
  return () => server.remove();
}
