// Opens the manager's stream to a worker.
// Imports only domain, lib, grpc-js and connectivity; never resolves a name: the IP was checked before.
import { Client, Metadata } from "@grpc/grpc-js";
import { isIPv6 } from "node:net";
import { IndexerServiceService } from "../../generated/proto/indexer.js";
import { systemClock, type Clock } from "../../lib/clock.js";
import type { WorkerIdentity } from "../port.js";
import { createByteBudget, type ByteBudget } from "../protocol/byte-budget.js";
import type { ManagerChannel } from "../protocol/channel.js";
import { sizes } from "../protocol/limits.js";
import type { Target } from "../registration/address-check.js";
import { metadataKeys, proofOf } from "./proof.js";
import { createManagerStream, rawBytes } from "./stream.js";
import { clientCredentials, type TlsFiles } from "./tls.js";

/** Settings of the dialler. */
export interface DialOptions {
  readonly token?: string;
  readonly tls?: TlsFiles;
  readonly clock?: Clock;
  /** The limit on results that an adapter buffers in front of workers of an older protocol, over all streams. */
  readonly budget?: ByteBudget;
}

/** Milliseconds. Some workers close the stream of a client that sends HTTP/2 pings more often than every 5 minutes. */
const keepaliveMs = 360_000;

/** Creates the dialler. A dial returns at once; the channel breaks if the worker is unavailable. */
export function createDialler({
  token,
  tls,
  clock = systemClock,
  budget = createByteBudget(sizes.buffered),
}: DialOptions): (target: Target, worker: WorkerIdentity) => ManagerChannel {
  const credentials = clientCredentials(tls);

  return ({ ip, host, port }, { workerId, chain, address }) => {
    const uri = isIPv6(ip) ? `ipv6:[${ip}]:${port}` : `ipv4:${ip}:${port}`;
    const client = new Client(uri, credentials, {
      "grpc.enable_http_proxy": 0,
      "grpc.max_receive_message_length": sizes.transport,
      "grpc.keepalive_time_ms": keepaliveMs,
      "grpc.service_config_disable_resolution": 1,
      // Each session has its own connection, which ends with the session.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.default_authority": `${isIPv6(host) ? `[${host}]` : host}:${port}`,
      ...(tls !== undefined && { "grpc.ssl_target_name_override": host }),
    });
    const metadata = new Metadata();
    metadata.set(metadataKeys.worker, workerId);
    if (token !== undefined) metadata.set(metadataKeys.proof, proofOf(token, workerId));
    const { path } = IndexerServiceService.taskRpc;
    const call = client.makeBidiStreamRequest(path, rawBytes, rawBytes, metadata);
    return createManagerStream(call, {
      peer: address,
      chain,
      clock,
      budget,
      close() {
        call.cancel();
        client.close();
      },
    });
  };
}
