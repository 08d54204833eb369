// Numbers that look random and follow from a seed, and hashes that say which height they belong to.
// Imports nothing. Not for secrets: cheap integer mixing, since a block is made in microseconds.

/** Numbers from one seed, in order. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  /** From 0 to 1, without 1. */
  unit(): number;
}

/** Mixes whole numbers of 32 bits into one (the finalizer of MurmurHash3). */
export function mix(...words: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const word of words) {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/** A generator (mulberry32) started from a seed. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value = (value + Math.imul(value ^ (value >>> 7), value | 61)) ^ value;
    return (value ^ (value >>> 14)) >>> 0;
  };
  return {
    below: (below) => Math.floor((next() / 4294967296) * below),
    unit: () => next() / 4294967296,
  };
}

/** What a hash stands for: a transaction, or a block at the index `blockIndex`. */
export interface HashedPlace {
  readonly height: number;
  readonly index: number;
  /** 0, or 1 for a block that replaced another. */
  readonly branch: number;
}

/** The index that stands for the block itself. */
export const blockIndex = 0xfffff;
const rounds = [0, 1, 2, 3];
const wordBits = 4294967296;

/** Hashes of 64 hexadecimal digits: the first 16 hide the place reversibly (a Feistel network), the rest follow from them. */
export function createHashes(seed: number): {
  hashOf(place: HashedPlace): string;
  /** The place of a hash that `hashOf` made with the same seed; nothing for any other text. */
  placeOf(hash: string): HashedPlace | undefined;
} {
  const hashOf = ({ height, index, branch }: HashedPlace): string => {
    let left = height % wordBits;
    let right = ((Math.floor(height / wordBits) << 21) | (index << 1) | branch) >>> 0;
    for (const round of rounds) [left, right] = [right, (left ^ mix(seed, round, right)) >>> 0];
    let hash = hex(left) + hex(right);
    for (let word = 0; word < 6; word += 1) hash += hex(mix(seed, left, right, word));
    return hash;
  };
  return {
    hashOf,
    placeOf(hash) {
      const text = hash.toLowerCase();
      if (!/^[0-9a-f]{64}$/.test(text)) return undefined;
      let left = Number.parseInt(text.slice(0, 8), 16);
      let right = Number.parseInt(text.slice(8, 16), 16);
      for (const round of rounds.toReversed()) [left, right] = [(right ^ mix(seed, round, left)) >>> 0, left];
      const place = {
        height: (right >>> 21) * wordBits + left,
        index: (right >>> 1) & blockIndex,
        branch: right & 1,
      };
      return hashOf(place) === text ? place : undefined;
    },
  };
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
