// The files of mutual TLS, read at start.
import { readFileSync } from "node:fs";
import { ConfigError } from "./config.js";

/** PEM texts: the authority of the other side, and this side's certificate with its key. */
export interface TlsCredentials {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Paths as configured. */
export interface TlsPaths {
  readonly tlsCa: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}

/** Reads the three files; nothing where none is named. Throws a ConfigError where only some are, or one cannot be read. */
export function readTlsFiles({ tlsCa, tlsCert, tlsKey }: TlsPaths): TlsCredentials | undefined {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCa === undefined || tlsCert === undefined || tlsKey === undefined) {
    throw new ConfigError("TLS needs all three: TLS_CA, TLS_CERT and TLS_KEY.");
  }
  return { ca: read("TLS_CA", tlsCa), cert: read("TLS_CERT", tlsCert), key: read("TLS_KEY", tlsKey) };
}

function read(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError(`${name} names ${path}, which cannot be read.`, { cause: error });
  }
}
