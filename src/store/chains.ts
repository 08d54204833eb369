// What is known of chains: their heads, and what following remembers.
import type { ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import { fromMillis } from "../domain/time.js";
import type { PrismaClient } from "../generated/prisma/client.js";
import type { ChainIds } from "./chain-ids.js";
import { guarded } from "./failures.js";
import type { ChainRecord, Store } from "./port.js";
import { arrayLiteral, type Database } from "./sql.js";

export interface ChainDeps {
  readonly database: Database;
  readonly prisma: PrismaClient;
  readonly chainIds: ChainIds;
}

interface ChainRow {
  readonly network: string;
  readonly chain_id: string;
  readonly network_height: bigint | null;
  readonly network_hash: string | null;
  readonly network_observed_ns: bigint | null;
  readonly follow_from: bigint | null;
  readonly first_height: bigint | null;
  readonly quarantined: bigint;
  readonly height: bigint | null;
  readonly hash: string | null;
  readonly parent_hash: string | null;
  readonly time_ns: bigint | null;
  readonly epoch: string | null;
  readonly proposer: string | null;
  readonly transaction_count: number | null;
}

/** First height and head are read off the blocks' primary key: as fast as remembering them, and never wrong. */
const select = `select c.network, c.chain_id, c.network_height, c.network_hash, c.network_observed_ns, c.follow_from,
    (select min(b.height) from block b where b.chain_id = c.id) as first_height,
    (select count(*) from quarantine q where q.chain_id = c.id) as quarantined,
    head.height, head.hash, head.parent_hash, head.time_ns, head.epoch, head.proposer, head.transaction_count
  from chain c left join lateral (
    select * from block b where b.chain_id = c.id order by b.height desc limit 1) head on true`;

export function createChains({
  database,
  prisma,
  chainIds,
}: ChainDeps): Pick<Store, "chains" | "chain" | "saveNetworkHead" | "startFollowing"> {
  const records = async (ids: readonly number[]): Promise<ChainRecord[]> => {
    if (ids.length === 0) return [];
    const rows = await database.query<ChainRow>({
      name: "chains",
      text: `${select} where c.id = any($1::int4[]) order by c.network, c.chain_id`,
      values: [arrayLiteral(ids)],
    });
    return rows.map(recordOf);
  };

  return {
    chains: async (network) => records(await chainIds.matching(network)),
    async chain(chain) {
      const id = await chainIds.idOf(chain);
      if (id === undefined) return null;
      const [record] = await records([id]);
      return record ?? null;
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

function recordOf(row: ChainRow): ChainRecord {
  const chain: ChainRef = { network: row.network, chainId: row.chain_id };
  const { height, hash, time_ns: time, network_height: networkHeight } = row;
  return {
    chain,
    quarantined: Number(row.quarantined),
    ...(row.first_height !== null && { firstHeight: Number(row.first_height) }),
    ...(row.follow_from !== null && { followFrom: Number(row.follow_from) }),
    ...(networkHeight !== null && {
      networkHead: {
        height: Number(networkHeight),
        observedAt: row.network_observed_ns ?? 0n,
        ...(row.network_hash !== null && { hash: row.network_hash }),
      },
    }),
    ...(height !== null &&
      hash !== null &&
      time !== null && {
        head: {
          chain,
          height: Number(height),
          hash,
          time,
          transactionCount: row.transaction_count ?? 0,
          ...(row.parent_hash !== null && { parentHash: row.parent_hash }),
          ...(row.epoch !== null && { epoch: row.epoch }),
          ...(row.proposer !== null && { proposer: row.proposer }),
        },
      }),
  };
}
