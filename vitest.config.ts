import { defineConfig } from "vitest/config";

export default defineConfig({
  // Vite resolves graphql to ES modules while packages load its CommonJS: two instances reject each other's types.
  resolve: { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] },
  test: {
    include: ["src/**/*.test.ts", "bench/**/*.test.ts"],
    environment: "node",
    globalSetup: ["src/testing/global-setup.ts"],
    pool: "forks",
    // Longer than the limit of `until`, which names what a hanging test waits for.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    retry: 0,
    reporters: process.env["CI"] === "true" ? ["default", "./.ci/plain-reporter.mjs"] : ["default"],
  },
});
