// One asking against random messages: whatever comes, what goes on is whole and in order, and it ends at most once.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TaskFailure, type TaskResult } from "../../domain/task.js";
import { countingChain, createCountingChain } from "../../testing/counting-chain.js";
import { span } from "../../testing/manager-bench.js";
import { itemsOf } from "../../testing/scripted-worker.js";
import { createAttempt, type AttemptEnd } from "./call.js";
import { supportedFeatures, type FinalFrame, type PartFrame, type Item } from "../protocol/frames.js";

const chain = createCountingChain();
const [from, to] = [2, 6];
/** Everything that a right worker sends, and some of what it never would. */
const all = itemsOf(chain, from - 1, to + 1);

const piece: fc.Arbitrary<Item> = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...all) },
  fc.constantFrom<Item>(
    { kind: "partial" },
    { kind: "quarantine", height: 3, error: "odd" },
    { kind: "quarantine", height: 3, index: 0, error: "odd" },
    { kind: "balance", height: 3, balances: [] },
    { kind: "block", block: { ...chain.block(3), hash: "other" } },
    { kind: "block", block: { ...chain.block(3), chain: { network: "", chainId: "other" } } },
  ),
);
const anyPart = fc
  .tuple(fc.nat(4), fc.array(piece, { maxLength: 8 }), fc.option(fc.nat(8)))
  .map(([order, pieces, cursor]): PartFrame => ({
    kind: "part",
    id: "i",
    order,
    items: pieces,
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
/** Slices of a right answer, in order: so that some of the cases come far. */
const rightParts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 }).map((sizes) => {
  const pieces = itemsOf(chain, from, to);
  return sizes.map((size, order): PartFrame => ({
    kind: "part",
    id: "i",
    order,
    items: pieces.splice(0, size),
    bytes: 100,
  }));
});
const frames = fc.oneof(
  fc.array(fc.oneof(anyPart, anyFinal), { maxLength: 8 }),
  fc
    .tuple(rightParts, fc.array(fc.oneof(anyPart, anyFinal), { maxLength: 3 }))
    .map(([right, odd]) => [...right, ...odd]),
);

describe.each([
  ["our peers", supportedFeatures],
  ["legacy peers", []],
])("an asking of %s", (_, features) => {
  it("passes on whole heights only, in order, and ends once, whatever 10,000 workers send", () => {
    fc.assert(
      fc.property(frames, (sent) => {
        const answers: TaskResult[] = [];
        const ends: AttemptEnd[] = [];
        const attempt = createAttempt({
          request: { kind: "heights", chain: countingChain, range: { from, to } },
          wireId: "i",
          lease: "l",
          credit: 16,
          features,
          sink: {
            deliver(delivery) {
              expect(ends).toHaveLength(0);
              answers.push(...delivery.answers);
            },
            ended: (end) => ends.push(end),
          },
          grant: () => undefined,
          dropped: () => undefined,
        });
        for (const frame of sent) {
          if (frame.kind === "part") attempt.part(frame);
          else attempt.final(frame);
        }
        expect(ends.length).toBeLessThanOrEqual(1);
        const reached = answers.flatMap((answer) => {
          if (answer.kind === "height") return [answer.block.height];
          return answer.kind === "quarantine" && answer.index === undefined ? [answer.height] : [];
        });
        expect(reached).toEqual(span(from, to).slice(0, reached.length));
        for (const answer of answers) {
          if (answer.kind !== "height") continue;
          const { height, transactionCount } = answer.block;
          expect(answer.block.chain).toEqual(countingChain);
          const noted = answers.flatMap((each) =>
            each.kind === "quarantine" && each.height === height && each.index !== undefined
              ? [each.index]
              : [],
          );
          const filled = new Set([...answer.transactions.map(({ index }) => index), ...noted]);
          expect(filled.size).toBe(transactionCount);
          expect(new Set(answer.transactions.map(({ hash }) => hash)).size).toBe(answer.transactions.length);
        }
        if (ends[0]?.kind === "complete") expect(reached).toEqual(span(from, to));
      }),
      { numRuns: 10_000 },
    );
  });
});
