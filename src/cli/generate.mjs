// Generates the Prisma client and the protocol's code into src/generated if they are missing or older than their inputs.
// Plain JavaScript without imports from outside Node; downloads nothing: the generators come with the installed packages.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const output = join(root, "src/generated");
const mark = join(output, ".inputs");
const results = ["prisma/client.ts", "proto/indexer.ts"];
const protos = readdirSync(join(root, "proto")).filter((name) => name.endsWith(".proto"));
const inputs = [
  "prisma/schema.prisma",
  ...protos.map((name) => `proto/${name}`),
  "buf.gen.yaml",
  "package-lock.json",
];

const hash = createHash("sha256");
for (const path of inputs)
  hash
    .update(path)
    .update("\0")
    .update(readFileSync(join(root, path)))
    .update("\0");
const fingerprint = hash.digest("hex");

const isCurrent =
  results.every((path) => existsSync(join(output, path))) &&
  existsSync(mark) &&
  readFileSync(mark, "utf8") === fingerprint;
if (!isCurrent) {
  process.stderr.write("Generating code …\n");
  const began = Date.now();
  run(["node_modules/@bufbuild/buf/bin/buf", "generate"]);
  run(["prisma/generate.mjs"]);
  mkdirSync(output, { recursive: true });
  writeFileSync(mark, fingerprint);
  process.stderr.write(`  done in ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
}

function run(args) {
  const { status, error, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
  });
  if (status === 0) return;
  process.stderr.write(
    `${stdout ?? ""}${stderr ?? ""}node ${args.join(" ")} failed: ${error?.message ?? `code ${status}`}.\n`,
  );
  process.exit(1);
}
