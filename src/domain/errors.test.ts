import { describe, expect, it } from "vitest";
import { IndexerError, toIndexerError, type ErrorFacts } from "./errors.js";

describe("IndexerError", () => {
  it("keeps its code, message, facts and cause", () => {
    const cause = new Error("below");
    const error = new IndexerError("NOT_FOUND", "No block 7.", { height: 7 }, { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "IndexerError", code: "NOT_FOUND", message: "No block 7." });
    expect(error.facts).toEqual({ height: 7 });
    expect(error.cause).toBe(cause);
  });

  it("has no facts and no cause by default", () => {
    const error = new IndexerError("NOT_FOUND", "No block 7.");
    expect(error.facts).toEqual({});
    expect(error.cause).toBeUndefined();
  });

  it.each<[IndexerError["code"], ErrorFacts, boolean]>([
    ["NOT_FOUND", {}, false],
    ["NOT_FOUND", { retryable: true }, true],
    ["NO_WORKER", {}, true],
    ["NO_WORKER", { retryable: false }, false],
    ["NO_WORKER", { retryable: "false" }, true],
    ["NOT_FOUND", { retryable: "true" }, false],
  ])(
    "takes retryable of %s with facts %j from the fact if it is a boolean, else from the table",
    (...given) => {
      const [code, facts, retryable] = given;
      expect(new IndexerError(code, "x", facts).retryable).toBe(retryable);
    },
  );
});

describe("toIndexerError", () => {
  it("returns an IndexerError unchanged", () => {
    const error = new IndexerError("CONFLICT", "Already running.");
    expect(toIndexerError(error)).toBe(error);
  });

  it.each([
    [new TypeError("broken"), "broken"],
    ["text", "text"],
    [undefined, "undefined"],
  ])("converts %s to INTERNAL with its message and the original as the cause", (original, message) => {
    const error = toIndexerError(original);
    expect(error).toBeInstanceOf(IndexerError);
    expect(error).toMatchObject({ code: "INTERNAL", message, facts: {}, retryable: false });
    expect(error.cause).toBe(original);
    expect(Object.hasOwn(error, "cause")).toBe(true);
  });
});
