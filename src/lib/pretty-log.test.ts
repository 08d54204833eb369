// Log lines for people: one line an entry, with the reason and the next step; a stack only for a defect.
import { expect, it } from "vitest";
import { createLogger } from "./logger.js";
import { createPrettyDestination } from "./pretty-log.js";

function createBench(colors = false) {
  let text = "";
  const destination = createPrettyDestination({ write: (line) => void (text += line), colors });
  return { logger: createLogger({ level: "info", destination }), text: () => text };
}

it("writes the time, the level, the sentence, the reason, the next step and the other fields in one line", () => {
  const { logger, text } = createBench();
  logger.warn({ reason: "ECONNREFUSED.", nextStep: "Start it.", port: 5 }, "The node is not available.");
  expect(text()).toMatch(
    /^\[\d\d:\d\d:\d\d\] WARN: The node is not available\. ECONNREFUSED\. Start it\. \{"port":5\}\n$/,
  );
});

it("writes an expected error with its causes and without a stack, and a defect with its stack", () => {
  const { logger, text } = createBench();
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { syscall: "connect" });
  logger.warn({ error: refused }, "Reading failed.");
  expect(text()).toMatch(/WARN: Reading failed\. connect ECONNREFUSED\n$/);
  expect(text()).not.toContain("at ");
  logger.error({ error: new TypeError("broken") }, "An operation failed unexpectedly.");
  expect(text()).toMatch(/TypeError: broken\n +at .*pretty-log\.test/);
});

it("colours the level on request only", () => {
  const [plain, colored] = [createBench(), createBench(true)];
  for (const { logger } of [plain, colored]) logger.info("Ready.");
  expect(plain.text()).not.toContain("\u001b[");
  expect(colored.text()).toContain("\u001b[");
});
