// A real worker on a socket: gRPC server and task execution over a counting chain.
import {
  startGrpcWorkerServer,
  type GrpcWorkerServer,
  type GrpcWorkerServerOptions,
} from "../connectivity/grpc/server.js";
import type { TaskSource } from "../connectivity/worker/task-execution.js";
import {
  createWorkerSessionServer,
  type WorkerSessionServer,
} from "../connectivity/worker/session-server.js";
import type { RegistrationBody } from "../connectivity/registration/registration-body.js";
import { systemClock } from "../lib/clock.js";
import { silentLogger } from "../lib/logger.js";
import { countingChain, createCountingChain } from "./counting-chain.js";

/** A running worker. */
export interface TestWorker {
  readonly workerId: string;
  readonly address: string;
  readonly server: GrpcWorkerServer;
  readonly sessionServer: WorkerSessionServer;
  /** Its registration body. */
  readonly registration: RegistrationBody;
}

/** Starts a worker of the counting chain. */
export async function startTestWorker(
  workerId: string,
  options: { readonly source?: TaskSource; readonly capacity?: number } & Partial<
    Pick<GrpcWorkerServerOptions, "token" | "tls" | "listen">
  > = {},
): Promise<TestWorker> {
  const { source = createCountingChain(), capacity, ...serverOptions } = options;
  const logger = silentLogger();
  const sessionServer = createWorkerSessionServer({
    source,
    version: "1",
    clock: systemClock,
    logger,
    ...(capacity !== undefined && { capacity }),
  });
  const server = await startGrpcWorkerServer({
    sessionServer,
    chain: countingChain,
    workerId,
    listen: "127.0.0.1:0",
    logger,
    ...serverOptions,
  });
  const address = `127.0.0.1:${server.port}`;
  return { workerId, address, server, sessionServer, registration: registrationOf(workerId, address) };
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
