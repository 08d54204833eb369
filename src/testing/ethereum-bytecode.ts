// Bytecode of small contracts for tests, assembled here, so that tests need no compiler.

/** A log for a contract to emit: up to four topics of 32 bytes, and data, in hexadecimal. */
export interface PlannedLog {
  readonly topics: readonly string[];
  readonly data: string;
}

const push1 = (value: number): string => `60${hexByte(value)}`;
const push2 = (value: number): string => `61${value.toString(16).padStart(4, "0")}`;
const push32 = (word: string): string => `7f${digits(word).padStart(64, "0")}`;

/** Returns code that emits the logs in order and stops on each call. The contract keeps value that a call sends. */
export function emittingCode(logs: readonly PlannedLog[]): string {
  return `0x${logs.map(emitOne).join("")}00`;
}

/** Code that reverts on each call, without data. */
export const revertingCode = "0x60006000fd";

/** Returns code that emits the logs and reverts, so that the logs do not take effect. */
export function emittingThenReverting(logs: readonly PlannedLog[]): string {
  return `0x${logs.map(emitOne).join("")}60006000fd`;
}

/** Returns the input of a creation transaction for this code: a copier of 13 bytes, then the code. */
export function creationOf(code: string): string {
  const length = digits(code).length / 2;
  // PUSH2 length, DUP1, PUSH1 offset, PUSH1 0, CODECOPY, PUSH1 0, RETURN
  return `0x${push2(length)}80${push1(13)}${push1(0)}39${push1(0)}f300${digits(code)}`;
}

/** Returns a 32-byte word: an address or a number, padded on the left. */
export function word(value: string | bigint | number): string {
  return `0x${(typeof value === "string" ? digits(value) : value.toString(16)).padStart(64, "0")}`;
}

/** Returns the concatenation of 32-byte words. */
export function words(...values: readonly (string | bigint | number)[]): string {
  return `0x${values.map((value) => digits(word(value))).join("")}`;
}

function emitOne({ topics, data }: PlannedLog): string {
  const bytes = digits(data);
  const stores: string[] = [];
  for (let at = 0; at < bytes.length; at += 64) {
    // MSTORE of each 32 bytes, the last one padded on the right.
    stores.push(`${push32(bytes.slice(at, at + 64).padEnd(64, "0"))}${push2(at / 2)}52`);
  }
  const pushes = [...topics].reverse().map(push32).join("");
  return `${stores.join("")}${pushes}${push2(bytes.length / 2)}${push1(0)}a${topics.length}`;
}

function digits(hex: string): string {
  return hex.replace(/^0x/, "");
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
