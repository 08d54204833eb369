// Chain records: heads, quarantine counts and the height from which a chain is followed.
import type { Block } from "../domain/block.js";
import type { Height } from "../domain/height.js";
import { fromMillis } from "../domain/time.js";
import type { Chain, PrismaClient } from "../generated/prisma/client.js";
import type { ChainIds } from "./chain-ids.js";
import type { StoredRow } from "./columns/table.js";
import { blockTable } from "./columns/tables.js";
import { guarded } from "./failures.js";
import type { ChainRecord, Store } from "./port.js";
import type { Database } from "./sql.js";

/** Dependencies of the chain records. */
export interface ChainDeps {
  readonly database: Database;
  readonly prisma: PrismaClient;
  readonly chainIds: ChainIds;
}

/** Creates the records of chains. */
export function createChains({
  database,
  prisma,
  chainIds,
}: ChainDeps): Pick<Store, "chains" | "chain" | "saveNetworkHead" | "startFollowing"> {
  /** Reads first height and head through the blocks' primary key: as fast as stored columns, and never stale. */
  const recordOf = async (row: Chain): Promise<ChainRecord> => {
    const [lowest, head, quarantined] = await Promise.all([
      guarded(() =>
        prisma.block.findFirst({
          where: { chainId: row.id },
          orderBy: { height: "asc" },
          select: { height: true },
        }),
      ),
      headOf(database, row),
      guarded(() => prisma.quarantine.count({ where: { chainId: row.id } })),
    ]);
    return {
      chain: { network: row.network, chainId: row.chainId },
      quarantined,
      ...(lowest !== null && { firstHeight: Number(lowest.height) }),
      ...(row.followFrom !== null && { followFrom: Number(row.followFrom) }),
      ...(row.networkHeight !== null && {
        networkHead: {
          height: Number(row.networkHeight),
          observedAt: row.networkObservedNs ?? 0n,
          ...(row.networkHash !== null && { hash: row.networkHash }),
        },
      }),
      ...(head !== undefined && { head }),
    };
  };

  return {
    async chains(network) {
      const ids = [...(await chainIds.matching(network))];
      const rows = await guarded(() =>
        prisma.chain.findMany({
          where: { id: { in: ids } },
          orderBy: [{ network: "asc" }, { chainId: "asc" }],
        }),
      );
      return Promise.all(rows.map(recordOf));
    },
    async chain(chain) {
      const id = await chainIds.idOf(chain);
      const row = id === undefined ? null : await guarded(() => prisma.chain.findUnique({ where: { id } }));
      return row === null ? null : recordOf(row);
    },
    async saveNetworkHead(chain, { height, hash }) {
      const id = await chainIds.ensure(chain);
      const networkObservedNs = fromMillis(Date.now());
      await guarded(() =>
        prisma.chain.update({
          where: { id },
          data: { networkHeight: BigInt(height), networkHash: hash ?? null, networkObservedNs },
          select: { id: true },
        }),
      );
    },
    async startFollowing(chain, from): Promise<Height> {
      const id = await chainIds.ensure(chain);
      await guarded(() =>
        prisma.chain.updateMany({ where: { id, followFrom: null }, data: { followFrom: BigInt(from) } }),
      );
      const row = await guarded(() =>
        prisma.chain.findUniqueOrThrow({ where: { id }, select: { followFrom: true } }),
      );
      return Number(row.followFrom ?? from);
    },
  };
}

async function headOf(database: Database, { id, network, chainId }: Chain): Promise<Block | undefined> {
  const [row] = await database.query<StoredRow>({
    name: "head",
    text: `select ${blockTable.selectList("b")} from block b where chain_id = $1 order by height desc limit 1`,
    values: [id],
  });
  return row === undefined ? undefined : blockTable.read({ network, chainId }, row);
}
