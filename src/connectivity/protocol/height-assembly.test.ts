// Whole heights from pieces, against what was sent.
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

function takeAll(assembly: Assembly, pieces: readonly Item[]): TaskResult[] {
  return pieces.flatMap((piece) => {
    assembly.take(piece, 10);
    return [...assembly.takeComplete()];
  });
}

function heightsOf(answers: readonly TaskResult[]): number[] {
  return answers.flatMap((answer) => (answer.kind === "height" ? [answer.block.height] : []));
}

describe("heights of our peers", () => {
  it("become whole with their last transaction, and hold nothing afterwards", () => {
    const assembly = createAssembly(heights(1, 8), { legacy: false });
    const answers = takeAll(assembly, itemsOf(chain, 1, 8));
    expect(heightsOf(answers)).toEqual(span(1, 8));
    expect(assembly.cursor).toBe(8);
    expect(assembly.incompleteBytes).toBe(0);
    expect(assembly.finish()).toEqual([]);
  });

  it("are never whole in the middle", () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(20), fc.nat(200), (from, size, cut) => {
        const pieces = itemsOf(chain, from, from + size);
        const assembly = createAssembly(heights(from, from + size), { legacy: false });
        const answers = takeAll(assembly, pieces.slice(0, cut));
        for (const answer of answers) {
          if (answer.kind !== "height") throw new Error("Only heights were sent.");
          expect(answer.transactions).toHaveLength(answer.block.transactionCount);
        }
        expect(heightsOf(answers)).toEqual(span(from, from + size).slice(0, answers.length));
        if (cut < pieces.length) expect(() => assembly.finish()).toThrow(ProtocolViolation);
      }),
      { numRuns: 5_000 },
    );
  });

  it("are never passed on wrong, whatever is changed in what was sent", () => {
    const change = fc.record({ drop: fc.nat(30), swap: fc.nat(30), double: fc.nat(30) });
    fc.assert(
      fc.property(change, ({ drop, swap, double }) => {
        const pieces = itemsOf(chain, 1, 8);
        pieces.splice(drop, drop % 2);
        const [a, b] = [pieces[swap % pieces.length], pieces[(swap * 7) % pieces.length]];
        if (a !== undefined && b !== undefined && swap % 3 === 0) {
          pieces[swap % pieces.length] = b;
          pieces[(swap * 7) % pieces.length] = a;
        }
        const doubled = pieces[double % pieces.length];
        if (doubled !== undefined && double % 2 === 0) pieces.push(doubled);
        const assembly = createAssembly(heights(1, 8), { legacy: false });
        const answers: TaskResult[] = [];
        try {
          answers.push(...takeAll(assembly, pieces), ...assembly.finish());
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

  it("count a transaction that could not be decoded, and a height that could not", () => {
    const assembly = createAssembly(heights(3, 4), { legacy: false });
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

  it.each([0, 1, 2])("hold transaction %s and what was told of it before its block", (index) => {
    const [block, first, second, third] = itemsOf(chain, 3, 3);
    if (block === undefined || first === undefined || second === undefined || third === undefined)
      throw new Error("Height 3 has three.");
    const note: Item = { kind: "quarantine", height: 3, index, error: "odd" };
    const assembly = createAssembly(heights(3, 4), { legacy: false });
    const pieces = [note, block, first, second, third, ...itemsOf(chain, 4, 4)];
    expect(takeAll(assembly, pieces)).toMatchObject([
      { kind: "quarantine", height: 3, index },
      { kind: "height", transactions: [{ index: 0 }, { index: 1 }, { index: 2 }] },
      { kind: "height" },
    ]);
    expect(assembly.finish()).toEqual([]);
  });

  it("hold a transaction as often as their block does", () => {
    const [block, first, second, third] = itemsOf(chain, 3, 3);
    if (block === undefined || first?.kind !== "transaction" || second === undefined || third === undefined)
      throw new Error("Height 3 has three.");
    const again: Item = { ...first, transaction: { ...first.transaction, index: 1 } };
    const assembly = createAssembly(heights(3, 3), { legacy: false });
    expect(takeAll(assembly, [block, first, again, third])).toMatchObject([
      {
        kind: "height",
        transactions: [{ index: 0 }, { index: 1, hash: first.transaction.hash }, { index: 2 }],
      },
    ]);
  });

  it("of what is new begin after the known block, or where the worker begins, and keep to the limit", () => {
    const known = createAssembly(latest(10, 3), { legacy: false });
    expect(heightsOf(takeAll(known, itemsOf(chain, 11, 13)))).toEqual([11, 12, 13]);
    expect(known.take(itemsOf(chain, 16, 16)[0] ?? { kind: "partial" }, 1)).toBe("beyond_limit");
    const fresh = createAssembly(latest(undefined, 10), { legacy: false });
    expect(heightsOf(takeAll(fresh, itemsOf(chain, 20, 21)))).toEqual([20, 21]);
    expect(fresh.finish()).toEqual([]);
    const jumped = createAssembly(latest(10, 3), { legacy: false });
    expect(() => takeAll(jumped, itemsOf(chain, 12, 12))).toThrow("Height 12 came where 11 was due.");
    expect(createAssembly(latest(10, 3), { legacy: false }).finish()).toEqual([]);
  });
});

describe("heights of legacy peers", () => {
  it("come out whole and in order, in whatever order they went in, doubles or not", () => {
    const shuffled = fc.shuffledSubarray(itemsOf(chain, 1, 9), { minLength: itemsOf(chain, 1, 9).length });
    fc.assert(
      fc.property(shuffled, fc.array(fc.nat(), { maxLength: 5 }), (pieces, doubles) => {
        const sent = pieces.map(unplaced);
        for (const at of doubles) {
          const piece = sent[at % sent.length];
          if (piece !== undefined) sent.splice(at % 7, 0, piece);
        }
        const assembly = createAssembly(heights(1, 9), { legacy: true });
        const answers = [...takeAll(assembly, sent), ...assembly.finish()];
        expect(answers).toEqual(
          span(1, 9).map((height) => ({
            kind: "height",
            block: chain.block(height),
            transactions: span(0, (height % 4) - 1).map((at) => chain.transaction(height, at)),
          })),
        );
      }),
      { numRuns: 3_000 },
    );
  });

  it("that are outside of what was asked are left out", () => {
    const assembly = createAssembly(heights(3, 3), { legacy: true });
    expect(itemsOf(chain, 2, 2).map((piece) => assembly.take(piece, 1))).toEqual([
      "doubled",
      "doubled",
      "doubled",
    ]);
    expect(assembly.take({ kind: "block", block: chain.block(4) }, 1)).toBe("out_of_range");
  });

  it.each([
    [
      "two blocks of one height",
      [chain.block(3), { ...chain.block(3), hash: "other" }],
      "Two blocks of height 3",
    ],
    [
      "a block of another chain",
      [{ ...chain.block(3), chain: { network: "", chainId: "other" } }],
      "was asked",
    ],
  ])("are refused: %s", (_, blocks, message) => {
    const assembly = createAssembly(heights(3, 3), { legacy: true });
    expect(() =>
      takeAll(
        assembly,
        blocks.map((block) => ({ kind: "block", block })),
      ),
    ).toThrow(message);
  });

  it("say how far they jumped", () => {
    const assembly = createAssembly(latest(10, 5), { legacy: true });
    takeAll(assembly, itemsOf(chain, 400, 402));
    expect(() => assembly.finish()).toThrow(expect.objectContaining({ jumpedTo: 402 }) as Error);
  });
});

it("what is left of a request is what was not reached, and nothing at its end", () => {
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

/** Transactions as a peer sends them that knows no positions. */
function unplaced(piece: Item): Item {
  if (piece.kind !== "transaction") return piece;
  return { kind: "transaction", transaction: { ...piece.transaction, index: 0 }, unplaced: true };
}
