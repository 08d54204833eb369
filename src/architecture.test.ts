// Holds the layout: levels, cycles, where libraries and the environment may be touched, names, sizes.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const root = dirname(fileURLToPath(import.meta.url));

/** A folder imports only levels below it; folders of level 1 never import each other. `testing` is for tests alone. */
const levels: Readonly<Record<string, number>> = {
  domain: 0,
  lib: 0,
  generated: 0,
  store: 1,
  pubsub: 1,
  connectivity: 1,
  chains: 1,
  client: 2,
  graphql: 3,
  http: 3,
  manager: 4,
  worker: 4,
  scheduler: 4,
  cli: 5,
};

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function listFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? listFiles(path) : [path];
  });
}

function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((file) => file.fileName);
}

const allPaths = listFiles(root);
const files: readonly SourceFile[] = allPaths
  .filter((path) => path.endsWith(".ts"))
  .map((path) => {
    const text = readFileSync(path, "utf8");
    return { path: relative(root, path), text, imports: importsOf(text) };
  });
const isTest = (path: string): boolean => /\.(test|suite)\.ts$/.test(path) || path.startsWith("testing/");
const isGenerated = (path: string): boolean => path.startsWith("generated/");
const folderOf = (path: string): string => path.split("/")[0] ?? "";
const productFiles = files.filter(({ path }) => !isTest(path) && !isGenerated(path));

function localTarget(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return relative(root, resolve(root, dirname(file.path), specifier)).replace(/\.js$/, ".ts");
}

/** The sentence that says what is wrong with an import, or nothing. Exported through the tests below only. */
function importFault(from: string, to: string): string | undefined {
  const [source, target] = [folderOf(from), folderOf(to)];
  if (target === "testing") return `${from} imports ${to}: tests' tools stay with tests`;
  const [sourceLevel, targetLevel] = [levels[source], levels[target]];
  if (sourceLevel === undefined || targetLevel === undefined)
    return `${from} → ${to}: a folder without a level`;
  if (source === target) return undefined;
  // Generated code stands on no level: where it may be imported is a test of its own.
  if (target === "generated") return undefined;
  if (targetLevel > sourceLevel)
    return `${from} (level ${sourceLevel}) imports upward: ${to} (level ${targetLevel})`;
  if (targetLevel === sourceLevel && sourceLevel !== 0) return `${from} imports its neighbour ${to}`;
  return undefined;
}

function importFaults(sources: readonly SourceFile[]): string[] {
  return sources.flatMap((file) =>
    file.imports
      .map((specifier) => localTarget(file, specifier))
      .filter((target) => target !== undefined)
      .map((target) => importFault(file.path, target))
      .filter((fault) => fault !== undefined),
  );
}

function filesThatImport(packageName: string): string[] {
  return productFiles
    .filter(({ imports }) =>
      imports.some((each) => each === packageName || each.startsWith(`${packageName}/`)),
    )
    .map(({ path }) => path);
}

