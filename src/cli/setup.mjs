// Makes a fresh checkout ready: packages, generated code and the build, each only if it is missing or old.
// Plain JavaScript without imports from outside Node, since it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const lockFile = join(root, "package-lock.json");
const installedMark = join(root, "node_modules/.indexer-lock.json");
const builtMark = join(root, "dist/.built");

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.versions.node} is too old: install Node 20.19 or newer.`);
}

if (!existsSync(installedMark) || readFileSync(installedMark, "utf8") !== readFileSync(lockFile, "utf8")) {
  step("Installing packages (npm ci) …", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(installedMark, readFileSync(lockFile, "utf8"));
}
step(undefined, process.execPath, ["src/cli/generate.mjs"]);
if (newest(["src", "prisma", "tsconfig.json", "tsconfig.build.json", "package-lock.json"]) > age(builtMark)) {
  step("Building …", process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"]);
  writeFileSync(builtMark, "");
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
