// The interface of every assembly, and the error for an invalid item.
// Imports only domain and this folder; never does I/O.
import { chainName, sameChain, type ChainRef } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import type { TaskResult } from "../../domain/task.js";
import type { Item } from "./frames.js";

/** A message of a worker contradicts the request or an earlier message. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
}

/** Assembles the items of one call into results. */
export interface Assembly {
  /** Adds an item. Returns a short constant reason if the item is dropped. Throws a ProtocolViolation. */
  take(item: Item, bytes: number): string | undefined;
  /** Returns the results that became complete since the last call, in order. */
  takeComplete(): readonly TaskResult[];
  /** The last complete height. */
  readonly cursor: Height | undefined;
  /** Bytes of results that are not complete. */
  readonly incompleteBytes: number;
  /** Returns the last results after the worker ended. Throws a ProtocolViolation if something is missing. */
  finish(): readonly TaskResult[];
}

/**
 * Returns the value with the requested chain. Throws a ProtocolViolation if the value names another chain; an absent name
 * counts as the requested one.
 */
export function ofChain<T extends { readonly chain: ChainRef }>(value: T, requested: ChainRef): T {
  if (sameChain(value.chain, requested)) return value;
  const { network, chainId } = value.chain;
  if (
    (chainId !== "" && chainId !== requested.chainId) ||
    (network !== "" && network !== requested.network)
  ) {
    throw new ProtocolViolation(
      `The worker sent data of ${chainName(value.chain)}; ${chainName(requested)} was requested.`,
    );
  }
  return { ...value, chain: requested };
}
