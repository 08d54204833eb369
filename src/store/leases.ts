// Leases by name, by the database's clock. A lease that expired belongs to the next process that takes it.
// Imports only the SQL port, Prisma's client and its neighbours.
import type { PrismaClient } from "../generated/prisma/client.js";
import { cleanText } from "./clean-text.js";
import { guarded } from "./failures.js";
import type { LeaseStore } from "./schedule-port.js";
import type { Database } from "./sql.js";

/** Creates the records of leases. */
export function createLeases({
  database,
  prisma,
}: {
  readonly database: Database;
  readonly prisma: PrismaClient;
}): LeaseStore {
  return {
    async acquireLease(name, owner, ms) {
      const [row] = await database.query<{ readonly token: bigint }>({
        name: "acquire_lease",
        text: `insert into lease (name, owner, token, lease_until)
               values ($1, $2, nextval('lease_token'), clock_timestamp() + make_interval(secs => $3::float8))
               on conflict (name) do update
                 set owner = excluded.owner, token = excluded.token, lease_until = excluded.lease_until
                 where lease.lease_until <= clock_timestamp()
               returning token`,
        values: [cleanText(name), owner, ms / 1_000],
      });
      return row === undefined ? undefined : { name, token: row.token };
    },
    async renewLease({ name, token }, ms) {
      const rows = await database.query({
        text: `update lease set lease_until = clock_timestamp() + make_interval(secs => $3::float8)
               where name = $1 and token = $2 returning name`,
        values: [cleanText(name), token, ms / 1_000],
      });
      return rows.length > 0;
    },
    async releaseLease({ name, token }) {
      await guarded(() => prisma.lease.deleteMany({ where: { name: cleanText(name), token } }));
    },
  };
}
