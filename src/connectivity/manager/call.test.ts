// A call against random messages: it delivers whole heights in order, and ends at most once.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TaskFailure, type TaskResult } from "../../domain/task.js";
import { countingChain, createCountingChain } from "../../testing/counting-chain.js";
import { span } from "../../testing/manager-bench.js";
import { itemsOf } from "../../testing/scripted-worker.js";
import { createCall, type CallEnd } from "./call.js";
import { supportedFeatures, type FinalFrame, type PartFrame, type Item } from "../protocol/frames.js";

const chain = createCountingChain();
const [from, to] = [2, 6];
/** The items of a correct worker, and some beyond the request. */
const all = itemsOf(chain, from - 1, to + 1);

const item: fc.Arbitrary<Item> = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...all) },
  fc.constantFrom<Item>(
    { kind: "quarantine", height: 3, error: "odd" },
    { kind: "quarantine", height: 3, index: 0, error: "odd" },
    { kind: "balance", height: 3, balances: [] },
    { kind: "block", block: { ...chain.block(3), hash: "other" } },
    { kind: "block", block: { ...chain.block(3), chain: { network: "", chainId: "other" } } },
  ),
);
const anyPart = fc
  .tuple(fc.nat(4), fc.array(item, { maxLength: 8 }), fc.option(fc.nat(8)))
  .map(([order, items, cursor]): PartFrame => ({
    kind: "part",
    id: "i",
    order,
    items,
    bytes: 100,
    ...(cursor !== null && { cursor }),
  }));
const anyFinal = fc
  .tuple(
    fc.nat(4),
    fc.nat(4),
    fc.constantFrom("complete", "failed", "cancelled", "truncated" as const),
    fc.boolean(),
  )
  .map(([order, count, outcome, explained]): FinalFrame => ({
    kind: "final",
    id: "i",
    order,
    items: [],
    outcome,
    count,
    bytes: 10,
    ...(explained && { error: new TaskFailure("ill", "other-worker") }),
  }));
/** Slices of a correct response in order, so that some cases make progress. */
const correctParts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 }).map((sizes) => {
  const items = itemsOf(chain, from, to);
  return sizes.map((size, order): PartFrame => ({
    kind: "part",
    id: "i",
    order,
    items: items.splice(0, size),
    bytes: 100,
  }));
});
const frames = fc.oneof(
  fc.array(fc.oneof(anyPart, anyFinal), { maxLength: 8 }),
  fc
    .tuple(correctParts, fc.array(fc.oneof(anyPart, anyFinal), { maxLength: 3 }))
    .map(([right, odd]) => [...right, ...odd]),
);

describe.each([
  ["all features", supportedFeatures],
  ["no features", []],
])("a call with %s", (_, features) => {
  it("delivers only whole heights in order, and ends once, for 10,000 random sequences of messages", () => {
    fc.assert(
      fc.property(frames, (sent) => {
        const results: TaskResult[] = [];
        const ends: CallEnd[] = [];
        const call = createCall({
          request: { kind: "heights", chain: countingChain, range: { from, to } },
          id: "i",
          lease: "l",
          credit: 16,
          features,
          onDelivery(delivery) {
            expect(ends).toHaveLength(0);
            results.push(...delivery.results);
          },
          onEnd: (end) => ends.push(end),
          grant: () => undefined,
          onDropped: () => undefined,
        });
        for (const frame of sent) {
          if (frame.kind === "part") call.takePart(frame);
          else call.takeFinal(frame);
        }
        expect(ends.length).toBeLessThanOrEqual(1);
        const reached = results.flatMap((result) => {
          if (result.kind === "height") return [result.block.height];
          return result.kind === "quarantine" && result.index === undefined ? [result.height] : [];
        });
        expect(reached).toEqual(span(from, to).slice(0, reached.length));
        for (const result of results) {
          if (result.kind !== "height") continue;
          const { height, transactionCount } = result.block;
          expect(result.block.chain).toEqual(countingChain);
          const noted = results.flatMap((each) =>
            each.kind === "quarantine" && each.height === height && each.index !== undefined
              ? [each.index]
              : [],
          );
          const filled = new Set([...result.transactions.map(({ index }) => index), ...noted]);
          expect(filled.size).toBe(transactionCount);
          expect(new Set(result.transactions.map(({ hash }) => hash)).size).toBe(result.transactions.length);
        }
        if (ends[0]?.kind === "complete") expect(reached).toEqual(span(from, to));
      }),
      { numRuns: 10_000 },
    );
  });
});
