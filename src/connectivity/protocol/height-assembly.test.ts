// Assembled heights against the items that were sent.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TaskResult, TaskRequest } from "../../domain/task.js";
import { countingChain, createCountingChain } from "../../testing/counting-chain.js";
import { span } from "../../testing/manager-bench.js";
import { itemsOf } from "../../testing/scripted-worker.js";
import { createAssembly, remainingRequest } from "./request-assembly.js";
import { ProtocolViolation, type Assembly } from "./assembly.js";
import type { Item } from "./frames.js";

const chain = createCountingChain();
const heights = (from: number, to: number): TaskRequest => ({
  kind: "heights",
  chain: countingChain,
  range: { from, to },
});
const latest = (after: number | undefined, limit: number): TaskRequest => ({
  kind: "latest",
  chain: countingChain,
  limit,
  ...(after !== undefined && { after: { height: after } }),
});

function takeAll(assembly: Assembly, items: readonly Item[]): TaskResult[] {
  return items.flatMap((item) => {
    assembly.take(item, 10);
    return [...assembly.takeComplete()];
  });
}

function heightsOf(answers: readonly TaskResult[]): number[] {
  return answers.flatMap((answer) => (answer.kind === "height" ? [answer.block.height] : []));
}

describe("assembled heights", () => {
  it("become complete with their last transaction, and keep no bytes afterwards", () => {
    const assembly = createAssembly(heights(1, 8));
    const answers = takeAll(assembly, itemsOf(chain, 1, 8));
    expect(heightsOf(answers)).toEqual(span(1, 8));
    expect(assembly.cursor).toBe(8);
    expect(assembly.incompleteBytes).toBe(0);
    expect(assembly.finish()).toEqual([]);
  });

  it("are never complete in the middle", () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(20), fc.nat(200), (from, size, cut) => {
        const items = itemsOf(chain, from, from + size);
        const assembly = createAssembly(heights(from, from + size));
        const answers = takeAll(assembly, items.slice(0, cut));
        for (const answer of answers) {
          if (answer.kind !== "height") throw new Error("Only heights were sent.");
          expect(answer.transactions).toHaveLength(answer.block.transactionCount);
        }
        expect(heightsOf(answers)).toEqual(span(from, from + size).slice(0, answers.length));
        if (cut < items.length) expect(() => assembly.finish()).toThrow(ProtocolViolation);
      }),
      { numRuns: 5_000 },
    );
  });

  it("are never wrong, for random changes of the items", () => {
    const change = fc.record({ drop: fc.nat(30), swap: fc.nat(30), double: fc.nat(30) });
    fc.assert(
      fc.property(change, ({ drop, swap, double }) => {
        const items = itemsOf(chain, 1, 8);
        items.splice(drop, drop % 2);
        const [a, b] = [items[swap % items.length], items[(swap * 7) % items.length]];
        if (a !== undefined && b !== undefined && swap % 3 === 0) {
          items[swap % items.length] = b;
          items[(swap * 7) % items.length] = a;
        }
        const doubled = items[double % items.length];
        if (doubled !== undefined && double % 2 === 0) items.push(doubled);
        const assembly = createAssembly(heights(1, 8));
        const answers: TaskResult[] = [];
        try {
          answers.push(...takeAll(assembly, items), ...assembly.finish());
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolViolation);
        }
        expect(heightsOf(answers)).toEqual(span(1, 8).slice(0, answers.length));
        for (const answer of answers) {
          if (answer.kind !== "height") throw new Error("Only heights were sent.");
          const { height } = answer.block;
          expect(answer.transactions).toEqual(
            span(0, (height % 4) - 1).map((at) => chain.transaction(height, at)),
          );
        }
      }),
      { numRuns: 10_000 },
    );
  });

  it("count a quarantined transaction and a quarantined height", () => {
    const assembly = createAssembly(heights(3, 4));
    const [block, first, , third] = itemsOf(chain, 3, 3);
    if (block === undefined || first === undefined || third === undefined)
      throw new Error("Height 3 has three.");
    const note: Item = { kind: "quarantine", height: 3, index: 1, error: "odd" };
    const answers = takeAll(assembly, [
      block,
      first,
      note,
      third,
      { kind: "quarantine", height: 4, error: "worse" },
    ]);
    expect(answers).toMatchObject([
      { kind: "quarantine", height: 3, index: 1 },
      { kind: "height", transactions: [{ index: 0 }, { index: 2 }] },
      { kind: "quarantine", height: 4 },
    ]);
    expect(assembly.finish()).toEqual([]);
  });

  it.each([0, 1, 2])("contain transaction %s and the quarantine item before its block", (index) => {
    const [block, first, second, third] = itemsOf(chain, 3, 3);
    if (block === undefined || first === undefined || second === undefined || third === undefined)
      throw new Error("Height 3 has three.");
    const note: Item = { kind: "quarantine", height: 3, index, error: "odd" };
    const assembly = createAssembly(heights(3, 4));
    const items = [note, block, first, second, third, ...itemsOf(chain, 4, 4)];
    expect(takeAll(assembly, items)).toMatchObject([
      { kind: "quarantine", height: 3, index },
      { kind: "height", transactions: [{ index: 0 }, { index: 1 }, { index: 2 }] },
      { kind: "height" },
    ]);
    expect(assembly.finish()).toEqual([]);
  });

  it("contain a transaction as often as their block", () => {
    const [block, first, second, third] = itemsOf(chain, 3, 3);
    if (block === undefined || first?.kind !== "transaction" || second === undefined || third === undefined)
      throw new Error("Height 3 has three.");
    const again: Item = { ...first, transaction: { ...first.transaction, index: 1 } };
    const assembly = createAssembly(heights(3, 3));
    expect(takeAll(assembly, [block, first, again, third])).toMatchObject([
      {
        kind: "height",
        transactions: [{ index: 0 }, { index: 1, hash: first.transaction.hash }, { index: 2 }],
      },
    ]);
  });

  it("of a request for the latest begin after the known block, or at the worker's choice, up to the limit", () => {
    const known = createAssembly(latest(10, 3));
    expect(heightsOf(takeAll(known, itemsOf(chain, 11, 13)))).toEqual([11, 12, 13]);
    expect(known.take({ kind: "block", block: chain.block(16) }, 1)).toBe("beyond_limit");
    const fresh = createAssembly(latest(undefined, 10));
    expect(heightsOf(takeAll(fresh, itemsOf(chain, 20, 21)))).toEqual([20, 21]);
    expect(fresh.finish()).toEqual([]);
    const jumped = createAssembly(latest(10, 3));
    expect(() => takeAll(jumped, itemsOf(chain, 12, 12))).toThrow(
      "Height 12 arrived, but height 11 was expected.",
    );
    expect(createAssembly(latest(10, 3)).finish()).toEqual([]);
  });
});

it("the remaining request has the heights after the cursor, and is undefined at the end", () => {
  expect(remainingRequest(heights(1, 9), { cursor: 4, heights: 4 })).toEqual(heights(5, 9));
  expect(remainingRequest(heights(1, 9), { cursor: 9, heights: 9 })).toBeUndefined();
  expect(remainingRequest(latest(undefined, 9), { cursor: 40, hash: "h", heights: 4 })).toEqual({
    kind: "latest",
    chain: countingChain,
    limit: 5,
    after: { height: 40, hash: "h" },
  });
  expect(remainingRequest(latest(3, 2), { cursor: 5, heights: 2 })).toBeUndefined();
});
