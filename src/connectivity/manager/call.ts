// One asking of one task at one worker: its messages are checked here, and exactly one end comes of it.
// Imports only domain and this folder; never does I/O.
import type { ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import type { TaskResult, TaskFailure, TaskRequest } from "../../domain/task.js";
import { createAssembly } from "../protocol/request-assembly.js";
import { ProtocolViolation } from "../protocol/assembly.js";
import type { Feature, FinalFrame, PartFrame, Item } from "../protocol/frames.js";
import { sizes } from "../protocol/limits.js";

/** Whole answers, on their way to the caller. */
export interface Delivery {
  readonly answers: readonly TaskResult[];
  readonly cursor?: Height;
  /** Messages they came in: the credit that their acknowledgement is worth. */
  readonly messages: number;
  readonly bytes: number;
}

/** How an asking ended. */
export type AttemptEnd =
  | { readonly kind: "complete"; readonly head?: ChainHead }
  /** The worker said why. */
  | { readonly kind: "failed"; readonly failure: TaskFailure }
  /** Ended early, or against the protocol: to be asked again of another. */
  | { readonly kind: "broken"; readonly reason: string; readonly jumpedTo?: Height }
  /** The session is over. */
  | { readonly kind: "lost"; readonly reason: string };

/** Who hears of an asking. */
export interface AttemptSink {
  deliver(delivery: Delivery): void;
  /** Called once, last. */
  ended(end: AttemptEnd): void;
}

export interface Attempt {
  readonly request: TaskRequest;
  /** The id that the peer repeats. */
  readonly wireId: string;
  readonly lease: string;
  readonly ended: boolean;
  /** Responses that the worker may still send; infinite where the peer counts no credit. */
  readonly creditLeft: number;
  part(frame: PartFrame): void;
  final(frame: FinalFrame): void;
  end(end: AttemptEnd): void;
  /** Adds credit. */
  granted(credit: number): void;
}

export interface AttemptOptions {
  readonly request: TaskRequest;
  readonly wireId: string;
  readonly lease: string;
  readonly credit: number;
  /** What both sides have; empty for a legacy peer. */
  readonly features: readonly Feature[];
  readonly sink: AttemptSink;
  /** Sends credit at once for a message that made nothing whole. */
  grant(credit: number): void;
  dropped(reason: string): void;
}

/** Creates the state of one asking. */
export function createAttempt(options: AttemptOptions): Attempt {
  const { request, sink, features } = options;
  const legacy = features.length === 0;
  const assembly = createAssembly(request, { legacy });
  let expected = 0;
  let received = 0;
  let ended = false;
  let credit = features.includes("credit") ? options.credit : Infinity;

  const end = (how: AttemptEnd): void => {
    if (ended) return;
    ended = true;
    sink.ended(how);
  };

  const broken = (reason: string, jumpedTo?: Height): void => {
    end({ kind: "broken", reason, ...(jumpedTo !== undefined && { jumpedTo }) });
  };

  /** Whether a message is the next one. Legacy peers number with gaps and from 0 again: their data is checked instead. */
  const inOrder = (order: number): boolean => {
    if (legacy || order === expected) {
      expected += 1;
      return true;
    }
    if (order < expected) options.dropped("doubled");
    else broken(`Response ${order} came where ${expected} was due.`);
    return false;
  };

  const takeAll = (pieces: readonly Item[], bytes: number): void => {
    const share = pieces.length === 0 ? 0 : bytes / pieces.length;
    for (const piece of pieces) {
      const reason = assembly.take(piece, share);
      if (reason !== undefined) options.dropped(reason);
    }
    if (assembly.incompleteBytes > sizes.unfinished) {
      throw new ProtocolViolation(`One height is larger than ${sizes.unfinished} bytes.`);
    }
  };

  const deliver = (answers: readonly TaskResult[], messages: number, bytes: number): void => {
    const { cursor } = assembly;
    sink.deliver({ answers, messages, bytes, ...(cursor !== undefined && { cursor }) });
  };

  /** Runs a step; what does not fit ends the asking. */
  const guarded = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      broken(error.message, error.jumpedTo);
    }
  };

  const checkCursor = (cursor: Height | undefined): void => {
    if (cursor === undefined || (assembly.cursor !== undefined && cursor <= assembly.cursor)) return;
    throw new ProtocolViolation(`The worker says it sent height ${cursor} wholly, but ${lastWhole(assembly.cursor)}.`);
  };

  const complete = (frame: FinalFrame): void => {
    guarded(() => {
      takeAll(frame.items, frame.bytes);
      if (features.includes("count") && frame.count !== received) {
        throw new ProtocolViolation(`The worker counts ${frame.count ?? 0} responses; ${received} came.`);
      }
      const answers = [...assembly.takeComplete(), ...assembly.finish()];
      if (answers.length > 0) deliver(answers, 0, frame.bytes);
      end({ kind: "complete", ...(frame.head !== undefined && { head: frame.head }) });
    });
  };

  return {
    request,
    wireId: options.wireId,
    lease: options.lease,
    get ended() {
      return ended;
    },
    get creditLeft() {
      return credit;
    },
    part(frame) {
      if (ended || !inOrder(frame.order)) return;
      received += 1;
      credit -= 1;
      guarded(() => {
        takeAll(frame.items, frame.bytes);
        const answers = assembly.takeComplete();
        checkCursor(frame.cursor);
        if (answers.length > 0) {
          deliver(answers, 1, frame.bytes);
        } else {
          // A height larger than its credit would never become whole if credit waited for the commit.
          credit += 1;
          options.grant(1);
        }
      });
    },
    final(frame) {
      if (ended || !inOrder(frame.order)) return;
      switch (frame.outcome) {
        case "complete":
          return complete(frame);
        case "truncated":
          return broken("The worker ended early.");
        case "cancelled":
        case "failed":
          if (frame.error === undefined) return broken(`The worker ended ${frame.outcome} without a reason.`);
          return end({ kind: "failed", failure: frame.error });
      }
    },
    end,
    granted(more) {
      credit += more;
    },
  };
}

function lastWhole(cursor: Height | undefined): string {
  return cursor === undefined ? "no height is whole" : `${cursor} is the last that is whole`;
}
