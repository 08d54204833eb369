// Maps chains to the numeric ids that every table uses. An id is assigned once and never changes, so it is cached.
// Imports only domain, the SQL port and Prisma's client.
import { chainName, type ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import type { PrismaClient } from "../generated/prisma/client.js";
import { cleanText } from "./clean-text.js";
import { guarded } from "./failures.js";

/** Chain ids, cached in memory. */
export interface ChainIds {
  /** The id of a chain; undefined if the chain is not stored. */
  idOf(chain: ChainRef): Promise<number | undefined>;
  /** The id of a chain. Creates the chain if it is not stored. */
  ensure(chain: ChainRef): Promise<number>;
  refOf(id: number): Promise<ChainRef>;
  /** The ids of stored chains in any order. Omitted arguments do not filter. */
  matching(network?: string, chainIds?: readonly string[]): Promise<readonly number[]>;
}

/** Creates the cached chain ids. */
export function createChainIds(prisma: PrismaClient): ChainIds {
  const ids = new Map<string, number>();
  const refs = new Map<number, ChainRef>();

  const cache = (row: { id: number; network: string; chainId: string }): number => {
    const chain = { network: row.network, chainId: row.chainId };
    ids.set(chainName(chain), row.id);
    refs.set(row.id, chain);
    return row.id;
  };
  const unique = ({ network, chainId }: ChainRef) => ({ network_chainId: { network, chainId } });

  const idOf = async (chain: ChainRef): Promise<number | undefined> => {
    const known = ids.get(chainName(chain));
    if (known !== undefined) return known;
    if (!isStorable(chain.network) || !isStorable(chain.chainId)) return undefined;
    const row = await guarded(() => prisma.chain.findUnique({ where: unique(chain) }));
    return row === null ? undefined : cache(row);
  };

  return {
    idOf,
    async ensure(chain) {
      const known = await idOf(chain);
      if (known !== undefined) return known;
      const { network, chainId } = chain;
      if (!isStorable(network) || !isStorable(chainId)) {
        throw new IndexerError(
          "BAD_USER_INPUT",
          "The network or chain id contains NUL characters or lone surrogates, which PostgreSQL cannot store. Remove them.",
        );
      }
      await guarded(() => prisma.chain.createMany({ data: [{ network, chainId }], skipDuplicates: true }));
      return cache(await guarded(() => prisma.chain.findUniqueOrThrow({ where: unique(chain) })));
    },
    async refOf(id) {
      const known = refs.get(id);
      if (known !== undefined) return known;
      const row = await guarded(() => prisma.chain.findUnique({ where: { id } }));
      if (row === null) throw new IndexerError("INTERNAL", `The database has no chain with id ${id}.`);
      cache(row);
      return { network: row.network, chainId: row.chainId };
    },
    async matching(network, chainIds) {
      if (network !== undefined && !isStorable(network)) return [];
      const rows = await guarded(() =>
        prisma.chain.findMany({
          where: {
            ...(network !== undefined && { network }),
            ...(chainIds !== undefined && { chainId: { in: chainIds.filter(isStorable) } }),
          },
        }),
      );
      return rows.map(cache);
    },
  };
}

/** PostgreSQL cannot store NUL characters and lone surrogates, so no stored chain has them in its name. */
function isStorable(text: string): boolean {
  return cleanText(text) === text;
}
