import { describe, expect, it } from "vitest";
import { IndexerError } from "../domain/errors.js";
import { databaseFailure, isEnded, sqlStateOf } from "./failures.js";

const withCode = (code: string): Error => Object.assign(new Error("driver message"), { code });
/** The shape in which Prisma wraps an error of its driver adapter. */
const wrapped = (state: string): Error =>
  Object.assign(new Error("Invalid invocation"), {
    code: "P2039",
    meta: { modelName: "Chain", driverAdapterError: { cause: { originalCode: state, code: state } } },
  });

describe("a database's failure", () => {
  it.each([
    ["53100", "OVERLOADED", true, /disk is full/],
    ["53200", "OVERLOADED", true, /out of resources/],
    ["53300", "OVERLOADED", true, /no connection left/],
    ["25006", "OVERLOADED", true, /read-only/],
    ["57P01", "OVERLOADED", true, /stopping or starting/],
    ["57P03", "OVERLOADED", true, /stopping or starting/],
    ["58030", "OVERLOADED", true, /storage failed/],
    ["08006", "OVERLOADED", true, /connection/],
    ["40P01", "OVERLOADED", true, /same heights/],
    ["55P03", "OVERLOADED", true, /grant a lock/],
    ["28P01", "OVERLOADED", false, /user or password/],
    ["3D000", "OVERLOADED", false, /does not exist/],
    ["57014", "TIMEOUT", true, /too long/],
    ["54001", "BAD_USER_INPUT", false, /more than the database can take/],
    ["42P01", "INTERNAL", false, /indexer db migrate/],
    ["22P02", "INTERNAL", false, /refused a statement/],
    ["ECONNREFUSED", "OVERLOADED", true, /cannot be reached/],
    ["EPIPE", "OVERLOADED", true, /cannot be reached/],
    ["P1001", "OVERLOADED", true, /cannot be reached/],
    ["P1017", "OVERLOADED", true, /cannot be reached/],
    ["P2024", "OVERLOADED", true, /cannot be reached/],
    ["ECONNRESET", "OVERLOADED", true, /cannot be reached/],
    ["ETIMEDOUT", "OVERLOADED", true, /cannot be reached/],
    ["ENOTFOUND", "OVERLOADED", true, /cannot be reached/],
    ["EAI_AGAIN", "OVERLOADED", true, /cannot be reached/],
  ])("%s is %s", (code, meaning, retryable, message) => {
    const failures = [withCode(code), new Error("outer", { cause: withCode(code) })];
    if (/^\d/.test(code)) failures.push(wrapped(code));
    for (const failure of failures) {
      const error = databaseFailure(failure);
      expect(error).toMatchObject({ code: meaning, retryable, cause: failure });
      expect(error.message).toMatch(message);
    }
  });

  it.each([
    [withCode("57P01"), true],
    [withCode("ECONNRESET"), true],
    [withCode("EPIPE"), true],
    [new Error("Connection terminated unexpectedly"), true],
    [
      new Error("outer", {
        cause: new Error("Client has encountered a connection error and is not queryable"),
      }),
      true,
    ],
    [withCode("57014"), false],
    [withCode("ECONNREFUSED"), false],
    [new Error("syntax error"), false],
  ])("%s: the connection has ended is %s", (failure, ended) => {
    expect(isEnded(failure)).toBe(ended);
  });

  it("that is an IndexerError is returned unchanged, and its SQLSTATE is found in the cause", () => {
    const ours = new IndexerError("OVERLOADED", "So.", {}, { cause: withCode("40001") });
    expect(databaseFailure(ours)).toBe(ours);
    expect(sqlStateOf(ours)).toBe("40001");
    expect(sqlStateOf(wrapped("40P01"))).toBe("40P01");
    expect(sqlStateOf(withCode("EPIPE"))).toBeUndefined();
    expect(sqlStateOf(withCode("P2002"))).toBeUndefined();
  });
});
