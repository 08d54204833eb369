// The carriers of frames for suites that run on each of them: gRPC on a socket, and memory.
import {
  createMemoryChannels,
  type ManagerChannel,
  type WorkerChannel,
} from "../connectivity/protocol/channel.js";
import { createDialler } from "../connectivity/grpc/dial.js";
import { startGrpcWorkerServer } from "../connectivity/grpc/server.js";
import { silentLogger } from "../lib/logger.js";
import { countingChain } from "./counting-chain.js";

/** Both ends of an open stream. */
export interface StreamPair {
  readonly manager: ManagerChannel;
  readonly worker: WorkerChannel;
  /** Breaks the stream like a killed worker. */
  kill(): void;
}

/** A carrier of frames. */
export interface Carrier {
  readonly name: string;
  /** Opens streams to one worker of `countingChain`. */
  open(): Promise<StreamPair>;
  close(): Promise<void>;
}

/** Creates the carrier in memory. */
export function createMemoryCarrier(): Carrier {
  return {
    name: "memory",
    open() {
      const { manager, worker } = createMemoryChannels();
      return Promise.resolve({ manager, worker, kill: () => worker.close() });
    },
    close: () => Promise.resolve(),
  };
}

/** Creates the carrier over gRPC on loopback, with a server for each stream. */
export function createGrpcCarrier(): Carrier {
  const closers: (() => void)[] = [];
  return {
    name: "grpc",
    async open() {
      let resolveChannel: (channel: WorkerChannel) => void = () => undefined;
      const arrived = new Promise<WorkerChannel>((resolve) => (resolveChannel = resolve));
      const server = await startGrpcWorkerServer({
        sessionServer: {
          serve(channel) {
            resolveChannel(channel);
            return new Promise(() => undefined);
          },
          inFlight: 0,
          draining: false,
          drain: () => Promise.resolve(),
        },
        chain: countingChain,
        workerId: "scripted",
        listen: "127.0.0.1:0",
        logger: silentLogger(),
      });
      const { port } = server;
      const identity = {
        workerId: "scripted",
        chain: countingChain,
        version: "1",
        address: `127.0.0.1:${port}`,
      };
      const manager = createDialler({})({ host: "127.0.0.1", ip: "127.0.0.1", port }, identity);
      const worker = await arrived;
      closers.push(() => {
        manager.close();
        server.close();
      });
      return { manager, worker, kill: () => server.close() };
    },
    close() {
      for (const close of closers.splice(0)) close();
      return Promise.resolve();
    },
  };
}
