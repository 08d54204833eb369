// Error messages of real nodes, and the faults that they stand for.
import { describe, expect, it } from "vitest";
import { TaskFailure } from "../../domain/task.js";
import { EndpointError } from "../endpoint-error.js";
import { grpcTarget } from "./grpc-client.js";
import { faultFromMessage } from "./node-faults.js";

const iavl = (height: number, latest: number): string =>
  `codespace sdk code 18: invalid request: failed to load state at height ${height}; version mismatch on immutable IAVL tree; ` +
  `version does not exist. Version has either been pruned, or is for a future block height (latest height: ${latest})`;

describe("a node's message", () => {
  it.each([
    [
      "Internal error: height 105 must be less than or equal to the current blockchain height 104",
      "not_ready",
    ],
    [
      "Internal error: height 105 must be less than or equal to the current blockchain height 50",
      "height_not_reached",
    ],
    ["Internal error: height 105 is not available, lowest height is 1000", "pruned"],
    ["could not find results for height #105", "not_ready"],
    ["node is not persisting abci responses", "unsupported"],
    ["height 105 must be less than or equal to the current blockchain height 102", "not_ready"],
    ["height 105 must be less than or equal to the current blockchain height 101", "height_not_reached"],
    [iavl(105, 105), "pruned"],
    [iavl(105, 14_502_063), "pruned"],
    [iavl(105, 20), "height_not_reached"],
    [
      "cannot query with height in the future; please provide a valid height: invalid height",
      "height_not_reached",
    ],
    ["requested block height is bigger then the chain length", "height_not_reached"],
    ["transaction indexing is disabled", "unsupported"],
    ["tx (ABCD) not found, err: %!w(<nil>)", "not_found"],
    ["rpc error: code = NotFound desc = tx not found: ABCD: key not found", "not_found"],
  ])("'%s' is retried at another endpoint, as %s", (message, type) => {
    const fault = faultFromMessage(message, { name: "height 105", height: 105 });
    expect(fault).toBeInstanceOf(EndpointError);
    expect(fault).toMatchObject({
      fault: "missing",
      details: { failure: { retry: "other-worker", details: { type, height: 105 } } },
    });
  });

  it.each([
    "height must be greater than 0, but got 0",
    "decoding bech32 failed: invalid separator index -1",
    "rpc error: code = InvalidArgument desc = invalid address: empty address string is not allowed",
    "invalid Bech32 prefix; expected cosmos, got osmo",
  ])("'%s' is not retried", (message) => {
    const fault = faultFromMessage(message, { name: "it" });
    expect(fault).toBeInstanceOf(TaskFailure);
    expect(fault).toMatchObject({ retry: "never", details: { type: "bad_request" } });
  });

  it("is a rate limit, or undefined if it is unknown", () => {
    expect(faultFromMessage("rate limit exceeded", { name: "it" })).toMatchObject({ fault: "rate-limited" });
    expect(faultFromMessage("goroutine panic: runtime error", { name: "it" })).toBeUndefined();
  });
});

describe("a gRPC address", () => {
  it.each([
    ["localhost:9090", "localhost:9090", false],
    ["localhost", "localhost:9090", false],
    ["node.example:443", "node.example:443", true],
    ["https://node.example", "node.example:443", true],
    ["https://node.example:9090/", "node.example:9090", true],
    ["http://10.0.0.1:9090", "10.0.0.1:9090", false],
    ["grpc://10.0.0.1:9090", "10.0.0.1:9090", false],
    ["tcp://10.0.0.1:9090", "10.0.0.1:9090", false],
    ["[::1]:9090", "[::1]:9090", false],
  ])("%s has the target %s, with TLS: %s", (address, target, secure) => {
    expect(grpcTarget(address)).toEqual({ target, secure });
  });

  it.each(["", "://x", "a b:c:d"])("'%s' is rejected", (address) => {
    expect(() => grpcTarget(address)).toThrow(/host:port/);
  });
});

it("a failure has the first 300 characters of the first line of a node's message", () => {
  const fault = (length: number): string =>
    faultFromMessage(`rate limit ${"x".repeat(length - 11)}\nstack trace`, { name: "it" })?.message ?? "";
  expect(fault(300)).toBe(`it limits requests: rate limit ${"x".repeat(289)}`);
  expect(fault(301)).toBe(`it limits requests: rate limit ${"x".repeat(289)}…`);
});
