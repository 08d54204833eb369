import { describe, expect, it } from "vitest";
import { IndexerError } from "../domain/errors.js";
import { TaskFailure } from "../domain/task.js";
import { createLogger, maskUrl, silentLogger } from "./logger.js";

/** A logger with the lines that it wrote. */
function createBench(level = "info") {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  return { logger: createLogger({ level, destination }), lines };
}

describe("a logger", () => {
  it("writes one JSON object with the level, the time, the sentence and the fields", () => {
    const { logger, lines } = createBench();
    logger.info({ height: 7 }, "A block is stored.");
    expect(lines).toEqual([
      {
        level: "info",
        time: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/) as string,
        height: 7,
        msg: "A block is stored.",
      },
    ]);
  });

  it("writes no line below its level", () => {
    const { logger, lines } = createBench("warn");
    logger.info("not written");
    logger.warn("written");
    expect(lines.map(({ msg }) => msg)).toEqual(["written"]);
  });

  it("writes the type, the message and the stack of an error", () => {
    const { logger, lines } = createBench();
    logger.error({ error: new TypeError("broken") }, "A request failed.");
    expect(lines[0]!["error"]).toMatchObject({
      type: "TypeError",
      message: "broken",
      stack: expect.stringContaining("logger.test") as string,
    });
  });

  it.each([
    new IndexerError("OVERLOADED", "The database cannot be reached.", {}, { cause: new Error("refused") }),
    new TaskFailure("No node responds.", "other-worker", {}, { cause: new Error("refused") }),
    Object.assign(new Error("connect", { cause: new Error("refused") }), { syscall: "connect" }),
  ])("writes no stack of an error that an operator can fix: %s", (error) => {
    const { logger, lines } = createBench();
    logger.warn({ error }, "It is retried.");
    expect(lines[0]!["error"]).toEqual({
      type: error.name,
      message: error.message,
      causes: ["refused"],
      ...("code" in error && { code: error.code }),
    });
  });

  it("writes the stack of an error whose code is INTERNAL", () => {
    const { logger, lines } = createBench();
    logger.warn({ error: new IndexerError("INTERNAL", "A defect.") }, "It failed.");
    expect(lines[0]!["error"]).toMatchObject({ stack: expect.stringContaining("A defect.") as string });
  });

  it("writes the messages of an aggregate of network errors", () => {
    const { logger, lines } = createBench();
    const refused = (host: string): Error =>
      Object.assign(new Error(`refused ${host}`), { syscall: "connect" });
    logger.warn({ error: new AggregateError([refused("::1"), refused("127.0.0.1")]) }, "It failed.");
    expect(lines[0]!["error"]).toEqual({ type: "AggregateError", message: "refused ::1; refused 127.0.0.1" });
  });

  it.each([
    { token: "secret" },
    { authorization: "secret" },
    { headers: { authorization: "secret" } },
    { worker: { token: "secret" } },
  ])("masks secrets: %j", (fields) => {
    const { logger, lines } = createBench();
    logger.info(fields, "x");
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  it("writes nothing at the level silent", () => {
    expect(silentLogger().level).toBe("silent");
  });
});

describe("maskUrl", () => {
  it.each([
    ["postgresql://root:secret@db:5432/x", "postgresql://***@db:5432/x"],
    ["postgresql://root@db/x", "postgresql://***@db/x"],
    ["postgresql://:secret@db/x", "postgresql://***@db/x"],
    ["https://node.example/rpc", "https://node.example/rpc"],
    ["not a URL", "not a URL"],
  ])("masks the credentials of %s", (url, masked) => {
    expect(maskUrl(url)).toBe(masked);
  });
});
