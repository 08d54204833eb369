// The size of a document with its fragments expanded, and its limits. Imports domain/errors. Never executes a document.
import { GraphQLError, Kind, parse, type DocumentNode, type SelectionSetNode, type Source } from "graphql";
import { IndexerError } from "../domain/errors.js";
import type { Limits } from "./limits.js";

interface Size {
  readonly depth: number;
  readonly aliases: number;
  readonly fields: number;
}

const emptySize: Size = { depth: 0, aliases: 0, fields: 0 };
/** Sums stop here, because nested fragments grow exponentially. */
const maxSum = 1_000_000_000;

/** Parses a document. Throws QUERY_TOO_COMPLEX at the first token above the limit. */
export function parseBounded(source: string | Source, limits: Limits): DocumentNode {
  try {
    return parse(source, { maxTokens: limits.tokens });
  } catch (error) {
    if (error instanceof GraphQLError && /tokens\. Parsing aborted/.test(error.message)) {
      throw tooComplex(
        `The document has more than ${limits.tokens} tokens. Split it into several requests.`,
        { limit: limits.tokens },
      );
    }
    throw error;
  }
}

/** Returns the error for a document that is too large; undefined if it is within the limits. */
export function excessOf(document: DocumentNode, limits: Limits): IndexerError | undefined {
  const { operations, sizeOf, rootFields } = measure(document);
  for (const set of operations) {
    const { depth, aliases, fields } = sizeOf(set);
    const checks = [
      { what: "levels of nested fields", actual: depth, limit: limits.depth },
      { what: "aliases", actual: aliases, limit: limits.aliases },
      { what: "root fields", actual: rootFields(set), limit: limits.rootFields },
      { what: "fields", actual: fields, limit: limits.fields },
    ];
    const excess = checks.find(({ actual, limit }) => actual > limit);
    if (excess !== undefined) {
      const { what, actual, limit } = excess;
      return tooComplex(
        `The operation has ${actual} ${what}, at most ${limit} allowed. Split it into several requests.`,
        {
          limit,
          actual,
        },
      );
    }
  }
  return undefined;
}

/** Creates the error for an operation whose cost is above the limit. */
export function tooCostly(actual: number, limit: number): IndexerError {
  return tooComplex(
    `The operation has a cost of ${actual}, at most ${limit} allowed. Request smaller pages or fewer nested lists.`,
    { cost: actual, limit, actual },
  );
}

/** Creates the error for a response that is too large. */
export function responseTooLarge(actual: number, limit: number): IndexerError {
  return tooComplex(
    `The response has ${actual} bytes, at most ${limit} allowed. Request smaller pages or fewer fields.`,
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

  // Each fragment is measured once. A fragment inside itself counts as empty: validation rejects it.
  const sizes = new Map<string, Size>();
  const fragmentSize = (name: string): Size => {
    const known = sizes.get(name);
    if (known !== undefined) return known;
    sizes.set(name, emptySize);
    const set = fragments.get(name);
    const size = set === undefined ? emptySize : sizeOf(set);
    sizes.set(name, size);
    return size;
  };
  const sizeOf = (set: SelectionSetNode): Size =>
    set.selections.reduce<Size>((sum, selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return add(sum, fragmentSize(selection.name.value));
      const inner = selection.selectionSet === undefined ? emptySize : sizeOf(selection.selectionSet);
      if (selection.kind === Kind.INLINE_FRAGMENT) return add(sum, inner);
      const introspects = selection.name.value.startsWith("__");
      return add(sum, {
        depth: introspects ? 1 : inner.depth + 1,
        aliases: inner.aliases + (selection.alias === undefined ? 0 : 1),
        fields: inner.fields + 1,
      });
    }, emptySize);

  const rootSizes = new Map<string, number>();
  const rootFields = (set: SelectionSetNode): number =>
    set.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return Math.min(maxSum, sum + 1);
      if (selection.kind === Kind.INLINE_FRAGMENT)
        return Math.min(maxSum, sum + rootFields(selection.selectionSet));
      const name = selection.name.value;
      if (!rootSizes.has(name)) {
        rootSizes.set(name, 0);
        const fragment = fragments.get(name);
        rootSizes.set(name, fragment === undefined ? 0 : rootFields(fragment));
      }
      return Math.min(maxSum, sum + (rootSizes.get(name) ?? 0));
    }, 0);

  return { operations, sizeOf, rootFields };
}

function add(a: Size, b: Size): Size {
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: Math.min(maxSum, a.aliases + b.aliases),
    fields: Math.min(maxSum, a.fields + b.fields),
  };
}
