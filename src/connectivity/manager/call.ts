// One call of one task at one worker: checks its messages, and turns them into deliveries and exactly one end.
// Imports only domain and protocol; never does I/O.
import type { Height } from "../../domain/height.js";
import type { TaskResult, TaskFailure, TaskRequest } from "../../domain/task.js";
import { ProtocolViolation } from "../protocol/assembly.js";
import type { Feature, FinalFrame, PartFrame, Item } from "../protocol/frames.js";
import { sizes } from "../protocol/limits.js";
import { createAssembly } from "../protocol/request-assembly.js";

/** Complete results that arrived together. */
export interface Delivery {
  readonly results: readonly TaskResult[];
  /** The last complete height. */
  readonly cursor?: Height;
  /** The number of messages that carried it: the credit that its acknowledgement grants. */
  readonly messages: number;
  readonly bytes: number;
}

/** The end of a call. */
export type CallEnd =
  | { readonly kind: "complete" }
  /** The worker reported a failure. */
  | { readonly kind: "failed"; readonly failure: TaskFailure }
  /** The call ended early or violated the protocol. */
  | { readonly kind: "broken"; readonly reason: string }
  /** The session is over. */
  | { readonly kind: "lost"; readonly reason: string };

/** The state of one call. */
export interface Call {
  readonly id: string;
  readonly lease: string;
  readonly ended: boolean;
  /** Messages that the worker may still send; infinite without the feature `credit`. */
  readonly creditLeft: number;
  takePart(frame: PartFrame): void;
  takeFinal(frame: FinalFrame): void;
  end(end: CallEnd): void;
  addCredit(credit: number): void;
}

/** Settings and callbacks of a call. */
export interface CallContext {
  readonly request: TaskRequest;
  readonly id: string;
  readonly lease: string;
  readonly credit: number;
  /** The features that both sides support. */
  readonly features: readonly Feature[];
  onDelivery(delivery: Delivery): void;
  /** Called exactly once, last. */
  onEnd(end: CallEnd): void;
  /** Sends credit to the worker. */
  grant(credit: number): void;
  /** Counts a dropped message or item. */
  onDropped(reason: string): void;
}

/** Creates the state of one call. */
export function createCall(options: CallContext): Call {
  const { id, lease, features } = options;
  const assembly = createAssembly(options.request);
  let received = 0;
  let ended = false;
  let credit = features.includes("credit") ? options.credit : Infinity;

  const end = (how: CallEnd): void => {
    if (ended) return;
    ended = true;
    options.onEnd(how);
  };

  /** Whether a message has the next number. An earlier number is a duplicate; a later one ends the call. */
  const isNext = (order: number): boolean => {
    if (order === received) return true;
    if (order < received) options.onDropped("doubled");
    else end({ kind: "broken", reason: `Response ${order} arrived, but response ${received} was expected.` });
    return false;
  };

  const takeItems = (items: readonly Item[], bytes: number): void => {
    for (const item of items) {
      const dropReason = assembly.take(item, bytes / items.length);
      if (dropReason !== undefined) options.onDropped(dropReason);
    }
    if (assembly.incompleteBytes > sizes.call) {
      throw new ProtocolViolation(`One height is larger than ${sizes.call} bytes.`);
    }
  };

  const deliver = (results: readonly TaskResult[], messages: number, bytes: number): void => {
    const { cursor } = assembly;
    options.onDelivery({ results, messages, bytes, ...(cursor !== undefined && { cursor }) });
  };

  const endIfInvalid = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      end({ kind: "broken", reason: error.message });
    }
  };

  const checkCursor = (cursor: Height | undefined): void => {
    const complete = assembly.cursor;
    if (cursor === undefined || (complete !== undefined && cursor <= complete)) return;
    const actual =
      complete === undefined ? "no height is complete" : `the last complete height is ${complete}`;
    throw new ProtocolViolation(`The worker reports height ${cursor} as complete, but ${actual}.`);
  };

  return {
    id,
    lease,
    get ended() {
      return ended;
    },
    get creditLeft() {
      return credit;
    },
    takePart(frame) {
      if (ended || !isNext(frame.order)) return;
      received += 1;
      credit -= 1;
      endIfInvalid(() => {
        takeItems(frame.items, frame.bytes);
        const results = assembly.takeComplete();
        checkCursor(frame.cursor);
        if (results.length > 0) return deliver(results, 1, frame.bytes);
        // A height that is larger than its credit would never complete if credit waited for a commit.
        credit += 1;
        options.grant(1);
      });
    },
    takeFinal(frame) {
      if (ended || !isNext(frame.order)) return;
      const { outcome, error } = frame;
      if (outcome === "truncated") {
        const reason = error === undefined ? "." : `: ${error.message}`;
        return end({ kind: "broken", reason: `The worker ended early${reason}` });
      }
      if (outcome !== "complete") {
        if (error !== undefined) return end({ kind: "failed", failure: error });
        return end({ kind: "broken", reason: `The worker ended with '${outcome}' without a reason.` });
      }
      endIfInvalid(() => {
        takeItems(frame.items, frame.bytes);
        if (features.includes("count") && frame.count !== received) {
          throw new ProtocolViolation(
            `The worker counts ${frame.count ?? 0} responses; ${received} arrived.`,
          );
        }
        const results = [...assembly.takeComplete(), ...assembly.finish()];
        if (results.length > 0) deliver(results, 0, frame.bytes);
        end({ kind: "complete" });
      });
    },
    end,
    addCredit(more) {
      credit += more;
    },
  };
}
