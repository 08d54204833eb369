// Queries of the dashboards and alerts in deploy/, and the metrics that they use.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { repository } from "./compose.js";

/** A PromQL query and where it is from. */
export interface DeployedQuery {
  readonly from: string;
  readonly expr: string;
  /** The labels that the legend shows. */
  readonly labels: readonly string[];
}

const panelSchema = z.object({
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  fieldConfig: z
    .object({
      defaults: z.object({ unit: z.string().optional() }),
      overrides: z.array(z.object({ properties: z.array(z.object({ id: z.string() })) })),
    })
    .optional(),
  targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
});
const dashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  templating: z.object({ list: z.array(z.object({ definition: z.string() })) }),
  panels: z.array(panelSchema),
});
const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({ alert: z.string(), expr: z.string(), annotations: z.record(z.string(), z.string()) }),
      ),
    }),
  ),
});

/** A dashboard of Grafana. */
export type Dashboard = z.output<typeof dashboardSchema>;

/** Reads the dashboards. */
export function readDashboards(): Dashboard[] {
  const folder = join(repository, "deploy/grafana/dashboards");
  return readdirSync(folder).map((name) =>
    dashboardSchema.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))),
  );
}

/** Returns the queries of all panels, with the given chain and window in place of Grafana's variables. */
export function dashboardQueries(chain: string, window: string): DeployedQuery[] {
  return readDashboards().flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      panel.targets.map(({ expr, legendFormat }) => ({
        from: `${title}: ${panel.title}`,
        labels: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label),
        expr: expr.replaceAll("$chain", chain).replaceAll("$__rate_interval", window),
      })),
    ),
  );
}

/** An alert of Prometheus. */
export interface DeployedAlert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Reads the alerts. */
export function readAlerts(): DeployedAlert[] {
  const text = readFileSync(join(repository, "deploy/prometheus/alerts.yml"), "utf8");
  return rulesSchema.parse(parse(text)).groups.flatMap(({ rules }) => rules);
}

const keywords = new Set(["by", "on", "and", "or", "unless", "bool", "Inf"]);

/** Returns the names of the metrics in a query: what is neither a function, a keyword, a label nor a text. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/\{[^}]*\}/g, "")
    .replace(/\[[^\]]*\]/g, "")
    .replace(/\b(by|on)\s*\([^)]*\)/g, "");
  const names = [...bare.matchAll(/[a-zA-Z_][\w:]*(?!\w*\s*\()/g)].map(([name]) => name);
  return names.filter((name) => !keywords.has(name));
}

/** Returns the names of the series that a text in Prometheus' format declares, also those without a sample. */
export function declaredMetrics(text: string): Set<string> {
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = "", type]) =>
    type === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => `${name}${suffix}`) : [name],
  );
  return new Set(names);
}

/** Returns the names of the series with a sample in a text in Prometheus' format. */
export function sampledMetrics(text: string): Set<string> {
  return new Set([...text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{.*\})? /gm)].map(([, name = ""]) => name));
}
