// Empty responses to state queries: accepted only from a node that has the state.
import { describe, expect, it } from "vitest";
import { TaskFailure } from "../../domain/task.js";
import { EndpointError } from "../endpoint-error.js";
import type { StateQuery } from "./node.js";
import { queryProvenState } from "./state-proof.js";

const signal = new AbortController().signal;
const query = {
  path: "/test.Query/List",
  request: new Uint8Array(),
  height: 20,
  decode: (bytes: Uint8Array) => [...bytes],
  isEmpty: (list: number[]) => list.length === 0,
};

/** A node that returns `list`, and whose state query of the auth module's parameters fails by `failure`. */
function nodeOf(
  list: Uint8Array | Error,
  failure: (height: number) => Error | undefined,
  head = 20,
): {
  query: (query: StateQuery) => Promise<Uint8Array>;
  status: () => Promise<{ chainId: string; head: { height: number } }>;
  heights: number[];
} {
  const heights: number[] = [];
  return {
    heights,
    query: ({ path, height }) => {
      if (path === query.path) return list instanceof Error ? Promise.reject(list) : Promise.resolve(list);
      heights.push(height);
      const error = failure(height);
      return error === undefined ? Promise.resolve(new Uint8Array()) : Promise.reject(error);
    },
    status: () => Promise.resolve({ chainId: "test-1", head: { height: head } }),
  };
}

const panic = new EndpointError("unavailable", "panic");
const lacking = (type: string): object => ({
  fault: "missing",
  details: { failure: { details: { type, height: 20 } } },
});

describe("an empty response", () => {
  it("needs no proof if it is not empty", async () => {
    const node = nodeOf(Uint8Array.of(7), () => panic);
    expect(await queryProvenState(node, query, signal)).toEqual([7]);
    expect(node.heights).toEqual([]);
  });

  it("is accepted if the node has the state", async () => {
    const node = nodeOf(new Uint8Array(), () => undefined);
    expect(await queryProvenState(node, query, signal)).toEqual([]);
    expect(node.heights).toEqual([20]);
  });

  it("also stands for an error of type not_found, and for no other error", async () => {
    const notFound = new TaskFailure("None.", "never", { type: "not_found" });
    expect(
      await queryProvenState(
        nodeOf(notFound, () => undefined),
        query,
        signal,
      ),
    ).toEqual([]);
    const invalid = new TaskFailure("Invalid.", "never", { type: "bad_request" });
    await expect(
      queryProvenState(
        nodeOf(invalid, () => undefined),
        query,
        signal,
      ),
    ).rejects.toBe(invalid);
  });

  it("is pruned if only older states than the newest are missing", async () => {
    const node = nodeOf(new Uint8Array(), (height) => (height === 20 ? panic : undefined), 21);
    await expect(queryProvenState(node, query, signal)).rejects.toMatchObject(lacking("pruned"));
    expect(node.heights).toEqual([20, 21]);
  });

  it("is not reached above the head; the state of the head itself must exist", async () => {
    const above = nodeOf(new Uint8Array(), () => panic, 19);
    await expect(queryProvenState(above, query, signal)).rejects.toMatchObject(lacking("height_not_reached"));
    const faulty = nodeOf(new Uint8Array(), () => panic, 20);
    await expect(queryProvenState(faulty, query, signal)).rejects.toBe(panic);
  });

  it("keeps faults that name their own reason", async () => {
    const limited = new EndpointError("rate-limited", "429");
    const node = nodeOf(new Uint8Array(), () => limited, 21);
    await expect(queryProvenState(node, query, signal)).rejects.toBe(limited);
    expect(node.heights).toEqual([20]);
  });
});
