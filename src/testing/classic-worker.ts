// A stand-in for a classic worker on real gRPC: it knows fields 1 to 7, JSON, PING and nothing of credit or cancel.
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { IndexerServiceService } from "../generated/proto/indexer.js";
import {
  decodeClassicRequest,
  encodeClassicResponse,
  type ClassicRequest,
  type ClassicResponse,
} from "./classic-wire.js";

/** Sends one response of a task; resolves when more may be sent. */
export type ClassicSend = (response: Partial<ClassicResponse>) => Promise<void>;

/** Answers one task, as its author likes. */
export type ClassicHandler = (request: ClassicRequest, send: ClassicSend) => Promise<void> | void;

export interface ClassicWorker {
  readonly address: string;
  readonly requests: readonly ClassicRequest[];
  close(): void;
}

type Call = ServerDuplexStream<Buffer, Buffer>;

/** Starts a worker that answers tasks by their type; an unknown one as classic workers do. */
export async function startClassicWorker(
  handlers: Readonly<Record<string, ClassicHandler>>,
): Promise<ClassicWorker> {
  const requests: ClassicRequest[] = [];
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
          const request = decodeClassicRequest(bytes);
          requests.push(request);
          const send: ClassicSend = (response) => write(call, { ...empty, id: request.id, ...response });
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

const empty: ClassicResponse = { id: "", type: "", order: 0, final: false, error: "", payload: "" };

function write(call: Call, response: ClassicResponse): Promise<void> {
  if (call.write(encodeClassicResponse(response))) return Promise.resolve();
  return new Promise((resolve) => call.once("drain", resolve));
}
