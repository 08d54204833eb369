// Prepares a checkout: installs packages, generates code and builds it, each only if it is missing or outdated.
// With `--build-only` it installs nothing; test runs use this mode, so that no test starts an outdated build.
// Plain JavaScript without imports from outside Node, since it runs before anything is installed.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const lockFile = join(root, "package-lock.json");
const installedMark = join(root, "node_modules/.indexer-lock.json");
const builtMark = join(root, "dist/.built");

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.versions.node} is installed, at least 20.19 is required. Install a newer version.`);
}

const buildOnly = process.argv.includes("--build-only");
if (
  !buildOnly &&
  (!existsSync(installedMark) || readFileSync(installedMark, "utf8") !== readFileSync(lockFile, "utf8"))
) {
  step("Installing packages (npm ci) …", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(installedMark, readFileSync(lockFile, "utf8"));
}
await exclusively(() => {
  step(undefined, process.execPath, ["src/cli/generate.mjs"]);
  if (outdated()) build();
});

function outdated() {
  const sources = ["src", "prisma", "tsconfig.json", "tsconfig.build.json", "package-lock.json"];
  return newest(sources) > age(builtMark);
}

function build() {
  const startedAt = new Date();
  step("Building …", process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"]);
  writeFileSync(builtMark, "");
  // A source that changes during the build is newer than the mark, so the next run builds again.
  utimesSync(builtMark, startedAt, startedAt);
}

/** Runs `work` in one process at a time: parallel builds would write the same files. */
async function exclusively(work) {
  const lock = join(root, "node_modules/.indexer-build.lock");
  const owner = join(lock, "pid");
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (isAbandoned(lock, owner)) rmSync(lock, { recursive: true, force: true });
      else await setTimeout(200);
    }
  }
  writeFileSync(owner, String(process.pid));
  process.once("exit", () => rmSync(lock, { recursive: true, force: true }));
  work();
}

/** A lock is abandoned if its process ended, or if it has no owner 10 s after its creation. */
function isAbandoned(lock, owner) {
  try {
    const text = existsSync(owner) ? readFileSync(owner, "utf8") : "";
    if (text === "") return Date.now() - age(lock) > 10_000;
    process.kill(Number(text), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

function step(title, command, args) {
  const began = Date.now();
  if (title !== undefined) process.stderr.write(`${title}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0)
    fail(`${command} ${args.join(" ")} failed${error ? `: ${error.message}` : ` with code ${status}`}.`);
  if (title !== undefined) process.stderr.write(`  done in ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
}

function newest(paths) {
  return Math.max(...paths.map((path) => newestIn(join(root, path))));
}

function newestIn(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newestIn(join(path, name))), mtimeMs);
}

function age(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
