// Reads the files of mutual TLS at start.
import { readFileSync } from "node:fs";
import { ConfigError } from "./config.js";

/** PEM texts: the certificate authority of the peer, and the own certificate with its key. */
export interface TlsCredentials {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The configured paths. */
export interface TlsPaths {
  readonly tlsCa: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}

/** Reads the three files; undefined if no path is set. Throws a ConfigError if only some are set, or a file cannot be read. */
export function readTlsFiles({ tlsCa, tlsCert, tlsKey }: TlsPaths): TlsCredentials | undefined {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCa === undefined || tlsCert === undefined || tlsKey === undefined) {
    throw new ConfigError("TLS needs all three settings: TLS_CA, TLS_CERT and TLS_KEY.");
  }
  return { ca: read("TLS_CA", tlsCa), cert: read("TLS_CERT", tlsCert), key: read("TLS_KEY", tlsKey) };
}

function read(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError(`${name}: the file ${path} cannot be read.`, { cause: error });
  }
}
