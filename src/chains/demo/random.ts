// Pseudorandom numbers from a seed, and hashes that encode the height of their block or transaction.
// Imports nothing.
// Never use it for secrets: it is fast integer mixing without cryptographic strength.

/** A pseudorandom number generator. */
export interface Random {
  /** Returns a whole number from 0 to `below` - 1. */
  below(below: number): number;
  /** Returns a number in [0, 1). */
  unit(): number;
}

/** Mixes 32-bit integers into one (the finalizer of MurmurHash3). */
export function mix(...words: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const word of words) {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/** Creates a generator (mulberry32) from a seed. */
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

/** The content of a hash: the place of a transaction, or of a block if the index is `blockIndex`. */
export interface HashedPlace {
  readonly height: number;
  readonly index: number;
  /** 0, or 1 for a block that replaced another. */
  readonly branch: number;
}

/** The index of a place that is a block. */
export const blockIndex = 0xfffff;
const rounds = [0, 1, 2, 3];
const wordBits = 4294967296;

/** Creates hashes of 64 hexadecimal digits. The first 16 encrypt the place (a Feistel network), the others derive from them. */
export function createHashes(seed: number): {
  /** Returns the hash of a place. */
  hashOf(place: HashedPlace): string;
  /** Returns the place of a hash that `hashOf` created with the same seed; undefined for any other text. */
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
