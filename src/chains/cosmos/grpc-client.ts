// Unary gRPC calls to one node, with its errors in the words of endpoints.
// Imports only grpc-js and endpoint-error; never knows what is asked.
import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import type { TaskFailure } from "../../domain/task.js";
import { EndpointError } from "../endpoint-error.js";
import { faultOfWords, type Asked } from "./node-faults.js";

/** A unary method: its path and what it takes and gives, as cosmjs-types has them. */
export interface Method<Request, Response> {
  readonly path: string;
  encode(request: Request): Uint8Array;
  decode(bytes: Uint8Array): Response;
}

export interface GrpcCall {
  readonly signal: AbortSignal;
  readonly asked: Asked;
  /** The height whose state is asked. */
  readonly height?: number;
}

export interface GrpcClient {
  call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: GrpcCall,
  ): Promise<Response>;
  close(): void;
}

/** Larger answers are refused: a node must not be able to fill the memory. */
const maxAnswerBytes = 256 * 1024 * 1024;
/** The SDK's name for the height of a query, in both directions (types/grpc, GRPCBlockHeightHeader). */
const heightHeader = "x-cosmos-block-height";

/** `host:port` and whether it is TLS, of an address as operators write it. */
export function grpcTarget(address: string): { readonly target: string; readonly secure: boolean } {
  const match = /^(?:(https?|grpcs?|tcp):\/\/)?(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/*$/i.exec(
    address.trim(),
  );
  const [, scheme = "", host, port] = match ?? [];
  if (host === undefined)
    throw new Error(`'${address}' is no gRPC address: write host:port, or https://host:port for TLS.`);
  const secure = /^(https|grpcs)$/i.test(scheme) || (scheme === "" && port === "443");
  return { target: `${host}:${port ?? (secure ? "443" : "9090")}`, secure };
}

/** Creates a client; it connects with the first call. */
export function createGrpcClient(address: string): GrpcClient {
  const { target, secure } = grpcTarget(address);
  const client = new Client(target, secure ? credentials.createSsl() : credentials.createInsecure(), {
    "grpc.max_receive_message_length": maxAnswerBytes,
    // A node that was away is to be found again as soon as it is asked again.
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 5_000,
  });

  return {
    call: (method, request, { signal, asked, height }) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const metadata = new Metadata();
        if (height !== undefined) metadata.set(heightHeader, String(height));
        let answeredHeight: string | undefined;
        const call = client.makeUnaryRequest(
          method.path,
          (value: Parameters<typeof method.encode>[0]) => Buffer.from(method.encode(value)),
          // What is cut out of a Buffer is one as well: what goes on is plain bytes, from whichever source.
          ({ buffer, byteOffset, length }) => method.decode(new Uint8Array(buffer, byteOffset, length)),
          request,
          metadata,
          (error, response) => {
            signal.removeEventListener("abort", cancel);
            if (error !== null) return reject(faultOf(error, asked));
            if (height !== undefined && answeredHeight !== undefined && answeredHeight !== String(height)) {
              const words = `it answered for height ${answeredHeight} where ${height} was asked`;
              return reject(new EndpointError("unavailable", words));
            }
            if (response === undefined)
              return reject(new EndpointError("unavailable", "it answered nothing"));
            resolve(response);
          },
        );
        const cancel = (): void => call.cancel();
        signal.addEventListener("abort", cancel, { once: true });
        call.on("metadata", (headers: Metadata) => {
          answeredHeight = headers.get(heightHeader)[0]?.toString();
        });
      }),
    close: () => client.close(),
  };
}

function faultOf(error: ServiceError, asked: Asked): EndpointError | TaskFailure {
  const words = error.details === "" ? error.message : error.details;
  const cause = { cause: error };
  switch (error.code) {
    case status.UNAVAILABLE:
      return new EndpointError("unavailable", `it cannot be reached: ${words}`, {}, cause);
    case status.DEADLINE_EXCEEDED:
    case status.CANCELLED:
      return new EndpointError("timeout", `it gave up: ${words}`, {}, cause);
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return new EndpointError("refused", `it refuses us: ${words}`, {}, cause);
    case status.RESOURCE_EXHAUSTED:
      return /larger than max|message size/i.test(words)
        ? new EndpointError("unavailable", `its answer is too large: ${words}`, {}, cause)
        : new EndpointError("rate-limited", `it limits requests: ${words}`, {}, cause);
    case status.UNIMPLEMENTED:
      return unsupported(words, asked);
    default:
      return (
        faultOfWords(words, asked) ??
        new EndpointError("unavailable", `it fails for ${asked.what}: ${words}`, {}, cause)
      );
  }
}

/** A service that the node does not have. */
export class Unsupported extends EndpointError {}

function unsupported(words: string, { what }: Asked): EndpointError {
  return new Unsupported("missing", `it does not serve ${what} over gRPC: ${words}`);
}
