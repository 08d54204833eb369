// Announcements: one row per commit, numbered without gaps within each chain in commit order.
import { chainName, type ChainRef } from "../domain/chain.js";
import type { PrismaClient } from "../generated/prisma/client.js";
import { guarded } from "./failures.js";
import { readMultirange } from "./multirange.js";
import type { Announcement, Store } from "./port.js";
import { arrayLiteral, type Database } from "./sql.js";

interface SequenceRow {
  readonly network: string;
  readonly chain_id: string;
  readonly sequence: bigint;
}

interface AnnouncementRow extends SequenceRow {
  readonly heights: string;
}

/** Creates the reads of the outbox. */
export function createOutbox({
  database,
  prisma,
}: {
  readonly database: Database;
  readonly prisma: PrismaClient;
}): Pick<Store, "latestSequences" | "announcements" | "trimAnnouncements"> {
  return {
    async latestSequences() {
      const rows = await guarded(() =>
        prisma.chain.findMany({ select: { network: true, chainId: true, sequence: true } }),
      );
      return new Map(rows.map((row) => [chainName(row), row.sequence]));
    },
    async announcements(after, limit) {
      const names = [...after.keys()];
      const rows = await database.query<AnnouncementRow>({
        name: "announcements",
        text: `select c.network, c.chain_id, o.sequence, o.heights::text as heights
               from chain c
               left join unnest($1::text[], $2::int8[]) as seen (name, sequence) on seen.name = c.network || '/' || c.chain_id
               cross join lateral (
                 select sequence, heights from outbox
                 where outbox.chain_id = c.id and outbox.sequence > coalesce(seen.sequence, 0)
                 order by outbox.sequence limit $3) o
               where c.sequence > coalesce(seen.sequence, 0)
               order by c.id, o.sequence limit $3`,
        values: [arrayLiteral(names), arrayLiteral(names.map((name) => after.get(name) ?? 0n)), limit],
      });
      return rows.map((row): Announcement => ({
        chain: refOf(row),
        sequence: row.sequence,
        heights: readMultirange(row.heights),
      }));
    },
    async trimAnnouncements(olderThanSeconds) {
      await database.query({
        text: "delete from outbox where created_at < clock_timestamp() - make_interval(secs => $1)",
        values: [olderThanSeconds],
      });
    },
  };
}

function refOf({ network, chain_id: chainId }: SequenceRow): ChainRef {
  return { network, chainId };
}
