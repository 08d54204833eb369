// The cost of an operation: a weight for each object that it may return, times the page size.
// Imports the GraphQL libraries only. Never runs a resolver. The complexity plugin of Pothos ignores `first`.
import { getNamedType, isLeafType, type DocumentNode, type GraphQLSchema } from "graphql";
import { getComplexity, type ComplexityEstimator } from "graphql-query-complexity";

/** Returns the cost of a field, from its arguments and the cost of its selection. */
export type CostRule = (args: Readonly<Record<string, unknown>>, inner: number) => number;

/** Sets the cost rule of a field: `extensions: cost(…)`. */
export function cost(rule: CostRule): { readonly cost: CostRule } {
  return { cost: rule };
}

/** Sets a fixed cost in addition to the cost of the selection. */
export function weight(own: number): { readonly cost: CostRule } {
  return cost((_args, inner) => own + inner);
}

/** Sets the cost of a page: the page size times the cost of the selection. */
export function pageCost(defaultLimit: number): { readonly cost: CostRule } {
  return cost((args, inner) => {
    // 'last' comes first: where 'first' has a default value, it is also set beside 'last'.
    const size = args["last"] ?? args["first"] ?? defaultLimit;
    return 1 + Math.max(typeof size === "number" ? size : defaultLimit, 1) * Math.max(inner, 1);
  });
}

function isCostRule(value: unknown): value is CostRule {
  return typeof value === "function";
}

const byRule: ComplexityEstimator = ({ field, args, childComplexity }) => {
  const rule = field.extensions["cost"];
  if (isCostRule(rule)) return rule(args, childComplexity);
  return isLeafType(getNamedType(field.type)) ? 0 : 1 + childComplexity;
};

/** An operation with its variables, whose cost is to be computed. */
export interface CostRequest {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null;
  readonly variables?: Readonly<Record<string, unknown>> | null;
}

/** Computes the cost. Throws a GraphQLError if variables or arguments do not match the schema. */
export function costOf({ schema, document, operationName, variables }: CostRequest): number {
  return getComplexity({
    schema,
    query: document,
    estimators: [byRule],
    variables: { ...variables },
    ...(typeof operationName === "string" && { operationName }),
  });
}
