// Exact types for the hooks and functions of envelop, which are typed `any` to fit every version of graphql.
// Imports types of graphql and the context. Contains types and casts only.
import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLError, GraphQLSchema } from "graphql";
import type { GatewayContext } from "./context.js";

/** One response, or a stream of responses. */
export type OperationResult = ExecutionResult | AsyncIterable<ExecutionResult>;

/** The stages of an operation, with all plugins applied. */
export interface Stages {
  readonly parse: (source: string) => DocumentNode;
  readonly validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[];
  readonly contextFactory: () => GatewayContext | Promise<GatewayContext>;
  readonly execute: (args: ExecutionArgs) => OperationResult | Promise<OperationResult>;
  readonly subscribe: (args: ExecutionArgs) => OperationResult | Promise<OperationResult>;
}

/** The input of a hook that runs before validation. */
export interface BeforeValidation {
  readonly params: { readonly documentAST: DocumentNode };
  readonly setResult: (errors: readonly GraphQLError[]) => void;
}

/** The input of a hook that runs after validation. */
export interface AfterValidation {
  readonly valid: boolean;
  readonly result: readonly Error[];
  readonly setResult: (errors: GraphQLError[]) => void;
}

/** The arguments of an operation, with its context. */
export interface OperationArgs extends Omit<ExecutionArgs, "contextValue"> {
  readonly contextValue: GatewayContext;
}

/** The input of a hook that runs before an operation. */
export interface BeforeRun {
  readonly args: OperationArgs;
  readonly setResultAndStopExecution: (result: { readonly errors: readonly GraphQLError[] }) => void;
  readonly extendContext: (extension: Partial<GatewayContext>) => void;
}

/** The input of a hook that runs after an operation, or after the start of a subscription. */
export interface AfterRun {
  readonly result: OperationResult;
}
