// What happens around every operation, over any transport: limits, cost, counting. Imports this folder.
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

/** Bounds documents before they are validated, and gives errors of parsing and validation their codes. */
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
  const refused = (errors: readonly GraphQLError[]): void => metrics.ended("none", outcome(errors), 0);
  return {
    onParse: ({ setParseFn }) => {
      setParseFn((source: string) => parseBounded(source, limits));
      return ({ result, replaceParseResult }) => {
        if (!(result instanceof Error)) return;
        const shown = errors.of(result);
        refused([shown]);
        // The types know documents only; an error in its place is thrown.
        replaceParseResult(shown);
      };
    },
    onValidate: ({ params, setResult }: BeforeValidation) => {
      const tooLarge = excess(params.documentAST);
      if (tooLarge !== null) setResult([errors.of(tooLarge)]);
      return ({ valid, result, setResult: replace }: AfterValidation) => {
        if (valid) return;
        const shown = result.map((error) => errors.ofValidation(error, params.documentAST));
        refused(shown);
        replace(shown);
      };
    },
  };
}

/** Refuses questions about the schema. */
export function noIntrospectionPlugin(): Plugin {
  return { onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule) };
}

/** `ok`, or the code of the first error. */
function outcome(errors: readonly GraphQLError[] | undefined): string {
  const [first] = errors ?? [];
  return first === undefined ? "ok" : outcomeOf(first);
}

/** Counts operations and open subscriptions. Stands before whatever may stop an operation. */
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

/** Refuses operations that cost too much, and remembers what each cost. */
export function costPlugin({
  limits,
  errors,
  reckoned,
}: {
  readonly limits: Limits;
  readonly errors: PublicErrors;
  readonly reckoned: (context: GatewayContext, cost: number) => void;
}): Plugin<GatewayContext> {
  const check = (args: OperationArgs): GraphQLError | undefined => {
    try {
      const actual = costOf({
        schema: args.schema,
        document: args.document,
        ...(args.operationName !== undefined && { operationName: args.operationName }),
        ...(args.variableValues !== undefined && { variables: args.variableValues }),
      });
      reckoned(args.contextValue, actual);
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

/** Keeps subscriptions apart from what holds for questions: no memory of what was read, a bound on how many are open. */
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
      extendContext({ loaders: createLoaders(client, { remember: false }) });
      if (transport === "sse" && metrics.open("sse") >= limits.sockets) {
        const error = new IndexerError("OVERLOADED", `${limits.sockets} streams are open: try again later.`, {
          limit: limits.sockets,
        });
        setResultAndStopExecution({ errors: [errors.of(error)] });
      }
    },
  };
}
