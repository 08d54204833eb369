import { describe, expect, it } from "vitest";
import { formatAge, formatCount, formatRange, formatSeconds, formatTable } from "./output.js";

describe("tables", () => {
  const rows = [
    ["demo/demo-1", "5"],
    ["x", "1,000"],
  ];

  it("have lines on a terminal", () => {
    expect(formatTable(["chain", "head"], rows, { interactive: true, colors: false })).toBe(
      [
        "┌─────────────┬───────┐",
        "│ chain       │ head  │",
        "├─────────────┼───────┤",
        "│ demo/demo-1 │ 5     │",
        "│ x           │ 1,000 │",
        "└─────────────┴───────┘",
      ].join("\n"),
    );
  });

  it("are only aligned elsewhere", () => {
    expect(formatTable(["chain", "head"], rows, { interactive: false, colors: false })).toBe(
      ["chain        head", "demo/demo-1  5", "x            1,000"].join("\n"),
    );
  });
});

it.each([
  [0, "0s"],
  [59.6, "1m 0s"],
  [200, "3m 20s"],
  [7_500, "2h 5m"],
  [273_600, "3d 4h"],
  [-5, "0s"],
])("formats %d seconds as %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

it("formats counts, ranges and ages", () => {
  expect(formatCount(5_200_000n)).toBe("5,200,000");
  expect(formatRange({ from: 1, to: 5_200_000 })).toBe("1–5,200,000");
  expect(formatRange({ from: 7, to: 7 })).toBe("7");
  expect(formatAge(null, 0)).toBe("never");
  expect(formatAge("1970-01-01T00:00:10Z", 75_000)).toBe("1m 5s ago");
});
