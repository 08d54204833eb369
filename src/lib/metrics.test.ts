import { getHeapStatistics } from "node:v8";
import { expect, it } from "vitest";
import { Counter, createMetrics } from "./metrics.js";

it("creates an independent registry without the metrics of Node.js", async () => {
  const [one, two] = [createMetrics({ processMetrics: false }), createMetrics({ processMetrics: false })];
  new Counter({ name: "indexer_x_total", help: "x", registers: [one] }).inc(2);
  expect(await one.metrics()).toContain("indexer_x_total 2");
  expect(await two.getMetricsAsJSON()).toEqual([]);
});

it("adds the metrics of Node.js to the registry", async () => {
  const metrics = createMetrics({ processMetrics: true });
  expect(await metrics.metrics()).toContain("nodejs_eventloop_lag_seconds");
  const [, limit] = /^indexer_heap_limit_bytes (\S+)$/m.exec(await metrics.metrics()) ?? [];
  expect(Number(limit)).toBe(getHeapStatistics().heap_size_limit);
});
