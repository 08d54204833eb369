// What an operation costs: a weight for each object that may come back, times the size of its page.
// Imports domain/errors; never runs a resolver.
import { getNamedType, isLeafType, type DocumentNode, type GraphQLSchema } from "graphql";
import { getComplexity, type ComplexityEstimator } from "graphql-query-complexity";

/** The weight of one field, from its arguments and the weight of what is selected inside it. */
export type CostRule = (args: Readonly<Record<string, unknown>>, inner: number) => number;

/** Puts a rule on a field: `extensions: cost(…)`. */
export function cost(rule: CostRule): { readonly cost: CostRule } {
  return { cost: rule };
}

/** A fixed weight beside what is selected inside. */
export function weight(own: number): { readonly cost: CostRule } {
  return cost((_args, inner) => own + inner);
}

/** A page: as many times what is selected inside as it has room for. */
export function pageCost(defaultLimit: number): { readonly cost: CostRule } {
  return cost((args, inner) => {
    const size = args["first"] ?? args["last"] ?? defaultLimit;
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

/** An operation with its variables. */
export interface CostQuestion {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null;
  readonly variables?: Readonly<Record<string, unknown>> | null;
}

/** Reckons the cost. Throws a GraphQLError where variables or arguments do not fit. */
export function costOf({ schema, document, operationName, variables }: CostQuestion): number {
  return getComplexity({
    schema,
    query: document,
    estimators: [byRule],
    variables: { ...variables },
    ...(typeof operationName === "string" && { operationName }),
  });
}
