import { expect, it } from "vitest";
import { logLevel } from "./process-settings.js";

it("accepts the log levels only, and logs at info by default", () => {
  const accepted = ["debug", "info", "warn", "error", "silent", "loud", "INFO", ""].filter(
    (text) => logLevel.schema.safeParse(text).success,
  );
  expect(accepted).toEqual(["debug", "info", "warn", "error", "silent"]);
  expect(logLevel).toMatchObject({ name: "LOG_LEVEL", fallback: "info" });
});
