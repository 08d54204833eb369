// What every assembly has in common: its interface, and how a wrong piece is refused.
// Imports only domain and this folder; never does I/O.
import { chainName, sameChain, type ChainRef } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import type { TaskResult } from "../../domain/task.js";
import type { Item } from "./frames.js";

/** What a worker sent does not fit what was asked, or what it said before. */
export class ProtocolViolation extends Error {
  override readonly name = "Mismatch";

  constructor(
    message: string,
    /** The newest height it showed, where a legacy peer jumped over heights to it. */
    readonly jumpedTo?: Height,
  ) {
    super(message);
  }
}

/** Gathers the pieces of one asking. */
export interface Assembly {
  /** Takes a piece; gives a short constant name where it was left out. Throws a Mismatch. */
  take(piece: Item, bytes: number): string | undefined;
  /** Answers that became whole since the last call, in order. */
  takeComplete(): readonly TaskResult[];
  /** The last height that is wholly there. */
  readonly cursor: Height | undefined;
  /** Bytes that wait for the rest of their height. */
  readonly incompleteBytes: number;
  /** The worker says that it is done: the last answers. Throws a Mismatch where something is missing. */
  finish(): readonly TaskResult[];
}

/** The value with the chain that was asked. Throws a Mismatch where it names another; a legacy peer may leave it out. */
export function ofChain<T extends { readonly chain: ChainRef }>(value: T, asked: ChainRef): T {
  if (sameChain(value.chain, asked)) return value;
  const { network, chainId } = value.chain;
  if ((chainId !== "" && chainId !== asked.chainId) || (network !== "" && network !== asked.network)) {
    throw new ProtocolViolation(`The worker answered for ${chainName(value.chain)}; ${chainName(asked)} was asked.`);
  }
  return { ...value, chain: asked };
}
