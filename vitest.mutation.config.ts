import { defineConfig } from "vitest/config";
import base from "./vitest.config.js";

const folder = process.env["MUTATE"] ?? "{domain,lib,store,client,connectivity,chains}";

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: [`src/${folder}/**/*.test.ts`],
    // These start dist or a real node: a mutant in the sandbox never reaches them.
    exclude: ["**/*-anvil.test.ts", "**/migrations.test.ts", "**/faults.test.ts"],
    testTimeout: 15_000,
    reporters: ["default"],
  },
});
