// What waits for the one who asked: deliveries in, parts out, their bytes on the manager's account.
// Imports only domain and this folder; never asks a worker.
import type { Height } from "../../domain/height.js";
import type { TaskResult } from "../../domain/task.js";
import type { Delivery } from "./call.js";
import { counts } from "../protocol/limits.js";
import type { Part } from "../port.js";

/** How far a task is. */
export interface Reached {
  /** The last whole height, and its block's hash where there is a block. */
  readonly cursor?: Height;
  readonly hash?: string;
  readonly heights: number;
}

/** Who sent a delivery, and how to let it send more. */
export interface Origin {
  readonly worker: string;
  grant(credit: number): void;
}

export interface PartStream {
  readonly parts: AsyncIterable<Part>;
  readonly waitingBytes: number;
  /** How far the consumer is; all that waits is beyond. */
  readonly taken: Reached;
  push(delivery: Delivery, origin: Origin, reached: Reached): void;
  /** Nothing more comes: the consumer gets what waits, then the end. */
  end(): void;
  /** Ends with an error after what waits, or at once. */
  fail(error: Error, atOnce: boolean): void;
  /** Drops what waits, as if it had never come. */
  drop(): void;
}

export interface PartStreamOptions {
  readonly taskId: string;
  /** The waiting bytes grew or shrank. */
  changed(by: number): void;
  /** The consumer waits and nothing is there. */
  hungry(): void;
  /** The consumer left before the end. */
  left(): void;
}

interface Waiting {
  readonly delivery: Delivery;
  readonly origin: Origin;
  readonly reached: Reached;
}

/** Creates the stream of one task's parts; iterated by one consumer. */
export function createPartStream({ taskId, changed, hungry, left }: PartStreamOptions): PartStream {
  let queue: Waiting[] = [];
  let waitingBytes = 0;
  let taken: Reached = { heights: 0 };
  let order = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  const count = (by: number): void => {
    waitingBytes += by;
    changed(by);
  };
  const drop = (): void => {
    queue = [];
    count(-waitingBytes);
  };
  const finish = (error: Error | undefined): void => {
    if (ended) return;
    ended = true;
    failure = error;
    wake?.();
  };

  /** Takes what waits from one asking, up to a batch: many small messages make one part. */
  const takeBatch = (first: Waiting): Waiting[] => {
    let [heights, transactions, end] = [0, 0, 0];
    for (const { origin, delivery } of queue) {
      heights += delivery.answers.length;
      transactions += transactionsIn(delivery.answers);
      const full = heights > counts.batchHeights || transactions > counts.batchTransactions;
      if (origin !== first.origin || (end > 0 && full)) break;
      end += 1;
    }
    return queue.splice(0, end);
  };

  const nextPart = (first: Waiting): Part => {
    const batch = takeBatch(first);
    const deliveries = batch.map(({ delivery }) => delivery);
    const cursor = deliveries.at(-1)?.cursor;
    const messages = deliveries.reduce((sum, each) => sum + each.messages, 0);
    taken = batch.at(-1)?.reached ?? taken;
    count(-deliveries.reduce((sum, each) => sum + each.bytes, 0));
    let acknowledged = false;
    return {
      taskId,
      order: order++,
      worker: first.origin.worker,
      results: deliveries.flatMap(({ answers }) => answers),
      ...(cursor !== undefined && { cursor }),
      acknowledge() {
        if (acknowledged) return;
        acknowledged = true;
        first.origin.grant(messages);
      },
    };
  };

  return {
    get waitingBytes() {
      return waitingBytes;
    },
    get taken() {
      return taken;
    },
    push(delivery, origin, reached) {
      queue.push({ delivery, origin, reached });
      count(delivery.bytes);
      wake?.();
    },
    end: () => finish(undefined),
    fail(error, atOnce) {
      if (atOnce) drop();
      finish(error);
    },
    drop,
    parts: {
      [Symbol.asyncIterator]: () => ({
        async next() {
          for (;;) {
            const [first] = queue;
            if (first !== undefined) return { done: false, value: nextPart(first) };
            if (failure !== undefined) throw failure;
            if (ended) return { done: true, value: undefined };
            hungry();
            await new Promise<void>((resolve) => (wake = resolve));
          }
        },
        return() {
          drop();
          left();
          finish(undefined);
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    },
  };
}

function transactionsIn(answers: readonly TaskResult[]): number {
  return answers.reduce((sum, each) => sum + (each.kind === "height" ? each.transactions.length : 1), 0);
}
