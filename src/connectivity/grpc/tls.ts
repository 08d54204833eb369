// Mutual TLS of the stream: both sides show a certificate of the same authority.
// Imports only grpc-js; never reads a file.
import { credentials, ServerCredentials, type ChannelCredentials } from "@grpc/grpc-js";

/** PEM texts. */
export interface TlsFiles {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The manager's side; without files, plain text. */
export function clientCredentials(tls: TlsFiles | undefined): ChannelCredentials {
  return tls === undefined ? credentials.createInsecure() : credentials.createSsl(tls.ca, tls.key, tls.cert);
}

/** The worker's side; without files, plain text. */
export function serverCredentials(tls: TlsFiles | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(tls.ca, [{ cert_chain: tls.cert, private_key: tls.key }], true);
}
