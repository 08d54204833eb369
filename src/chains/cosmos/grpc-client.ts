// Unary gRPC calls to one node. Maps gRPC errors to EndpointError and TaskFailure.
// Imports only grpc-js and endpoint-error; never knows the requested data.
import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import type { TaskFailure } from "../../domain/task.js";
import { EndpointError } from "../endpoint-error.js";
import { faultFromMessage, type RequestSubject } from "./node-faults.js";

/** A unary method: its path and the codecs of its request and response. */
export interface GrpcMethod<Request, Response> {
  readonly path: string;
  encode(request: Request): Uint8Array;
  decode(bytes: Uint8Array): Response;
}

/** Options of one call. */
export interface GrpcCall {
  readonly signal: AbortSignal;
  readonly subject: RequestSubject;
  /** The height whose state is subject. */
  readonly height?: number;
}

/** A gRPC client of one node. Calls reject with an EndpointError or a TaskFailure. */
export interface GrpcClient {
  call<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    options: GrpcCall,
  ): Promise<Response>;
  close(): void;
}

/** Rejects larger responses, so that a node cannot exhaust the memory. */
const maxResponseBytes = 256 * 1024 * 1024;
/** The SDK's name for the height of a query, in both directions (types/grpc, GRPCBlockHeightHeader). */
const heightHeader = "x-cosmos-block-height";

/** Parses an operator's gRPC address. TLS for `https://`, `grpcs://`, and port 443 without a scheme; the default port is 9090, 443 with TLS. */
export function grpcTarget(address: string): { readonly target: string; readonly secure: boolean } {
  const match = /^(?:(https?|grpcs?|tcp):\/\/)?(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/*$/i.exec(
    address.trim(),
  );
  const [, scheme = "", host, port] = match ?? [];
  if (host === undefined)
    throw new Error(`'${address}' is not a gRPC address: write host:port, or https://host:port for TLS.`);
  const secure = /^(https|grpcs)$/i.test(scheme) || (scheme === "" && port === "443");
  return { target: `${host}:${port ?? (secure ? "443" : "9090")}`, secure };
}

/** Creates a client. It connects on the first call. */
export function createGrpcClient(address: string): GrpcClient {
  const { target, secure } = grpcTarget(address);
  const client = new Client(target, secure ? credentials.createSsl() : credentials.createInsecure(), {
    "grpc.max_receive_message_length": maxResponseBytes,
    // Short backoff, so that the client reconnects soon after a node is back.
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 5_000,
  });

  return {
    call: (method, request, { signal, subject: subject, height }) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const metadata = new Metadata();
        if (height !== undefined) metadata.set(heightHeader, String(height));
        let returnedHeight: string | undefined;
        const call = client.makeUnaryRequest(
          method.path,
          (value: Parameters<typeof method.encode>[0]) => Buffer.from(method.encode(value)),
          // A slice of a Buffer is a Buffer: convert to a plain Uint8Array, as the RPC client returns.
          ({ buffer, byteOffset, length }) => method.decode(new Uint8Array(buffer, byteOffset, length)),
          request,
          metadata,
          (error, response) => {
            signal.removeEventListener("abort", cancel);
            if (error !== null) return reject(faultOf(error, subject));
            if (height !== undefined && returnedHeight !== undefined && returnedHeight !== String(height)) {
              const message = `it returned the state of height ${returnedHeight} instead of ${height}`;
              return reject(new EndpointError("unavailable", message));
            }
            if (response === undefined)
              return reject(new EndpointError("unavailable", "it returned an empty response"));
            resolve(response);
          },
        );
        const cancel = (): void => call.cancel();
        signal.addEventListener("abort", cancel, { once: true });
        call.on("metadata", (headers: Metadata) => {
          returnedHeight = headers.get(heightHeader)[0]?.toString();
        });
      }),
    close: () => client.close(),
  };
}

function faultOf(error: ServiceError, subject: RequestSubject): EndpointError | TaskFailure {
  // The library appends a note about name resolution even where it is empty.
  const message = (error.details === "" ? error.message : error.details).replace(
    /\.? Resolution note: ?$/,
    "",
  );
  const cause = { cause: error };
  switch (error.code) {
    case status.UNAVAILABLE:
      return new EndpointError("unavailable", `it cannot be reached: ${message}`, {}, cause);
    case status.DEADLINE_EXCEEDED:
    case status.CANCELLED:
      return new EndpointError("timeout", `it cancelled the call: ${message}`, {}, cause);
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return new EndpointError("refused", `it denies access: ${message}`, {}, cause);
    case status.RESOURCE_EXHAUSTED:
      return /larger than max|message size/i.test(message)
        ? new EndpointError("unavailable", `its response is too large: ${message}`, {}, cause)
        : new EndpointError("rate-limited", `it limits requests: ${message}`, {}, cause);
    case status.UNIMPLEMENTED:
      return unsupported(message, subject);
    default:
      return (
        faultFromMessage(message, subject) ??
        new EndpointError("unavailable", `it fails for ${subject.name}: ${message}`, {}, cause)
      );
  }
}

/** Thrown if a node does not implement the called service. */
export class UnsupportedService extends EndpointError {}

function unsupported(message: string, { name }: RequestSubject): EndpointError {
  return new UnsupportedService("missing", `it does not serve ${name} over gRPC: ${message}`);
}
