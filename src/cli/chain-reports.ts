// The chains of a manager as commands read them: heads, stored ranges and workers.
// Imports only domain and this folder.
// Never prints.
import { z } from "zod";
import type { ChainRef } from "../domain/chain.js";
import { heightSchema, rangeSchema } from "./response-shapes.js";
import { ManagerError, type ManagerConnection, type Operation } from "./manager-connection.js";

const chainFields = `network chainId lag firstHeight quarantined
  head { height time } networkHead { height observedAt } indexed { from to } workers { state }`;

const chainShape = z.object({
  network: z.string(),
  chainId: z.string(),
  lag: heightSchema.nullable(),
  firstHeight: heightSchema.nullable(),
  quarantined: z.number(),
  head: z.object({ height: heightSchema, time: z.string() }).nullable(),
  networkHead: z.object({ height: heightSchema, observedAt: z.string() }).nullable(),
  indexed: z.array(rangeSchema),
  workers: z.array(z.object({ state: z.string() })),
});

/** One chain as a manager reports it. */
export type ChainReport = z.output<typeof chainShape>;

/** The query of all chains, with the manager that answers it. */
export const statusOperation = {
  document: `{ manager { version database pubsub startedAt } chains { ${chainFields} } workers { network chainId state } }`,
  schema: z.object({
    manager: z.object({
      version: z.string(),
      database: z.string(),
      pubsub: z.string(),
      startedAt: z.string(),
    }),
    chains: z.array(chainShape),
    workers: z.array(z.object({ network: z.string(), chainId: z.string(), state: z.string() })),
  }),
} as const satisfies Operation<unknown>;

/** Reads one chain. Throws a ManagerError that lists the known chains if the manager does not know it. */
export async function readChain(manager: ManagerConnection, chain: ChainRef): Promise<ChainReport> {
  const { chain: found, chains } = await manager.request({
    document: `query Chain($network: String!, $chainId: String!) {
      chain(network: $network, chainId: $chainId) { ${chainFields} } chains { network chainId } }`,
    schema: z.object({
      chain: chainShape.nullable(),
      chains: z.array(z.object({ network: z.string(), chainId: z.string() })),
    }),
    variables: { ...chain },
  });
  if (found !== null) return found;
  const known = chains.map(({ network, chainId }) => `${network}/${chainId}`).join(", ");
  const name = `${chain.network}/${chain.chainId}`;
  throw new ManagerError(
    known === ""
      ? `The manager knows no chain yet. Start a worker of ${name} with 'indexer worker ${chain.network}'.`
      : `The manager does not know the chain ${name}. It knows ${known}.`,
    "NOT_FOUND",
  );
}
