// Undecodable data, stored with its error and bytes until its height is stored completely.
import type { Height } from "../domain/height.js";
import type { Quarantined } from "../domain/task.js";
import type { PrismaClient } from "../generated/prisma/client.js";
import type { ChainIds } from "./chain-ids.js";
import { cleanText } from "./clean-text.js";
import { guarded } from "./failures.js";
import type { Store } from "./port.js";
import { arrayLiteral, type SqlTransaction } from "./sql.js";

/** Index of a row that means its whole height. */
const wholeHeight = -1;

/** Creates the reads of quarantine. */
export function createQuarantine({
  prisma,
  chainIds,
}: {
  readonly prisma: PrismaClient;
  readonly chainIds: ChainIds;
}): Pick<Store, "quarantinedHeights"> {
  return {
    async quarantinedHeights(chain, after, limit) {
      const chainId = await chainIds.idOf(chain);
      if (chainId === undefined) return [];
      const rows = await guarded(() =>
        prisma.quarantine.groupBy({
          by: ["height"],
          where: { chainId, height: { gt: BigInt(after) } },
          orderBy: { height: "asc" },
          take: limit,
        }),
      );
      return rows.map(({ height }) => Number(height));
    },
  };
}

/** Deletes entries of heights that the batch stores completely, then upserts the batch's own entries. */
export async function updateQuarantine(
  sql: SqlTransaction,
  chainId: number,
  { whole, quarantined }: { readonly whole: readonly Height[]; readonly quarantined: readonly Quarantined[] },
): Promise<void> {
  if (whole.length > 0) {
    await sql.query({
      text: "delete from quarantine where chain_id = $1 and height = any($2::int8[])",
      values: [chainId, arrayLiteral(whole)],
    });
  }
  if (quarantined.length === 0) return;
  const unique = new Map(quarantined.map((each) => [`${each.height}/${each.index ?? wholeHeight}`, each]));
  const rows = [...unique.values()].sort((a, b) => a.height - b.height);
  await sql.query({
    text: `insert into quarantine (chain_id, height, "index", error, raw)
           select $1::int4, height, "index", error, decode(raw, 'hex')
           from unnest($2::int8[], $3::int4[], $4::text[], $5::text[]) as given (height, "index", error, raw)
           on conflict (chain_id, height, "index") do update set error = excluded.error, raw = excluded.raw`,
    values: [
      chainId,
      arrayLiteral(rows.map(({ height }) => height)),
      arrayLiteral(rows.map(({ index }) => index ?? wholeHeight)),
      arrayLiteral(rows.map(({ error }) => cleanText(error))),
      arrayLiteral(rows.map(({ raw }) => (raw === undefined ? null : Buffer.from(raw).toString("hex")))),
    ],
  });
}
