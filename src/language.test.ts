// Holds what can be held of docs/glossary.md and CONTRIBUTING's rules on names and sentences.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

function listFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? listFiles(path) : [path];
  });
}

interface Export {
  readonly file: string;
  readonly name: string;
  readonly documented: boolean;
}

/** The top-level declarations that a file exports; re-exports are not listed. */
function exportsOf(file: string, text: string): Export[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  return source.statements.flatMap((statement) => {
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
    const documented = ts.getJSDocCommentsAndTags(statement).length > 0;
    return namesOf(statement).map((name) => ({ file, name, documented }));
  });
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = statement as ts.DeclarationStatement;
  return name === undefined ? [] : [name.getText()];
}

/** Names that more than one file exports, with the files. */
function sharedNames(exports: readonly Export[]): string[] {
  const filesOf = new Map<string, Set<string>>();
  for (const { name, file } of exports) filesOf.set(name, (filesOf.get(name) ?? new Set()).add(file));
  return [...filesOf]
    .filter(([, files]) => files.size > 1)
    .map(([name, files]) => `${name}: ${[...files].join(", ")}`);
}

/** Words that docs/glossary.md and the language rules replace by standard terms. */
const replacedWords =
  /\b(askers?|askings?|whoever|whomever|despairs?|forgiven?|forgives|hungry|mends?|mended|mending|uncovers?|scours?|is told|are told|was told|were told|tells|classic (?:peer|worker|manager|protocol))\b/i;

function linesWithReplacedWords(file: string, text: string): string[] {
  return text
    .split("\n")
    .map((line, index) => ({ line, at: `${file}:${index + 1}` }))
    .filter(({ line }) => replacedWords.test(line))
    .map(({ line, at }) => `${at}: ${line.trim()}`);
}

const sources = listFiles(join(root, "src"))
  .filter((path) => path.endsWith(".ts") && !path.includes("/generated/"))
  .map((path) => ({ file: relative(root, path), text: readFileSync(path, "utf8") }));
const ownName = "src/language.test.ts";
const productExports = sources
  .filter(({ file }) => !/\.(test|suite)\.ts$/.test(file))
  .flatMap(({ file, text }) => exportsOf(file, text));
const texts = [
  "README.md",
  "CHANGELOG.md",
  ".github/CONTRIBUTING.md",
  "schema.graphql",
  "docs",
  "proto",
  "examples",
  "prisma/schema.prisma",
]
  .flatMap((path) =>
    statSync(join(root, path)).isDirectory() ? listFiles(join(root, path)) : [join(root, path)],
  )
  .filter((path) => /\.(md|proto|graphql|prisma|py)$/.test(path))
  .map((path) => ({ file: relative(root, path), text: readFileSync(path, "utf8") }));

describe("names", () => {
  it("no two files export the same name", () => {
    expect(sharedNames(productExports)).toEqual([]);
  });

  it("would report a name that two files export", () => {
    const twice = [
      ...exportsOf("a.ts", "export const x = 1;"),
      ...exportsOf("b.ts", "export interface x {}"),
    ];
    expect(sharedNames(twice)).toEqual(["x: a.ts, b.ts"]);
  });

  it("every export has a sentence of documentation", () => {
    const silent = productExports.filter(({ documented }) => !documented);
    expect(silent.map(({ file, name }) => `${file} ${name}`)).toEqual([]);
  });

  it("would report an export without documentation", () => {
    const [documented, silent] = exportsOf(
      "a.ts",
      "/** One. */\nexport const one = 1;\nexport const two = 2;",
    );
    expect([documented?.documented, silent?.documented]).toEqual([true, false]);
  });
});

describe("sentences", () => {
  it("use the standard terms", () => {
    const checked = [...sources.filter(({ file }) => file !== ownName), ...texts];
    expect(checked.flatMap(({ file, text }) => linesWithReplacedWords(file, text))).toEqual([]);
  });

  it("would report a replaced word", () => {
    expect(linesWithReplacedWords("a.ts", "// Whoever waits.\n// A caller waits.")).toEqual([
      "a.ts:1: // Whoever waits.",
    ]);
  });
});
