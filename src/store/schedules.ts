// Schedules. One statement claims slots, by the database's clock: the clocks of the processes do not matter.
// Imports only domain, the SQL port, Prisma's client and its neighbours.
import { chainName } from "../domain/chain.js";
import { IndexerError } from "../domain/errors.js";
import type {
  Schedule,
  ScheduleDefinition,
  ScheduleKind,
  ScheduleLease,
  ScheduleOutcome,
} from "../domain/schedule.js";
import type { Prisma, PrismaClient } from "../generated/prisma/client.js";
import type { ChainIds } from "./chain-ids.js";
import { cleanText } from "./clean-text.js";
import { guarded } from "./failures.js";
import type { LeaseStore, ScheduleStore } from "./schedule-port.js";
import { millis, readScheduleRow, rowColumns, type ScheduleRow } from "./schedule-rows.js";
import { arrayLiteral, type Database } from "./sql.js";

/** Dependencies of the schedules. */
export interface ScheduleDeps {
  readonly database: Database;
  readonly prisma: PrismaClient;
  readonly chainIds: ChainIds;
}

interface ClaimedRow extends ScheduleRow {
  readonly claimed_slot: bigint;
  readonly claimed_token: bigint;
  readonly remaining_ms: bigint;
}

/** A claimed slot that begins later than this comes from a database clock that was set back: it does not block the schedule. */
const clockToleranceMs = 60_000;

/**
 * `present` is read once, so that all rows see the same moment. A row that another claim locks is skipped. A row that another
 * claim changed before is checked again in its new version. A row with a token and an expired lease is a slot whose owner
 * disappeared: the claim continues that slot, or takes the present one if it is over.
 */
const claimText = `
  with present as materialized (select ${millis("clock_timestamp()")} as ms),
  due as (
    select s.id, present.ms, present.ms / s.interval_ms as slot
    from schedule s cross join present
    where s.enabled and s.completed_at is null and ($2::int4[] is null or s.chain_id = any($2::int4[]))
      and (s.lease_until is null or s.lease_until <= clock_timestamp())
      and (s.slot is null or s.token is not null or s.slot < present.ms / s.interval_ms
        or s.slot * s.interval_ms > present.ms + ${clockToleranceMs})
    order by s.id for update of s skip locked)
  update schedule s set slot = due.slot, fired = s.fired + case when s.slot = due.slot then 0 else 1 end,
    missed = s.missed + greatest(due.slot - coalesce(s.slot, due.slot) - 1, 0),
    owner = $1, token = nextval('lease_token'), lease_until = clock_timestamp() + interval '15 s'
  from due where s.id = due.id
  returning ${rowColumns}, s.slot as claimed_slot, s.token as claimed_token,
    (due.slot + 1) * s.interval_ms - due.ms as remaining_ms`;

const nextText = `
  with present as materialized (select ${millis("clock_timestamp()")} as ms)
  select min(greatest(coalesce((s.slot + 1) * s.interval_ms, present.ms), ${millis("s.lease_until")})
      - present.ms) as ms
  from schedule s cross join present
  where s.enabled and s.completed_at is null and ($1::int4[] is null or s.chain_id = any($1::int4[]))`;

