// The worker's gRPC server: streams of any number of managers, health, drain.
// Imports only domain, lib, grpc-js and connectivity; never reads a chain.
import {
  logVerbosity,
  Server,
  setLogVerbosity,
  status,
  type Metadata,
  type ServerDuplexStream,
} from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import type { ChainRef } from "../../domain/chain.js";
import { listenFailure } from "../../lib/listen-failure.js";
import type { Logger } from "../../lib/logger.js";
import { IndexerServiceService } from "../../generated/proto/indexer.js";
import type { WorkerChannel } from "../protocol/channel.js";
import { sizes } from "../protocol/limits.js";
import type { WorkerSessionServer } from "../worker/session-server.js";
import { isProof, metadataKeys } from "./proof.js";
import { rawBytes, createWorkerStream } from "./stream.js";
import { serverCredentials, type TlsFiles } from "./tls.js";

/** A running server. */
export interface GrpcWorkerServer {
  /** The port that the server listens on. */
  readonly port: number;
  /** Reports NOT_SERVING, waits `graceMs` for running tasks, cancels the rest, then stops the server. */
  drain(graceMs?: number): Promise<void>;
  /** Stops at once. */
  close(): void;
}

/** Settings of the server. */
export interface GrpcWorkerServerOptions {
  readonly sessionServer: WorkerSessionServer;
  readonly chain: ChainRef;
  readonly workerId: string;
  /** `host:port` to listen on; port 0 selects a free port. */
  readonly listen: string;
  /** The shared secret; managers without it are refused. */
  readonly token?: string;
  readonly tls?: TlsFiles;
  readonly logger: Logger;
}

type Call = ServerDuplexStream<Buffer, Buffer>;

const serviceName = "indexer.IndexerService";
/** Milliseconds for the last messages to be sent. */
const flushMs = 1_000;

/** Starts the server. Rejects if the port is in use. */
export async function startGrpcWorkerServer(options: GrpcWorkerServerOptions): Promise<GrpcWorkerServer> {
  const { sessionServer: responder, chain, workerId, logger } = options;
  const channels = new Set<WorkerChannel>();
  const health = new HealthImplementation({ "": "SERVING", [serviceName]: "SERVING" });
  const server = new Server({
    "grpc.max_receive_message_length": sizes.message,
    "grpc.max_send_message_length": -1,
  });

  const serve = async (call: Call): Promise<void> => {
    const peer = call.getPeer();
    const channel = createWorkerStream(call, { peer, chain });
    channels.add(channel);
    logger.info({ peer }, "A manager connected.");
    try {
      await responder.serve(channel);
    } finally {
      channels.delete(channel);
      logger.info({ peer }, "A manager's stream ended.");
    }
  };

  const { path } = IndexerServiceService.taskRpc;
  server.addService(
    {
      taskRpc: {
        path,
        requestStream: true,
        responseStream: true,
        requestSerialize: rawBytes,
        requestDeserialize: rawBytes,
        responseSerialize: rawBytes,
        responseDeserialize: rawBytes,
      },
    },
    {
      taskRpc(call: Call) {
        call.on("error", () => undefined);
        const refusal = refusalOf(call.metadata, options);
        if (refusal === undefined) return void serve(call);
        logger.warn({ peer: call.getPeer(), reason: refusal.details }, "A manager was refused.");
        call.emit("error", refusal);
      },
    },
  );
  health.addToServer(server);

  const port = await bind(server, options);
  logger.info({ listen: options.listen, port, worker: workerId }, "The worker is listening.");

  return {
    port,
    async drain(graceMs) {
      for (const name of ["", serviceName]) health.setStatus(name, "NOT_SERVING");
      await responder.drain(graceMs);
      for (const channel of [...channels]) channel.close();
      await shutDown(server);
    },
    close: () => server.forceShutdown(),
  };
}

// The library's own lines on standard error repeat failures that callers receive and report.
setLogVerbosity(logVerbosity.NONE);

function bind(server: Server, { listen, tls }: GrpcWorkerServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, serverCredentials(tls), (error, port) => {
      if (error === null) resolve(port);
      else reject(listenFailure(error, { address: listen, setting: "ADDRESS" }));
    });
  });
}

/** Waits for calls to end, for a limited time: health watchers never end. */
function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), flushMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}

function refusalOf(
  metadata: Metadata,
  { token, workerId }: GrpcWorkerServerOptions,
): { readonly code: status; readonly details: string } | undefined {
  const text = (key: string): string | undefined => metadata.get(key)[0]?.toString();
  const requested = text(metadataKeys.worker);
  if (requested !== undefined && requested !== workerId) {
    return { code: status.NOT_FOUND, details: `This is the worker ${workerId}, not ${requested}.` };
  }
  if (token !== undefined && !isProof(text(metadataKeys.proof) ?? "", token, workerId)) {
    return { code: status.UNAUTHENTICATED, details: "The proof of the worker's token is missing or wrong." };
  }
  return undefined;
}
