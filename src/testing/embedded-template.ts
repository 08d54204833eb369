// An empty embedded database as a file. Creating one anew takes about four seconds of CPU, loading this file less than one.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { randomUUID } from "node:crypto";
import { PGlite } from "@electric-sql/pglite";

const cache = fileURLToPath(new URL("../../node_modules/.cache/indexer/", import.meta.url));

/** The contents of an empty embedded database. The first call on a machine creates the file. */
export async function embeddedTemplate(): Promise<Blob> {
  const file = `${cache}pglite-${versionOfPglite()}.tar`;
  if (!existsSync(file)) {
    const database = await PGlite.create();
    const contents = await database.dumpDataDir("none");
    await database.close();
    mkdirSync(cache, { recursive: true });
    // Test files that run at the same time may both write it: a rename never shows half a file.
    const draft = `${file}.${randomUUID()}`;
    writeFileSync(draft, new Uint8Array(await contents.arrayBuffer()));
    renameSync(draft, file);
  }
  return new Blob([readFileSync(file)]);
}

function versionOfPglite(): string {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", `file://${entry}`), "utf8"));
  const version: unknown =
    typeof manifest === "object" && manifest !== null ? Reflect.get(manifest, "version") : "";
  return typeof version === "string" ? version : "";
}
