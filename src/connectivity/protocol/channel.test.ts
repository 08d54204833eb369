import { expect, it } from "vitest";
import { createMemoryChannels } from "./channel.js";
import type { ManagerFrame } from "./frames.js";

const cancel = (at: number): ManagerFrame => ({ kind: "cancel", id: `${at}`, lease: "l" });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("lets a sender continue while fewer than 16 frames are unread, and again once they are read", async () => {
  const { manager, worker } = createMemoryChannels();
  let sent = 0;
  const sending = (async () => {
    for (let at = 0; at < 40; at += 1) {
      await manager.send(cancel(at));
      sent += 1;
    }
  })();
  await turn();
  expect(sent).toBe(15);
  const read: ManagerFrame[] = [];
  const reading = (async () => {
    for await (const frame of worker.frames) {
      read.push(frame);
      if (read.length === 40) worker.close();
    }
  })();
  await Promise.all([sending, reading]);
  expect(read).toEqual(Array.from({ length: 40 }, (_, at) => cancel(at)));
});

it.each(["manager", "worker"] as const)(
  "delivers the frames before the %s closes, then ends both sides and releases senders",
  async (side) => {
    const channels = createMemoryChannels();
    const { manager, worker } = channels;
    const waiting = Array.from({ length: 20 }, (_, at) => manager.send(cancel(at)));
    channels[side].close();
    await Promise.all(waiting);
    const frames: ManagerFrame[] = [];
    for await (const frame of worker.frames) frames.push(frame);
    expect(frames).toHaveLength(20);
    for await (const _ of manager.frames) throw new Error("The worker sent nothing.");
    await expect(manager.send(cancel(21))).rejects.toThrow("The stream is closed.");
    await expect(worker.send({ kind: "pong", id: "", features: [], draining: false })).rejects.toThrow(
      "The stream is closed.",
    );
  },
);
