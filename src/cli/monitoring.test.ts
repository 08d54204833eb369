// Checks the alerts with Prometheus' own tool, and the layout of the dashboards.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "../testing/compose.js";
import { metricsIn, readAlerts, readDashboards } from "../testing/dashboards.js";
import { findProgram } from "../testing/programs.js";

const folder = join(repository, "deploy/prometheus");

describe("Prometheus", () => {
  const promtool = findProgram("promtool", "prometheus");
  it.skipIf(promtool === undefined).each([
    ["accepts the configuration", ["check", "config", "prometheus.yml"]],
    ["fires the alerts of the rules' tests", ["test", "rules", "alerts.test.yml"]],
  ])("%s", (_title, args) => {
    const { status, stdout, stderr } = spawnSync(promtool!, args, { cwd: folder, encoding: "utf8" });
    expect(status, `${stdout}${stderr}`).toBe(0);
    expect(stdout).toContain("SUCCESS");
  });

  it("has a test and a next step for every alert", () => {
    const tests = readFileSync(join(folder, "alerts.test.yml"), "utf8");
    for (const { alert, annotations } of readAlerts()) {
      expect(tests, alert).toContain(`alertname="${alert}"`);
      expect(annotations["summary"], alert).toMatch(/\.$/);
      expect(annotations["description"], alert).toMatch(/\.$/);
    }
  });
});

describe("Grafana", () => {
  it.each(readDashboards())("lays out readable panels: $title", ({ panels }) => {
    for (const [at, panel] of panels.entries()) {
      const { x, y, w, h } = panel.gridPos;
      expect(x + w, panel.title).toBeLessThanOrEqual(24);
      const overlapping = panels.slice(at + 1).filter(({ gridPos: other }) => {
        const columns = x < other.x + other.w && other.x < x + w;
        return columns && y < other.y + other.h && other.y < y + h;
      });
      expect(
        overlapping.map(({ title }) => title),
        panel.title,
      ).toEqual([]);
      if (panel.type === "row") continue;
      expect(panel.description, panel.title).toMatch(/\.$/);
      const { defaults, overrides = [] } = panel.fieldConfig ?? {};
      const units = overrides.flatMap(({ properties }) => properties).filter(({ id }) => id === "unit");
      expect(defaults?.unit ?? units[0]?.id, panel.title).toBeDefined();
    }
  });

  it("would report a metric that no process has", () => {
    const expr = `sum by (chain) (rate(indexer_x_total{chain="a b"}[1m])) / on (chain) max by (chain) (y) > +Inf or vector(0)`;
    expect(metricsIn(expr)).toEqual(["indexer_x_total", "y"]);
  });
});
