// A stand-in for a legacy manager on real gRPC: it knows fields 1 to 7 and accepts messages of 4 MiB.
import { Client, credentials } from "@grpc/grpc-js";
import { randomUUID } from "node:crypto";
import { IndexerServiceService } from "../generated/proto/indexer.js";
import { decodeLegacyWireResponse, encodeLegacyRequest, type LegacyWireResponse } from "./legacy-wire.js";
import { until } from "./until.js";

/** A stand-in manager. */
export interface LegacyManager {
  /** Sends a request; resolves with every response up to the first final. */
  request(type: string, payload: string): Promise<readonly LegacyWireResponse[]>;
  /** Returns the responses to a request so far. */
  responsesTo(id: string): readonly LegacyWireResponse[];
  readonly error: Error | undefined;
  /** The size of the largest message that arrived, in bytes. */
  readonly largest: number;
  close(): void;
}

/** Opens a stream to a worker. */
export function startLegacyManager(address: string): LegacyManager {
  const unchanged = (bytes: Buffer): Buffer => bytes;
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": 4 * 1024 * 1024,
  });
  const call = client.makeBidiStreamRequest(IndexerServiceService.taskRpc.path, unchanged, unchanged);
  const responses: LegacyWireResponse[] = [];
  let failure: Error | undefined;
  let largest = 0;
  call.on("data", (bytes: Buffer) => {
    largest = Math.max(largest, bytes.length);
    responses.push(decodeLegacyWireResponse(bytes));
  });
  call.on("error", (error: Error) => (failure = error));
  const responsesTo = (id: string): LegacyWireResponse[] => responses.filter((each) => each.id === id);

  return {
    async request(type, payload) {
      const id = randomUUID();
      call.write(encodeLegacyRequest({ id, type, payload }));
      await until(
        `the end of ${type}`,
        () =>
          failure !== undefined || responsesTo(id).some(({ final, type: kind }) => final || kind === "PONG"),
      );
      if (failure !== undefined) throw failure;
      return responsesTo(id);
    },
    responsesTo,
    get error() {
      return failure;
    },
    get largest() {
      return largest;
    },
    close() {
      call.cancel();
      client.close();
    },
  };
}
