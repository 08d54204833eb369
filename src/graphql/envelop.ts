// The types that envelop leaves open, closed: its hooks and functions give `any` so as to fit every version of graphql.
// Imports graphql's types only; holds no value.
import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLError, GraphQLSchema } from "graphql";
import type { GatewayContext } from "./context.js";

/** One answer, or a stream of them. */
export type OperationResult = ExecutionResult | AsyncIterable<ExecutionResult>;

/** The stages of an operation, with every plugin around them. */
export interface Stages {
  readonly parse: (source: string) => DocumentNode;
  readonly validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[];
  readonly contextFactory: () => GatewayContext | Promise<GatewayContext>;
  readonly execute: (args: ExecutionArgs) => OperationResult | Promise<OperationResult>;
  readonly subscribe: (args: ExecutionArgs) => OperationResult | Promise<OperationResult>;
}

/** Before a document is validated. */
export interface BeforeValidation {
  readonly params: { readonly documentAST: DocumentNode };
  readonly setResult: (errors: readonly GraphQLError[]) => void;
}

/** After a document is validated. */
export interface AfterValidation {
  readonly valid: boolean;
  readonly result: readonly Error[];
  readonly setResult: (errors: GraphQLError[]) => void;
}

/** The arguments of an operation, with its context. */
export interface OperationArgs extends Omit<ExecutionArgs, "contextValue"> {
  readonly contextValue: GatewayContext;
}

/** Before an operation is run. */
export interface BeforeRun {
  readonly args: OperationArgs;
  readonly setResultAndStopExecution: (result: { readonly errors: readonly GraphQLError[] }) => void;
  readonly extendContext: (extension: Partial<GatewayContext>) => void;
}

/** After an operation was run, or begun to be. */
export interface AfterRun {
  readonly result: OperationResult;
}
