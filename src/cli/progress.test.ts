// Progress without a terminal: few lines, each complete; and on a terminal: a bar, with notes above it.
import { PassThrough } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { createManualClock } from "../testing/manual-clock.js";
import { createProgress } from "./progress.js";

/** A stream that collects what is written, as a terminal or not. */
function createStream(isTTY: boolean) {
  const stream = new PassThrough() as PassThrough & NodeJS.WriteStream;
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  Object.assign(stream, {
    isTTY,
    columns: 200,
    getWindowSize: () => [200, 50],
    cursorTo: () => true,
    moveCursor: () => true,
    clearLine: () => true,
    clearScreenDown: () => true,
  });
  return { stream, text: () => text };
}

describe("progress", () => {
  it("prints a line every 5 s and a last one where there is no terminal", async () => {
    const clock = createManualClock();
    const { stream, text } = createStream(false);
    const progress = createProgress({ total: 1_000, unit: "blocks", clock, stream });
    for (let done = 100; done <= 1_000; done += 100) {
      await clock.advance(1_000);
      progress.update(done, { detail: `in work ${done}` });
    }
    progress.note("a note");
    progress.stop();
    expect(text().split("\n")).toEqual([
      "50% · 500/1,000 blocks · 100 blocks/s · ETA 5s · in work 500",
      "100% · 1,000/1,000 blocks · 100 blocks/s · ETA 0s · in work 1000",
      "a note",
      "",
    ]);
  });

  it("uses the rate, the ETA and the total that it is given", () => {
    const { stream, text } = createStream(false);
    const progress = createProgress({ total: 1, unit: "blocks", clock: createManualClock(), stream });
    progress.update(5, { perSecond: 2.5, etaSeconds: 200, total: 10 });
    progress.stop();
    expect(text()).toBe("50% · 5/10 blocks · 2.5 blocks/s · ETA 3m 20s\n");
  });

  it("draws a bar on a terminal", async () => {
    vi.stubEnv("CI", "");
    vi.stubEnv("NO_COLOR", "");
    vi.stubEnv("TERM", "xterm");
    try {
      const { stream, text } = createStream(true);
      const progress = createProgress({ total: 4, unit: "blocks", clock: createManualClock(), stream });
      progress.update(2, { perSecond: 1, detail: "in work 3–4" });
      progress.note("an error");
      progress.stop();
      expect(text()).toContain("████████░░░░░░░░ 50% · 2/4 blocks · 1.0 blocks/s · ETA 2s · in work 3–4");
      expect(text()).toContain("an error\n");
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
