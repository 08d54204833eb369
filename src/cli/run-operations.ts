// Runs as the manager's API has them: their shape, and the operations that start, cancel, list and follow them.
// Imports only domain and this folder.
// Never prints.
import { z } from "zod";
import type { ChainRef } from "../domain/chain.js";
import type { HeightRange } from "../domain/height.js";
import type { Operation } from "./manager-connection.js";
import { bigIntSchema, chainSchema, rangeSchema } from "./response-shapes.js";

const runFields = `id chain { network chainId } heights { from to } status mode createdAt startedAt finishedAt
  progress { blocksDone blocksTotal transactionsDone ratio blocksPerSecond etaSeconds done { from to } running { from to } }
  errors(first: 20) { code message retryable height }`;

/** A number that may exceed 2^53 in theory only: heights are below it. */
const countSchema = bigIntSchema.transform(Number);

const runShape = z.object({
  id: z.string(),
  chain: chainSchema,
  heights: rangeSchema,
  status: z.enum(["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]),
  mode: z.enum(["MISSING", "OVERWRITE"]),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  progress: z.object({
    blocksDone: countSchema,
    blocksTotal: countSchema,
    transactionsDone: countSchema,
    ratio: z.number(),
    blocksPerSecond: z.number(),
    etaSeconds: z.number().nullable(),
    done: z.array(rangeSchema),
    running: z.array(rangeSchema),
  }),
  errors: z.array(
    z.object({
      code: z.string(),
      message: z.string(),
      retryable: z.boolean(),
      height: z.number().nullable(),
    }),
  ),
});

/** One run as a manager reports it. */
export type RunReport = z.output<typeof runShape>;

/** What `startRun` takes. */
export interface RunRequest {
  readonly chain: ChainRef;
  readonly heights: HeightRange;
  readonly mode: RunReport["mode"];
  readonly window?: number;
  readonly force?: boolean;
}

/** Starts a run, or returns the one that works on the range already. */
export function startRunOperation(
  input: RunRequest,
): Operation<{ readonly startRun: { readonly run: RunReport; readonly existing: boolean } }> {
  return {
    document: `mutation Start($input: StartRunInput!) { startRun(input: $input) { run { ${runFields} } existing } }`,
    schema: z.object({ startRun: z.object({ run: runShape, existing: z.boolean() }) }),
    variables: { input },
  };
}

/** Cancels a run. */
export function cancelRunOperation(id: string): Operation<{ readonly cancelRun: RunReport }> {
  return {
    document: `mutation Cancel($id: ID!) { cancelRun(id: $id) { ${runFields} } }`,
    schema: z.object({ cancelRun: runShape }),
    variables: { id },
  };
}

/** Which runs to list. */
export interface RunSelection {
  readonly chain?: ChainRef;
  readonly status?: readonly RunReport["status"][];
  readonly first: number;
}

/** Lists runs, newest first. */
export function listRunsOperation({
  chain,
  status,
  first,
}: RunSelection): Operation<{ readonly runs: { readonly nodes: readonly RunReport[] } }> {
  const filter = { ...(chain !== undefined && { chain }), ...(status !== undefined && { status }) };
  return {
    document: `query Runs($filter: RunFilter, $first: Int) { runs(filter: $filter, first: $first) { nodes { ${runFields} } } }`,
    schema: z.object({ runs: z.object({ nodes: z.array(runShape) }) }),
    variables: { filter, first },
  };
}

/** Follows a run: its state at once, at each change, and a last time when it ended. */
export function followRunOperation(id: string): Operation<{ readonly run: RunReport }> {
  return {
    document: `subscription Follow($id: ID!) { run(id: $id) { ${runFields} } }`,
    schema: z.object({ run: runShape }),
    variables: { id },
  };
}
