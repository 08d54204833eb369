// Allows one process at a time on an embedded database: a lock file in its folder names the owner.
// Imports only domain; never waits: a second process fails at once.
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { IndexerError } from "../domain/errors.js";

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Start of the process in clock ticks since boot: detects a reused process id. */
  readonly began: string;
}

/** Lock files of this process: its id in a file may also be that of an earlier process. */
const ownedFiles = new Set<string>();

/** Locks the folder, creating it if needed, and returns the release function. Throws CONFLICT if another process holds the lock. */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(resolve(folder), "lock.json");
  const own: Owner = { pid: process.pid, host: hostname(), began: startOf(process.pid) };
  if (ownedFiles.has(file)) throw inUse(folder, own, file);
  // Two processes may find the same stale file at once: the first link wins, the other process checks again.
  for (let attempt = 0; !create(file, own); attempt += 1) {
    const other = readOwner(file);
    if (attempt === 3 || (other !== undefined && isAlive(other))) throw inUse(folder, other ?? own, file);
    removeStale(file, other);
  }
  ownedFiles.add(file);
  return () => {
    ownedFiles.delete(file);
    rmSync(file, { force: true });
  };
}

/** Creates the file atomically and never replaces another. */
function create(file: string, owner: Owner): boolean {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, `${JSON.stringify(owner)}\n`);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes the file, and restores it if it is not the file that was read. */
function removeStale(file: string, seen: Owner | undefined): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
    if (JSON.stringify(readOwner(aside)) !== JSON.stringify(seen)) linkSync(aside, file);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readOwner(file: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof value !== "object" || value === null) return undefined;
    const [pid, host, began] = ["pid", "host", "began"].map((name): unknown => Reflect.get(value, name));
    if (typeof pid !== "number" || typeof host !== "string") return undefined;
    return { pid, host, began: typeof began === "string" ? began : "" };
  } catch {
    return undefined;
  }
}

/** Processes of another machine cannot be checked and count as alive. A file with our own id belongs to an earlier process. */
function isAlive({ pid, host, began }: Owner): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) !== "EPERM") return false;
  }
  return began === startOf(pid);
}

/** Start of a process in clock ticks since boot (proc(5), field 22); empty on systems without /proc. */
function startOf(pid: number): string {
  try {
    // The command name in parentheses may contain spaces, so fields are counted after it.
    const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(/\) (?!.*\) )/s);
    return fields.split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function inUse(folder: string, { pid, host }: Owner, file: string): IndexerError {
  const elsewhere = host === hostname() ? "" : ` If that machine is gone, delete ${file}.`;
  return new IndexerError(
    "CONFLICT",
    `The embedded database in ${folder} is in use by process ${pid} on ${host}: stop it, choose another DATA_FOLDER, or set DATABASE_URL to share a PostgreSQL.${elsewhere}`,
  );
}
