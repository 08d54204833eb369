// Mutual TLS of the stream: both sides present a certificate of the same authority.
// Imports only grpc-js; never reads a file.
import { credentials, ServerCredentials, type ChannelCredentials } from "@grpc/grpc-js";

/** The certificates and the key, as PEM texts. */
export interface TlsFiles {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Returns the manager's credentials; plain text without files. */
export function clientCredentials(tls: TlsFiles | undefined): ChannelCredentials {
  return tls === undefined ? credentials.createInsecure() : credentials.createSsl(tls.ca, tls.key, tls.cert);
}

/** Returns the worker's credentials; plain text without files. */
export function serverCredentials(tls: TlsFiles | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(tls.ca, [{ cert_chain: tls.cert, private_key: tls.key }], true);
}