/** Creates the records of schedules. */
export function createSchedules({
  database,
  prisma,
  chainIds,
}: ScheduleDeps): Omit<ScheduleStore, keyof LeaseStore> {
  const scheduleOf = async (row: ScheduleRow): Promise<Schedule> =>
    readScheduleRow(row, await chainIds.refOf(row.chain_id));

  const byTaskId = async ({ taskId }: ScheduleDefinition): Promise<Schedule> => {
    const [row] = await database.query<ScheduleRow>({
      text: `select ${rowColumns} from schedule s where s.task_id = $1`,
      values: [taskId],
    });
    if (row !== undefined) return scheduleOf(row);
    throw new IndexerError(
      "CONFLICT",
      `Schedule ${taskId} was removed while it was saved. Save it again if it is still needed.`,
    );
  };

  const create = async (definition: ScheduleDefinition): Promise<DefinitionData> => {
    const data = dataOf(definition, await chainIds.ensure(definition.chain));
    await guarded(() => prisma.schedule.createMany({ data: [data], skipDuplicates: true }));
    return data;
  };

  return {
    async saveSchedule(definition) {
      const data = await create(definition);
      const { taskId } = definition;
      const { chainId, kind, fromHeight, toHeight, intervalMs, enabled } = data;
      const changed = [
        { chainId: { not: chainId } },
        { kind: { not: kind } },
        differs("fromHeight", fromHeight),
        differs("toHeight", toHeight),
      ];
      await guarded(() =>
        prisma.schedule.updateMany({
          where: { taskId, OR: changed },
          data: { ...data, ...restarted, ...withoutResult },
        }),
      );
      await guarded(() =>
        prisma.schedule.updateMany({
          where: { taskId, OR: [{ intervalMs: { not: intervalMs } }, { enabled: { not: enabled } }] },
          data: { ...data, ...restarted },
        }),
      );
      return byTaskId(definition);
    },
    async ensureSchedule(definition) {
      await create(definition);
      return byTaskId(definition);
    },
    async removeSchedule(id) {
      const key = readId(id);
      if (key === undefined) return false;
      const { count } = await guarded(() => prisma.schedule.deleteMany({ where: { id: key } }));
      return count > 0;
    },
    async schedule(id) {
      const key = readId(id);
      if (key === undefined) return null;
      const [row] = await database.query<ScheduleRow>({
        text: `select ${rowColumns} from schedule s where s.id = $1`,
        values: [key],
      });
      return row === undefined ? null : scheduleOf(row);
    },
    async schedules() {
      const rows = await database.query<ScheduleRow>({
        text: `select ${rowColumns} from schedule s order by s.task_id`,
      });
      return Promise.all(rows.map(scheduleOf));
    },

    async claimSlots(owner, chains) {
      const ids = chains === undefined ? null : await Promise.all(chains.map(chainIds.idOf));
      const known = ids === null ? null : arrayLiteral(ids.filter((id) => id !== undefined));
      const rows = await database.query<ClaimedRow>({
        name: "claim_slots",
        text: claimText,
        values: [owner, known],
      });
      const [next] = await database.query<{ readonly ms: bigint | null }>({
        name: "next_slot",
        text: nextText,
        values: [known],
      });
      const leases = await Promise.all(
        rows.map(async (row): Promise<ScheduleLease> => ({
          schedule: await scheduleOf(row),
          slot: row.claimed_slot,
          token: row.claimed_token,
          remainingMs: Number(row.remaining_ms),
        })),
      );
      const ms = next?.ms ?? null;
      return { leases, ...(ms !== null && { nextInMs: Math.max(0, Number(ms)) }) };
    },
    async renewSlot(lease, outcome) {
      const rows = await database.query({
        text: `update schedule set lease_until = clock_timestamp() + interval '15 s'${outcome === undefined ? "" : outcomeText}
               where id = $1 and token = $2 returning id`,
        values: [lease.schedule.id, lease.token, ...(outcome === undefined ? [] : outcomeValues(outcome))],
      });
      return rows.length > 0;
    },
    async endSlot(lease, { outcome, completed = false, retryInMs, interrupted = false } = {}) {
      const rows = await database.query({
        text: `update schedule set owner = null, token = case when $5::bool then nextval('lease_token') end,
                 lease_until = clock_timestamp() + make_interval(secs => $3::float8),
                 completed_at = case when $4::bool then clock_timestamp() end${outcome === undefined ? "" : outcomeTextAt(6)}
               where id = $1 and token = $2 returning id`,
        values: [
          lease.schedule.id,
          lease.token,
          retryInMs === undefined ? null : retryInMs / 1_000,
          completed,
          interrupted,
          ...(outcome === undefined ? [] : outcomeValues(outcome)),
        ],
      });
      return rows.length > 0;
    },
  };
}

/** The part of an update that stores an outcome. A failure keeps the height and hash that the schedule reached before. */
function outcomeTextAt(first: number): string {
  const [height, hash, error] = [`$${first}::int8`, `$${first + 1}::text`, `$${first + 2}::text`];
  return `, last_time = clock_timestamp(), error = ${error},
    last_height = coalesce(${height}, last_height),
    last_hash = case when ${height} is null then last_hash else ${hash} end,
    last_success = case when ${error} is null then clock_timestamp() else last_success end,
    retry_count = case when ${error} is null then 0 else retry_count + 1 end`;
}

const outcomeText = outcomeTextAt(3);

function outcomeValues({ height, hash, error }: ScheduleOutcome): readonly unknown[] {
  return [height ?? null, hash ?? null, error === undefined ? null : cleanText(error)];
}

/** Takes the slot in progress from its owner. */
const restarted = { slot: null, leaseUntil: null, owner: null, token: null } as const;
const withoutResult = {
  lastTime: null,
  lastHeight: null,
  lastHash: null,
  lastSuccess: null,
  retryCount: 0,
  error: null,
  completedAt: null,
} as const;

/** The columns of a definition. */
interface DefinitionData {
  readonly taskId: string;
  readonly chainId: number;
  readonly kind: ScheduleKind;
  readonly intervalMs: bigint;
  readonly enabled: boolean;
  readonly fromHeight: bigint | null;
  readonly toHeight: bigint | null;
}

function dataOf(definition: ScheduleDefinition, chainId: number): DefinitionData {
  const { taskId, kind, intervalMs, enabled, heights, chain } = definition;
  if (cleanText(taskId) !== taskId) {
    throw new IndexerError(
      "BAD_USER_INPUT",
      `The task id of a schedule of ${chainName(chain)} contains NUL characters or lone surrogates, which PostgreSQL cannot store. Remove them.`,
    );
  }
  return {
    taskId,
    chainId,
    kind,
    intervalMs: BigInt(intervalMs),
    enabled,
    fromHeight: heights === undefined ? null : BigInt(heights.from),
    toHeight: heights === undefined ? null : BigInt(heights.to),
  };
}

/** Matches rows whose column has another value; SQL's own comparison does not match rows without a value. */
function differs(column: "fromHeight" | "toHeight", value: bigint | null): Prisma.ScheduleWhereInput {
  return value === null
    ? { [column]: { not: null } }
    : { OR: [{ [column]: { not: value } }, { [column]: null }] };
}

function readId(id: string): bigint | undefined {
  return /^\d{1,18}$/.test(id) ? BigInt(id) : undefined;
}
