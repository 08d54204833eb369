// One process at a time on an embedded database: a file in its folder says whose it is.
// Imports only domain; never waits: a second process fails at once.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { IndexerError } from "../domain/errors.js";

interface Owner {
  readonly pid: number;
  readonly host: string;
}

/** Folders that this process holds. */
const held = new Set<string>();

/** Takes the folder, which is made where it is not there; returns how to give it back. Throws CONFLICT where another process has it. */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "lock.json");
  const own: Owner = { pid: process.pid, host: hostname() };
  if (!create(file, own)) {
    const other = readOwner(file);
    if (held.has(file) || (other !== undefined && isAlive(other))) throw taken(folder, other ?? own, file);
    // Its process is gone, and did not come to delete it.
    rmSync(file, { force: true });
    if (!create(file, own)) throw taken(folder, readOwner(file) ?? own, file);
  }
  held.add(file);
  return () => {
    held.delete(file);
    rmSync(file, { force: true });
  };
}

function create(file: string, owner: Owner): boolean {
  try {
    writeFileSync(file, `${JSON.stringify(owner)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function readOwner(file: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof value !== "object" || value === null || !("pid" in value) || !("host" in value))
      return undefined;
    const { pid, host } = value;
    return typeof pid === "number" && typeof host === "string" ? { pid, host } : undefined;
  } catch {
    return undefined;
  }
}

/** Of another machine nothing can be seen: it counts as alive. A file with our own number is of an earlier process. */
function isAlive({ pid, host }: Owner): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function taken(folder: string, { pid, host }: Owner, file: string): IndexerError {
  const elsewhere = host === hostname() ? "" : ` If that machine is gone, delete ${file}.`;
  return new IndexerError(
    "CONFLICT",
    `The embedded database in ${folder} is in use by process ${pid} on ${host}: stop it, choose another DATA_FOLDER, or set DATABASE_URL to share a PostgreSQL.${elsewhere}`,
  );
}
