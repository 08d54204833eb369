// Counts the rows of a search: exactly if cheap or requested, otherwise by the planner's estimate.
import type { Count } from "../domain/search.js";
import type { Database, Statement } from "./sql.js";

/** In the planner's units, of which a small server does some hundred thousand a second. */
const cheapCost = 10_000;
/** Milliseconds that an exact count may take. */
const exactTimeoutMs = 20_000;

interface Plan {
  readonly rows: number;
  readonly cost: number;
}

/** Counts the rows of a statement. Throws TIMEOUT if an exact count exceeds its limit. */
export async function countRows(
  database: Database,
  { text, values = [] }: Statement,
  exact: boolean,
): Promise<Count> {
  if (!exact) {
    const [row] = await database.query<Record<string, unknown>>({
      text: `explain (format json) ${text}`,
      values,
    });
    const plan = planOf(row?.["QUERY PLAN"]);
    if (plan !== undefined && plan.cost > cheapCost)
      return { value: BigInt(Math.round(plan.rows)), exact: false };
  }
  const [counted] = await database.transaction(
    (sql) =>
      sql.query<{ value: bigint }>({ text: `select count(*) as value from (${text}) as found`, values }),
    { statementTimeoutMs: exactTimeoutMs },
  );
  return { value: counted?.value ?? 0n, exact: true };
}

/** Reads the root of an explained plan, which drivers give as text or parsed. */
function planOf(explained: unknown): Plan | undefined {
  const parsed: unknown = typeof explained === "string" ? JSON.parse(explained) : explained;
  const root: unknown = Array.isArray(parsed) ? parsed[0] : undefined;
  const plan = member(root, "Plan");
  const rows = member(plan, "Plan Rows");
  const cost = member(plan, "Total Cost");
  return typeof rows === "number" && typeof cost === "number" ? { rows, cost } : undefined;
}

function member(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined;
}
