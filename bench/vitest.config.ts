import { defineConfig, mergeConfig } from "vitest/config";
import base from "../vitest.config.js";

const config = mergeConfig(
  base,
  defineConfig({ test: { testTimeout: 1_800_000, hookTimeout: 120_000, fileParallelism: false } }),
);
config.test.include = ["bench/*.bench.ts"];
export default config;
