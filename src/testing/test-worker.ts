// A real worker on a socket: gRPC server and task execution over a counting chain.
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

/** A running worker. */
export interface TestWorker {
  readonly workerId: string;
  readonly address: string;
  readonly server: WorkerServer;
  readonly responder: Responder;
  /** Its registration body. */
  readonly registration: RegistrationBody;
}

/** Starts a worker of the counting chain. */
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

/** Returns the registration body of a worker of the counting chain. */
export function registrationOf(workerId: string, address: string): RegistrationBody {
  return {
    id: workerId,
    network: countingChain.network,
    chain_id: countingChain.chainId,
    connectivity: { version: "0.0.1", type: "grpc", address },
  };
}
