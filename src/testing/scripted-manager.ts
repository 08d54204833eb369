// A manager whose messages a test determines.
import { randomUUID } from "node:crypto";
import type { ManagerChannel } from "../connectivity/protocol/channel.js";
import type {
  FinalFrame,
  PartFrame,
  PongFrame,
  TaskFrame,
  WorkerFrame,
} from "../connectivity/protocol/frames.js";
import type { TaskRequest } from "../domain/task.js";
import { until } from "./until.js";

/** A task that the manager sent. */
export interface SentTask {
  readonly id: string;
  readonly lease: string;
  readonly parts: readonly PartFrame[];
  readonly finals: readonly FinalFrame[];
  readonly final: FinalFrame | undefined;
  /** The heights of the blocks that arrived. */
  readonly heights: readonly number[];
  finalFrame(): Promise<FinalFrame>;
  grant(credit: number): void;
  cancel(): void;
}

/** A scripted manager. */
export interface ScriptedManager {
  readonly channel: ManagerChannel;
  readonly frames: readonly WorkerFrame[];
  readonly pongs: readonly PongFrame[];
  /** Sends a PING; resolves with the PONG. */
  ping(features: readonly string[]): Promise<PongFrame>;
  start(request: TaskRequest, fields?: Partial<TaskFrame>): SentTask;
}

/** Starts a scripted manager on its end of a stream. */
export function startScriptedManager(channel: ManagerChannel): ScriptedManager {
  const frames: WorkerFrame[] = [];
  const read = async (): Promise<void> => {
    for await (const frame of channel.frames) frames.push(frame);
  };
  read().catch(() => undefined);
  const send = (frame: Parameters<ManagerChannel["send"]>[0]): void => {
    channel.send(frame).catch(() => undefined);
  };
  const pongs = (): PongFrame[] => frames.filter((frame) => frame.kind === "pong");

  return {
    channel,
    frames,
    get pongs() {
      return pongs();
    },
    async ping(features) {
      const id = randomUUID();
      send({ kind: "ping", id, features, maxMessageBytes: 16 * 1024 * 1024 });
      return until("a PONG", () => pongs().find((pong) => pong.id === id));
    },
    start(request, fields = {}) {
      const [id, lease] = [randomUUID(), randomUUID()];
      const own = <T extends WorkerFrame>(frame: T): boolean => "id" in frame && frame.id === id;
      const parts = (): PartFrame[] => frames.filter((frame) => frame.kind === "part").filter(own);
      const finals = (): FinalFrame[] => frames.filter((frame) => frame.kind === "final").filter(own);
      send({
        kind: "task",
        id,
        lease,
        attempt: 1,
        credit: 16,
        timeoutMs: 0,
        maxMessageBytes: 16 * 1024 * 1024,
        request,
        ...fields,
      });
      return {
        id,
        lease,
        get parts() {
          return parts();
        },
        get finals() {
          return finals();
        },
        get final() {
          return finals()[0];
        },
        get heights() {
          return parts().flatMap(({ items }) =>
            items.flatMap((item) => (item.kind === "block" ? [item.block.height] : [])),
          );
        },
        finalFrame: () => until("a final", () => finals()[0]),
        grant: (credit) => send({ kind: "credit", id, lease, credit }),
        cancel: () => send({ kind: "cancel", id, lease }),
      };
    },
  };
}
