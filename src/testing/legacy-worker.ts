// A stand-in for a legacy worker on real gRPC: it knows fields 1 to 7, JSON and PING, but neither credit nor cancel.
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { IndexerServiceService } from "../generated/proto/indexer.js";
import {
  decodeLegacyRequest,
  encodeLegacyResponse,
  type LegacyRequest,
  type LegacyWireResponse,
} from "./legacy-wire.js";

/** Sends one response of a task; resolves when more may be sent. */
export type LegacySend = (response: Partial<LegacyWireResponse>) => Promise<void>;

/** Sends the responses of one task. */
export type LegacyHandler = (request: LegacyRequest, send: LegacySend) => Promise<void> | void;

/** A stand-in worker. */
export interface LegacyWorker {
  readonly address: string;
  readonly requests: readonly LegacyRequest[];
  close(): void;
}

type Call = ServerDuplexStream<Buffer, Buffer>;

/** Starts a worker that handles tasks by type. An unknown type fails as in legacy workers. */
export async function startLegacyWorker(
  handlers: Readonly<Record<string, LegacyHandler>>,
): Promise<LegacyWorker> {
  const requests: LegacyRequest[] = [];
  const server = new Server();
  const asIs = (bytes: Buffer): Buffer => bytes;
  server.addService(
    {
      taskRpc: {
        path: IndexerServiceService.taskRpc.path,
        requestStream: true,
        responseStream: true,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    {
      taskRpc(call: Call) {
        call.on("error", () => undefined);
        call.on("data", (bytes: Buffer) => {
          const request = decodeLegacyRequest(bytes);
          requests.push(request);
          const send: LegacySend = (response) => write(call, { ...empty, id: request.id, ...response });
          if (request.type === "PING") return void send({ type: "PONG" });
          const handler = handlers[request.type];
          if (handler !== undefined) return void handler(request, send);
          return void send({ error: `There is no such handler ${request.type}`, final: true });
        });
        call.on("end", () => call.end());
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, requests, close: () => server.forceShutdown() };
}

const empty: LegacyWireResponse = { id: "", type: "", order: 0, final: false, error: "", payload: "" };

function write(call: Call, response: LegacyWireResponse): Promise<void> {
  if (call.write(encodeLegacyResponse(response))) return Promise.resolve();
  return new Promise((resolve) => call.once("drain", resolve));
}
