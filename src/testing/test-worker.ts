// A worker of the product on a socket: gRPC server and responder over a counting chain.
import {
  startWorkerServer,
  type WorkerServer,
  type WorkerServerOptions,
} from "../connectivity/grpc/worker-server.js";
import type { AnswerSource } from "../connectivity/answering.js";
import { createResponder, type Responder } from "../connectivity/responder.js";
import type { RegistrationBody } from "../connectivity/registration.js";
import { systemClock } from "../lib/clock.js";
import { silentLogger } from "../lib/logger.js";
import { countingChain, createCountingChain } from "./counting-chain.js";

export interface TestWorker {
  readonly workerId: string;
  readonly address: string;
  readonly server: WorkerServer;
  readonly responder: Responder;
  /** The body that it registers with. */
  readonly registration: RegistrationBody;
}

/** Starts a worker. */
export async function startTestWorker(
  workerId: string,
  options: { readonly source?: AnswerSource; readonly capacity?: number } & Partial<
    Pick<WorkerServerOptions, "token" | "tls" | "listen">
  > = {},
): Promise<TestWorker> {
  const { source = createCountingChain(), capacity, ...serverOptions } = options;
  const logger = silentLogger();
  const responder = createResponder({
    source,
    version: "1",
    clock: systemClock,
    logger,
    ...(capacity !== undefined && { capacity }),
  });
  const server = await startWorkerServer({
    responder,
    chain: countingChain,
    workerId,
    listen: "127.0.0.1:0",
    logger,
    ...serverOptions,
  });
  const address = `127.0.0.1:${server.port}`;
  return { workerId, address, server, responder, registration: registrationOf(workerId, address) };
}

/** The body of a registration of the counting chain. */
export function registrationOf(workerId: string, address: string): RegistrationBody {
  return {
    id: workerId,
    network: countingChain.network,
    chain_id: countingChain.chainId,
    connectivity: { version: "0.0.1", type: "grpc", address },
  };
}
