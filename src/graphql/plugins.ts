// Plugins around every operation, over any transport: limits, cost, metrics. Imports this folder.
// Never resolves a field.
import {
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type DocumentNode,
  type GraphQLError,
} from "graphql";
import { isAsyncIterable, type Plugin } from "graphql-yoga";
import { IndexerError } from "../domain/errors.js";
import type { GatewayContext } from "./context.js";
import { costOf } from "./cost.js";
import { excessOf, parseBounded, tooCostly } from "./document-limits.js";
import type { AfterRun, AfterValidation, BeforeRun, BeforeValidation, OperationArgs } from "./envelop.js";
import { outcomeOf, type PublicErrors } from "./errors.js";
import type { Limits } from "./limits.js";
import { createLoaders } from "./loaders.js";
import type { OperationMetrics } from "./metrics.js";

/** Limits documents before validation, and sets the codes of parsing and validation errors. */
export function documentPlugin({
  limits,
  errors,
  metrics,
}: {
  readonly limits: Limits;
  readonly errors: PublicErrors;
  readonly metrics: OperationMetrics;
}): Plugin {
  const checked = new WeakMap<DocumentNode, IndexerError | null>();
  const excess = (document: DocumentNode): IndexerError | null => {
    const known = checked.get(document);
    if (known !== undefined) return known;
    const found = excessOf(document, limits) ?? null;
    checked.set(document, found);
    return found;
  };
  const countRefusal = (errors: readonly GraphQLError[]): void => metrics.ended("none", outcome(errors), 0);
  return {
    onParse: ({ setParseFn }) => {
      setParseFn((source: string) => parseBounded(source, limits));
      return ({ result, replaceParseResult }) => {
        if (!(result instanceof Error)) return;
        const shown = errors.of(result);
        countRefusal([shown]);
        // A GraphQLError as the parse result makes yoga throw it, although the types allow documents only.
        replaceParseResult(shown);
      };
    },
    onValidate: ({ params, setResult }: BeforeValidation) => {
      const tooLarge = excess(params.documentAST);
      if (tooLarge !== null) setResult([errors.of(tooLarge)]);
      return ({ valid, result, setResult: replace }: AfterValidation) => {
        if (valid) return;
        const shown = result.map((error) => errors.ofValidation(error, params.documentAST));
        countRefusal(shown);
        replace(shown);
      };
    },
  };
}

/** Rejects introspection. */
export function noIntrospectionPlugin(): Plugin {
  return { onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule) };
}

/** Returns `ok`, or the code of the first error. */
function outcome(errors: readonly GraphQLError[] | undefined): string {
  const [first] = errors ?? [];
  return first === undefined ? "ok" : outcomeOf(first);
}

/** Counts operations and open subscriptions. Comes before all plugins that may stop an operation. */
export function metricsPlugin(metrics: OperationMetrics): Plugin<GatewayContext> {
  return {
    onExecute: ({ args }: BeforeRun) => {
      const started = performance.now();
      const operation = getOperationAST(args.document, args.operationName)?.operation ?? "none";
      return {
        onExecuteDone: ({ result }: AfterRun) => {
          const errors = isAsyncIterable(result) ? undefined : result.errors;
          metrics.ended(operation, outcome(errors), (performance.now() - started) / 1000);
        },
      };
    },
    onSubscribe: ({ args }: BeforeRun) => {
      const started = performance.now();
      return {
        onSubscribeResult: ({ result }: AfterRun) => {
          const errors = isAsyncIterable(result) ? undefined : result.errors;
          metrics.ended("subscription", outcome(errors), (performance.now() - started) / 1000);
          if (!isAsyncIterable(result)) return undefined;
          return { onEnd: metrics.subscribed(args.contextValue.transport) };
        },
      };
    },
  };
}

/** Rejects operations whose cost is above the limit, and reports the cost of each operation to `onCost`. */
export function costPlugin({
  limits,
  errors,
  onCost,
}: {
  readonly limits: Limits;
  readonly errors: PublicErrors;
  readonly onCost: (context: GatewayContext, cost: number) => void;
}): Plugin<GatewayContext> {
  const check = (args: OperationArgs): GraphQLError | undefined => {
    try {
      const actual = costOf({
        schema: args.schema,
        document: args.document,
        ...(args.operationName !== undefined && { operationName: args.operationName }),
        ...(args.variableValues !== undefined && { variables: args.variableValues }),
      });
      onCost(args.contextValue, actual);
      return actual > limits.cost ? errors.of(tooCostly(actual, limits.cost)) : undefined;
    } catch (error) {
      return errors.of(error);
    }
  };
  return {
    onExecute: ({ args, setResultAndStopExecution }: BeforeRun) => {
      const error = check(args);
      if (error !== undefined) setResultAndStopExecution({ errors: [error] });
    },
    onSubscribe: ({ args, setResultAndStopExecution }: BeforeRun) => {
      const error = check(args);
      if (error !== undefined) setResultAndStopExecution({ errors: [error] });
    },
  };
}

/** Sets loaders without cache for subscriptions, and limits the number of open event streams. */
export function subscriptionPlugin({
  limits,
  errors,
  metrics,
}: {
  readonly limits: Limits;
  readonly errors: PublicErrors;
  readonly metrics: OperationMetrics;
}): Plugin<GatewayContext> {
  return {
    onSubscribe: ({ args, extendContext, setResultAndStopExecution }: BeforeRun) => {
      const { client, transport } = args.contextValue;
      extendContext({ loaders: createLoaders(client, { cache: false }) });
      if (transport === "sse" && metrics.open("sse") >= limits.sockets) {
        const error = new IndexerError(
          "OVERLOADED",
          `${limits.sockets} event streams are open, at most ${limits.sockets} allowed. Subscribe again later.`,
          {
            limit: limits.sockets,
          },
        );
        setResultAndStopExecution({ errors: [errors.of(error)] });
      }
    },
  };
}
