// Mutation testing: Stryker changes the code in small ways and lists each change that no test notices.
// One folder at a time, against the tests of that folder alone: `MUTATE=domain npm run test:mutation`.
// docs/mutation-testing.md summarises the last runs.
const folder = process.env.MUTATE ?? "{domain,lib,store,client,connectivity,chains}";

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutation.config.ts", related: false },
  mutate: [`src/${folder}/**/*.ts`, "!src/**/*.test.ts", "!src/**/*.suite.ts", "!src/**/port.ts"],
  // The wording of messages is not a rule that a test should hold letter by letter.
  mutator: { excludedMutations: ["StringLiteral"] },
  coverageAnalysis: "perTest",
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 20_000,
  reporters: ["clear-text", "progress", "json"],
  jsonReporter: { fileName: "node_modules/.cache/stryker/mutation.json" },
  // Vite skips everything below node_modules, so the sandbox cannot be there.
  tempDirName: ".stryker-tmp",
  ignorePatterns: ["dist", ".indexer", "bench"],
  thresholds: { high: 95, low: 90, break: 90 },
};
