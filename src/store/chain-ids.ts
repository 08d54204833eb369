// The small numbers that stand for chains in every table. A number is given once and never changes, so it is kept.
// Imports only domain, the SQL port and Prisma's client; never knows a block.
import { chainName, type ChainRef } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import type { PrismaClient } from "../generated/prisma/client.js";
import { cleanText } from "./clean-text.js";
import { guarded } from "./failures.js";

export interface ChainIds {
  /** The number of a chain; undefined where the chain is not known. */
  idOf(chain: ChainRef): Promise<number | undefined>;
  /** The number of a chain, which becomes known where it was not. */
  ensure(chain: ChainRef): Promise<number>;
  refOf(id: number): Promise<ChainRef>;
  /** The numbers of known chains of a network, of these ids; of all where nothing is given. Ascending. */
  matching(network?: string, chainIds?: readonly string[]): Promise<readonly number[]>;
}

export function createChainIds(prisma: PrismaClient): ChainIds {
  const ids = new Map<string, number>();
  const refs = new Map<number, ChainRef>();

  const keep = (row: { id: number; network: string; chainId: string }): number => {
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
    return row === null ? undefined : keep(row);
  };

  return {
    idOf,
    async ensure(chain) {
      const known = await idOf(chain);
      if (known !== undefined) return known;
      const { network, chainId } = chain;
      if (!isStorable(network) || !isStorable(chainId)) {
        throw new IndexerError("BAD_USER_INPUT", "The chain's name holds characters that no database takes.");
      }
      await guarded(() => prisma.chain.createMany({ data: [{ network, chainId }], skipDuplicates: true }));
      return keep(await guarded(() => prisma.chain.findUniqueOrThrow({ where: unique(chain) })));
    },
    async refOf(id) {
      const known = refs.get(id);
      if (known !== undefined) return known;
      const row = await guarded(() => prisma.chain.findUnique({ where: { id } }));
      if (row === null)
        throw new IndexerError("INTERNAL", `The database holds no chain of the number ${id}.`);
      keep(row);
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
          orderBy: { id: "asc" },
        }),
      );
      return rows.map(keep);
    },
  };
}

/** A name with other characters than the database can hold is no chain's name. */
function isStorable(text: string): boolean {
  return cleanText(text) === text;
}
