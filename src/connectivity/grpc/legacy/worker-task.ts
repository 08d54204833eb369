// One task at a worker of protocol version 0, as ordered frames with credit and count.
// Imports only domain, lib and connectivity/protocol; never reads or writes a stream.
import type { HeightRange } from "../../../domain/height.js";
import type { TaskFailure } from "../../../domain/task.js";
import type { Clock } from "../../../lib/clock.js";
import { ProtocolViolation } from "../../protocol/assembly.js";
import type { BudgetHolder, ByteBudget } from "../../protocol/byte-budget.js";
import type { Item, TaskFrame, WorkerFrame } from "../../protocol/frames.js";
import { isHeightItem } from "../../protocol/height-assembly.js";
import { counts, sizes, times } from "../../protocol/limits.js";
import { createHeightSorter, type HeightSorter, type SortedHeight } from "./height-sorter.js";
import type { LegacyItem } from "./legacy-responses.js";

/** The state of one task. */
export interface WorkerTask {
  /** The task as the session sent it. */
  readonly frame: TaskFrame;
  /** True after the last frame was emitted. */
  readonly done: boolean;
  takeItem(item: LegacyItem | undefined, bytes: number): void;
  /** The worker ended. Returns the heights that must be requested by their numbers before the task can end. */
  takeFinal(
    item: LegacyItem | undefined,
    failure: TaskFailure | undefined,
    bytes: number,
  ): HeightRange | undefined;
  /** Ends the call because of an invalid message; later messages of the worker are swallowed. */
  fail(reason: string, permanent: boolean): void;
  addCredit(credit: number): void;
  /** Ends the call at the session's request; later messages of the worker are swallowed until its final. */
  cancel(): void;
  /** Emits an empty part as a sign of life if the last frame is old and credit is left. */
  keepAlive(): void;
  /** Releases the buffered bytes. */
  dispose(): void;
}

/** Dependencies of a task. */
export interface WorkerTaskOptions {
  readonly frame: TaskFrame;
  readonly clock: Clock;
  readonly budget: ByteBudget;
  emit(frame: WorkerFrame): void;
}

/** Creates the state of a task that was sent to the worker. */
export function createWorkerTask({ frame, clock, budget, emit }: WorkerTaskOptions): WorkerTask {
  const { id, lease, request } = frame;
  let sorter: HeightSorter | undefined =
    request.kind === "heights" || request.kind === "latest" ? createHeightSorter(request) : undefined;
  /** Items of a request that is not for heights; they are sent with the final. */
  const items: Item[] = [];
  let itemBytes = 0;
  /** Complete heights that wait for credit. */
  let ready: SortedHeight[] = [];
  let readyBytes = 0;
  let credit = frame.credit;
  let order = 0;
  let lastFrameAt = clock.monotonic();
  /** The session does not wait for this task any more. */
  let abandoned = false;
  let workerEnded = false;
  let failure: TaskFailure | undefined;
  let done = false;

  const addReadyBytes = (by: number): void => {
    readyBytes += by;
    budget.changed(holder, by);
  };

  const emitPart = (partItems: readonly Item[], bytes: number): void => {
    lastFrameAt = clock.monotonic();
    emit({ kind: "part", id, lease, order, items: partItems, bytes });
    order += 1;
    credit -= 1;
  };

  const emitFinal = (): void => {
    done = true;
    const common = { kind: "final", id, lease, order, count: order, bytes: itemBytes } as const;
    if (failure === undefined) emit({ ...common, items, outcome: "complete" });
    else emit({ ...common, items: [], outcome: "failed", error: failure });
  };

  /** Removes the heights of the next part: at least one, at most a batch. */
  const takeReady = (): SortedHeight[] => {
    let [transactions, bytes] = [0, 0];
    let length = 0;
    for (const next of ready) {
      transactions += next.transactions;
      bytes += next.bytes;
      const full =
        transactions > counts.batchTransactions || bytes > sizes.batch || length >= counts.batchHeights;
      if (length > 0 && full) break;
      length += 1;
    }
    return ready.splice(0, length);
  };

  /** Emits what the credit allows, and the final after the last height. */
  const flush = (): void => {
    while (!abandoned && ready.length > 0 && credit > 0) {
      const heights = takeReady();
      const bytes = heights.reduce((sum, each) => sum + each.bytes, 0);
      emitPart(
        heights.flatMap((each) => each.items),
        bytes,
      );
      addReadyBytes(-bytes);
    }
    if (workerEnded && !done && ready.length === 0) emitFinal();
  };

  const addReady = (heights: readonly SortedHeight[]): void => {
    ready.push(...heights);
    addReadyBytes(heights.reduce((sum, each) => sum + each.bytes, 0));
  };

  const discard = (): void => {
    abandoned = true;
    ready = [];
    sorter = undefined;
    items.length = 0;
    addReadyBytes(-readyBytes);
  };

  const fail = (reason: string, permanent: boolean): void => {
    if (abandoned || done) return;
    discard();
    emit({ kind: "unreadable", id, lease, reason, permanent });
  };

  const holder: BudgetHolder = {
    get bufferedBytes() {
      return readyBytes;
    },
    drop: () => fail("The consumer is slow, and the manager's buffer is full.", false),
  };

  const add = ({ item, hasIndex }: LegacyItem, bytes: number): void => {
    if (sorter !== undefined) {
      if (isHeightItem(item)) sorter.take(item, hasIndex, bytes);
      addReady(sorter.takeComplete());
    } else {
      items.push(item);
      itemBytes += bytes;
    }
    if ((sorter?.bytes ?? itemBytes) > sizes.call) {
      throw new ProtocolViolation(`The worker sent ${sizes.call} bytes without a complete height.`);
    }
  };

  const failIfInvalid = <T>(step: () => T): T | undefined => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      fail(error.message, false);
      return undefined;
    }
  };

  const keepAlive = (): void => {
    if (abandoned || done || credit <= 0) return;
    if (clock.monotonic() - lastFrameAt >= times.ping) emitPart([], 0);
  };

  return {
    frame,
    get done() {
      return done;
    },
    takeItem(item, bytes) {
      // An empty part shows the session that the worker still executes the abandoned task.
      if (abandoned) return emit({ kind: "part", id, lease, order, items: [], bytes: 0 });
      failIfInvalid(() => {
        if (item !== undefined) add(item, bytes);
        flush();
        keepAlive();
      });
    },
    takeFinal(item, error, bytes) {
      const skipped = failIfInvalid(() => {
        if (abandoned) return undefined;
        if (item !== undefined) add(item, bytes);
        if (error !== undefined || sorter === undefined) return undefined;
        const rest = sorter.finish();
        addReady(rest.heights);
        return rest.skipped;
      });
      if (skipped !== undefined) {
        sorter = createHeightSorter({ kind: "heights", chain: request.chain, range: skipped });
        return skipped;
      }
      workerEnded = true;
      failure = error;
      flush();
      return undefined;
    },
    fail,
    addCredit(more) {
      credit += more;
      flush();
    },
    cancel() {
      discard();
      flush();
    },
    keepAlive,
    dispose: discard,
  };
}