describe("the layout", () => {
  it("imports downward only", () => {
    expect(importFaults(productFiles)).toEqual([]);
  });

  it("would fail on an upward import, on a neighbour and on tests' tools", () => {
    const faults = importFaults([
      { path: "store/bad.ts", text: "", imports: ["../client/port.js"] },
      { path: "store/bad.ts", text: "", imports: ["../connectivity/port.js"] },
      { path: "client/bad.ts", text: "", imports: ["../testing/anvil.js"] },
      { path: "client/good.ts", text: "", imports: ["../store/port.js", "./port.js", "node:fs"] },
    ]);
    expect(faults).toHaveLength(3);
  });

  it("has no import cycles, types included", () => {
    const graph = new Map(
      productFiles.map((file) => [file.path, file.imports.map((each) => localTarget(file, each))]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      const at = trail.indexOf(path);
      if (at >= 0) {
        cycles.push([...trail.slice(at), path].join(" → "));
        return;
      }
      if (done.has(path)) return;
      for (const target of graph.get(path) ?? []) {
        if (target !== undefined && graph.has(target)) visit(target, [...trail, path]);
      }
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  it("keeps the manager's and the worker's side of connectivity apart", () => {
    const forbidden: Readonly<Record<string, RegExp>> = {
      "connectivity/manager/": /^connectivity\/worker\//,
      "connectivity/worker/": /^connectivity\/(manager|registration)\//,
      "connectivity/protocol/": /^connectivity\/(manager|worker|registration|grpc)\//,
      "connectivity/registration/": /^connectivity\/(manager|worker|grpc)\//,
    };
    const faults = productFiles.flatMap((file) =>
      Object.entries(forbidden).flatMap(([folder, targets]) =>
        file.path.startsWith(folder)
          ? file.imports
              .map((each) => localTarget(file, each) ?? "")
              .filter((target) => targets.test(target))
              .map((target) => `${file.path} imports ${target}`)
          : [],
      ),
    );
    expect(faults).toEqual([]);
  });

  it("knows protocol version 0 in connectivity/grpc/legacy only", () => {
    // The adapters are put before a stream in stream.ts; GET /get_workers shows workers in the JSON of that version.
    const allowed =
      /^connectivity\/(grpc\/legacy\/|grpc\/stream\.ts|registration\/legacy-workers-view\.ts|manager\/registry\.ts)/;
    const mentions = productFiles.filter(
      ({ path, text }) => path.startsWith("connectivity/") && !allowed.test(path) && /legacy/i.test(text),
    );
    expect(mentions.map(({ path }) => path)).toEqual([]);
  });

  it("reads the environment in config files only", () => {
    const readers = productFiles.filter(({ text }) => /process\.env\b/.test(text)).map(({ path }) => path);
    expect(readers.filter((path) => !/(^|\/)config[^/]*\.ts$/.test(path))).toEqual([]);
  });

  it.each([
    ["@grpc/grpc-js", /^(connectivity\/grpc|chains\/cosmos)\//],
    ["@prisma/client", /^store\//],
    ["pg", /^(store|pubsub)\//],
    ["@redis/client", /^pubsub\//],
    ["@electric-sql/pglite", /^store\//],
    ["graphql", /^graphql\//],
    ["@pothos/core", /^graphql\//],
    ["graphql-yoga", /^graphql\//],
    ["viem", /^chains\/ethereum\//],
    ["cosmjs-types", /^chains\/cosmos\//],
    ["fastify", /^http\//],
  ])("touches %s in its own folder only", (packageName, allowed) => {
    expect(filesThatImport(packageName).filter((path) => !allowed.test(path))).toEqual([]);
  });

  it("imports generated code only where it is wrapped", () => {
    const importers = productFiles
      .filter((file) => file.imports.some((each) => localTarget(file, each)?.startsWith("generated/")))
      .map(({ path }) => path);
    expect(importers.filter((path) => !/^(connectivity\/grpc|chains\/cosmos|store)\//.test(path))).toEqual(
      [],
    );
  });

  it("names things by their duty", () => {
    const vague = /(^|\/)(utils?|helpers?|common|structs?|misc|shared)(\/|\.[a-z.]+$)/i;
    expect(files.map(({ path }) => path).filter((path) => !isGenerated(path) && vague.test(path))).toEqual(
      [],
    );
  });

  it("names files in kebab case", () => {
    const odd = files.filter(
      ({ path }) => !isGenerated(path) && !/^([a-z0-9-]+\/)*[a-z0-9-]+(\.[a-z]+)*\.ts$/.test(path),
    );
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  it("keeps files small", () => {
    const large = productFiles.filter(
      ({ text }) => text.split("\n").length > 310 && !/^\/\/ .*\blarge\b/i.test(text),
    );
    expect(large.map(({ path }) => path)).toEqual([]);
  });
});
