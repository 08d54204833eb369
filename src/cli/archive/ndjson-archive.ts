// An archive as NDJSON: one line of JSON for each whole height, readable on its own.
// Imports only domain and this folder.
// Never holds more than one height in memory.
import { createReadStream, createWriteStream } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { BlockData } from "../../domain/transaction.js";
import { ArchiveError, archiveHeight, restoreHeight } from "./archived-height.js";

/** Receives whole heights in ascending order per chain. */
export interface ArchiveWriter {
  write(data: BlockData): Promise<void>;
  /** Completes the archive; without it, the archive is not readable. */
  finish(): Promise<void>;
}

/** Standard input or output as a path. */
const standardStream = "-";

/** Creates a writer to a file, or to standard output for `-`. Replaces an existing file. */
export function writeNdjsonArchive(path: string): ArchiveWriter {
  const output: Writable = path === standardStream ? process.stdout : createWriteStream(path);
  let failure: Error | undefined;
  output.on("error", (error) => (failure = error));
  return {
    async write(data) {
      if (failure !== undefined) throw failure;
      const line = `${JSON.stringify(archiveHeight(data))}\n`;
      // A slow disk or pipe slows the export; its lines never pile up in memory.
      if (!output.write(line)) await drained(output);
    },
    async finish() {
      if (failure !== undefined) throw failure;
      if (path === standardStream) return;
      output.end();
      await finished(output);
    },
  };
}

/** Resolves when the stream accepts more, or will never accept more. */
async function drained(output: Writable): Promise<void> {
  const settled = new AbortController();
  const events = ["drain", "close"].map((name) => once(output, name, { signal: settled.signal }));
  for (const event of events) event.catch(() => {});
  await Promise.race(events);
  settled.abort();
}

/** Reads the heights of a file, or of standard input for `-`. Throws an ArchiveError that names the line. */
export async function* readNdjsonArchive(path: string): AsyncGenerator<BlockData> {
  const input: Readable = path === standardStream ? process.stdin : createReadStream(path);
  const lines = createInterface({ input, crlfDelay: Infinity });
  // readline does not forward errors of its input to the iteration.
  const failed = once(input, "error").then(([error]) => Promise.reject(error as Error));
  failed.catch(() => lines.close());
  let number = 0;
  try {
    for await (const line of lines) {
      number += 1;
      if (line.trim() === "") continue;
      yield restoreHeight(parseLine(line, number), `line ${number}`);
    }
  } finally {
    lines.close();
    input.destroy();
  }
  if (input.errored !== null) throw input.errored;
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new ArchiveError(`line ${number} is not JSON. The file may be cut off: export again.`, {
      cause: error,
    });
  }
}
