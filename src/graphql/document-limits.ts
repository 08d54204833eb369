// How large a document is, fragments followed, and whether that is too large. Imports domain/errors; never executes one.
import { GraphQLError, Kind, parse, type DocumentNode, type SelectionSetNode, type Source } from "graphql";
import { IndexerError } from "../domain/errors.js";
import type { Limits } from "./limits.js";

interface Size {
  readonly depth: number;
  readonly aliases: number;
  readonly fields: number;
}

const nothing: Size = { depth: 0, aliases: 0, fields: 0 };
/** Sums end here: fragments in fragments grow beyond any number. */
const endless = 1_000_000_000;

/** Parses a document; one with too many tokens is given up at the first too many. */
export function parseBounded(source: string | Source, limits: Limits): DocumentNode {
  try {
    return parse(source, { maxTokens: limits.tokens });
  } catch (error) {
    if (error instanceof GraphQLError && /tokens\. Parsing aborted/.test(error.message)) {
      throw tooComplex(`The document holds more than ${limits.tokens} tokens.`, { limit: limits.tokens });
    }
    throw error;
  }
}

/** The error for a document that is too large; nothing where it is not. */
export function excessOf(document: DocumentNode, limits: Limits): IndexerError | undefined {
  const { operations, sizeOf, rootFields } = measure(document);
  for (const set of operations) {
    const { depth, aliases, fields } = sizeOf(set);
    const checks = [
      { what: "levels of fields inside fields", actual: depth, limit: limits.depth },
      { what: "aliases", actual: aliases, limit: limits.aliases },
      { what: "fields of the root", actual: rootFields(set), limit: limits.rootFields },
      { what: "fields", actual: fields, limit: limits.fields },
    ];
    const excess = checks.find(({ actual, limit }) => actual > limit);
    if (excess !== undefined) {
      const { what, actual, limit } = excess;
      return tooComplex(`The operation has ${actual} ${what}, more than ${limit}: ask in several requests.`, {
        limit,
        actual,
      });
    }
  }
  return undefined;
}

/** The error for an operation whose cost is above the limit. */
export function tooCostly(actual: number, limit: number): IndexerError {
  return tooComplex(
    `The operation costs ${actual}, more than ${limit}: ask for smaller pages or fewer fields that hold lists.`,
    { cost: actual, limit, actual },
  );
}

/** The error for an answer that grew too large. */
export function tooLargeToAnswer(actual: number, limit: number): IndexerError {
  return tooComplex(
    `The answer has ${actual} bytes, more than ${limit}: ask for smaller pages or fewer fields.`,
    {
      limit,
      actual,
    },
  );
}

function tooComplex(message: string, facts: Readonly<Record<string, number>>): IndexerError {
  return new IndexerError("QUERY_TOO_COMPLEX", message, facts);
}

function measure(document: DocumentNode): {
  readonly operations: readonly SelectionSetNode[];
  readonly sizeOf: (set: SelectionSetNode) => Size;
  readonly rootFields: (set: SelectionSetNode) => number;
} {
  const fragments = new Map<string, SelectionSetNode>();
  const operations: SelectionSetNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition.selectionSet);
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition.selectionSet);
    }
  }

  // Fragments are measured once each; one that is met inside itself counts as nothing and is refused by validation.
  const sizes = new Map<string, Size>();
  const fragmentSize = (name: string): Size => {
    const known = sizes.get(name);
    if (known !== undefined) return known;
    sizes.set(name, nothing);
    const set = fragments.get(name);
    const size = set === undefined ? nothing : sizeOf(set);
    sizes.set(name, size);
    return size;
  };
  const sizeOf = (set: SelectionSetNode): Size =>
    set.selections.reduce<Size>((sum, selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return add(sum, fragmentSize(selection.name.value));
      const inner = selection.selectionSet === undefined ? nothing : sizeOf(selection.selectionSet);
      if (selection.kind === Kind.INLINE_FRAGMENT) return add(sum, inner);
      const introspects = selection.name.value.startsWith("__");
      return add(sum, {
        depth: introspects ? 1 : inner.depth + 1,
        aliases: inner.aliases + (selection.alias === undefined ? 0 : 1),
        fields: inner.fields + 1,
      });
    }, nothing);

  const rootSizes = new Map<string, number>();
  const rootFields = (set: SelectionSetNode): number =>
    set.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return Math.min(endless, sum + 1);
      if (selection.kind === Kind.INLINE_FRAGMENT)
        return Math.min(endless, sum + rootFields(selection.selectionSet));
      const name = selection.name.value;
      if (!rootSizes.has(name)) {
        rootSizes.set(name, 0);
        const fragment = fragments.get(name);
        rootSizes.set(name, fragment === undefined ? 0 : rootFields(fragment));
      }
      return Math.min(endless, sum + (rootSizes.get(name) ?? 0));
    }, 0);

  return { operations, sizeOf, rootFields };
}

function add(a: Size, b: Size): Size {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: Math.min(endless, a.aliases + b.aliases),
    fields: Math.min(endless, a.fields + b.fields),
  };
}
