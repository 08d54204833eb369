// One process at a time on an embedded database: a file in its folder says whose it is.
// Imports only domain; never waits: a second process fails at once.
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { IndexerError } from "../domain/errors.js";

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in the system's own words: a number that was given to another process since is told by it. */
  readonly began: string;
}

/** Files that this process holds: its own number in a file may also be an earlier process's. */
const held = new Set<string>();

/** Takes the folder, which is made where it is not there; returns how to give it back. Throws CONFLICT where another process has it. */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(resolve(folder), "lock.json");
  const own: Owner = { pid: process.pid, host: hostname(), began: beginningOf(process.pid) };
  if (held.has(file)) throw taken(folder, own, file);
  // Another process may find the same stale file in the same moment: whoever links first has it, and the other looks again.
  for (let attempt = 0; !create(file, own); attempt += 1) {
    const other = readOwner(file);
    if (attempt === 3 || (other !== undefined && isAlive(other))) throw taken(folder, other ?? own, file);
    removeStale(file, other);
  }
  held.add(file);
  return () => {
    held.delete(file);
    rmSync(file, { force: true });
  };
}

/** Writes the file whole or not at all, and never over another. */
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

/** Takes the file away, and puts it back where it turns out to be another's than the one that was looked at. */
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

/** Of another machine nothing can be seen: it counts as alive. A file with our own number is of an earlier process. */
function isAlive({ pid, host, began }: Owner): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) !== "EPERM") return false;
  }
  return began === beginningOf(pid);
}

/** Ticks from the machine's start to the process's, where the system tells; else nothing. */
function beginningOf(pid: number): string {
  try {
    // The command's name, in brackets, may hold spaces: what follows it is counted.
    const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(/\) (?!.*\) )/s);
    return fields.split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function taken(folder: string, { pid, host }: Owner, file: string): IndexerError {
  const elsewhere = host === hostname() ? "" : ` If that machine is gone, delete ${file}.`;
  return new IndexerError(
    "CONFLICT",
    `The embedded database in ${folder} is in use by process ${pid} on ${host}: stop it, choose another DATA_FOLDER, or set DATABASE_URL to share a PostgreSQL.${elsewhere}`,
  );
}
