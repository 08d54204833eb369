// Error messages and schema descriptions must not mention names that do not exist.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType } from "graphql";
import type { GraphQLField, GraphQLInputField } from "graphql";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { errorTable } from "../domain/errors.js";
import { schema } from "./schema.js";

const sources = fileURLToPath(new URL("..", import.meta.url));

/** Names that this product does not define, and words that only look like names. */
const foreignNames = new Set(["connection_init", "cosmoshub", "grpcEndpoint"]);

/** lowerCamel names with an inner capital, and ALL_CAPS names with an underscore. */
function namesIn(text: string): string[] {
  return text.match(/\b[a-z]+[A-Z][A-Za-z0-9]*\b|\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? [];
}

interface Mention {
  readonly where: string;
  readonly name: string;
}

/** All type, field, argument and enum value names of the schema, and all descriptions with their place. */
function readSchema(): { readonly names: ReadonlySet<string>; readonly mentions: readonly Mention[] } {
  const names = new Set<string>();
  const mentions: Mention[] = [];
  const add = (where: string, name: string, description: string | null | undefined): void => {
    names.add(name);
    for (const mentioned of namesIn(description ?? "")) mentions.push({ where, name: mentioned });
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith("__")) continue;
    add(type.name, type.name, type.description);
    if (isEnumType(type)) {
      for (const value of type.getValues()) add(`${type.name}.${value.name}`, value.name, value.description);
    }
    if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
      const fields = Object.values<GraphQLField<unknown, unknown> | GraphQLInputField>(type.getFields());
      for (const field of fields) {
        add(`${type.name}.${field.name}`, field.name, field.description);
        for (const each of "args" in field ? field.args : []) {
          add(`${type.name}.${field.name}(${each.name})`, each.name, each.description);
        }
      }
    }
  }
  return { names, mentions };
}

/** The product's source files, without tests and generated code. */
function sourceFiles(): string[] {
  return readdirSync(sources, { recursive: true, encoding: "utf8" }).filter(
    (path) =>
      path.endsWith(".ts") && !/\.(test|suite)\.ts$/.test(path) && !/^(generated|testing)[/\\]/.test(path),
  );
}

/** The calls that create errors whose messages users see. */
const errorCalls = new Set(["IndexerError", "badInput", "TaskFailure"]);

/** Names in the string literals that a file passes to errors. */
function errorMentions(path: string): Mention[] {
  const file = ts.createSourceFile(
    path,
    readFileSync(join(sources, path), "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const mentions: Mention[] = [];
  const collect = (node: ts.Node): void => {
    const text =
      ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)
        ? node.text
        : "";
    for (const name of namesIn(text)) mentions.push({ where: path, name });
    ts.forEachChild(node, collect);
  };
  const visit = (node: ts.Node): void => {
    if (
      (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
      ts.isIdentifier(node.expression) &&
      errorCalls.has(node.expression.text)
    ) {
      for (const argument of node.arguments ?? []) collect(argument);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return mentions;
}

/** Names of settings: the string literals and keys of all files that define settings. */
function settingNames(): ReadonlySet<string> {
  const configs = sourceFiles().filter((path) =>
    /(^|[/\\])(config|setting|adapter|node-settings)[^/\\]*\.ts$/.test(path),
  );
  return new Set(configs.flatMap((path) => namesIn(readFileSync(join(sources, path), "utf8"))));
}

describe("a name that users read", () => {
  const { names, mentions } = readSchema();
  const known = new Set([...names, ...Object.keys(errorTable), ...settingNames(), ...foreignNames]);
  const unknown = (found: readonly Mention[]): string[] =>
    found.filter(({ name }) => !known.has(name)).map(({ where, name }) => `${where}: ${name}`);

  it("exists if a description of the schema mentions it", () => {
    expect(mentions.length).toBeGreaterThan(10);
    expect(unknown(mentions)).toEqual([]);
  });

  it("exists if an error message mentions it", () => {
    const found = sourceFiles().flatMap(errorMentions);
    expect(found.length).toBeGreaterThan(20);
    expect(unknown(found)).toEqual([]);
  });

  it("is recognised in a text", () => {
    expect(namesIn("Use startRun, set DATABASE_URL, not 'first' or Height.")).toEqual([
      "startRun",
      "DATABASE_URL",
    ]);
  });
});
