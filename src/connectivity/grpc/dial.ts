// The manager dials a worker.
// Imports only domain, grpc-js and this folder; never resolves a name: the IP was checked before.
import { Client, Metadata } from "@grpc/grpc-js";
import { isIPv6 } from "node:net";
import { IndexerServiceService } from "../../generated/proto/indexer.js";
import type { Target } from "../registration/address-check.js";
import type { ManagerChannel } from "../protocol/channel.js";
import { sizes } from "../protocol/limits.js";
import type { WorkerIdentity } from "../manager/worker-link.js";
import { metadataKeys, proofOf } from "./proof.js";
import { asIs, createManagerStream } from "./stream.js";
import { clientCredentials, type TlsFiles } from "./tls.js";

export interface DialOptions {
  readonly token?: string;
  readonly tls?: TlsFiles;
}

/** Legacy workers close the stream of who sends HTTP/2 pings more often than each 5 minutes. */
const keepaliveMs = 360_000;

/** Creates the dialler; a dial returns at once, and a worker that is not there breaks the channel. */
export function createDialler({
  token,
  tls,
}: DialOptions): (target: Target, worker: WorkerIdentity) => ManagerChannel {
  const credentials = clientCredentials(tls);

  return ({ ip, host, port }, { workerId, chain, address }) => {
    const uri = isIPv6(ip) ? `ipv6:[${ip}]:${port}` : `ipv4:${ip}:${port}`;
    const client = new Client(uri, credentials, {
      "grpc.enable_http_proxy": 0,
      "grpc.max_receive_message_length": sizes.transport,
      "grpc.keepalive_time_ms": keepaliveMs,
      "grpc.service_config_disable_resolution": 1,
      // A connection of its own, which dies with its session.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.default_authority": `${isIPv6(host) ? `[${host}]` : host}:${port}`,
      ...(tls !== undefined && { "grpc.ssl_target_name_override": host }),
    });
    const metadata = new Metadata();
    metadata.set(metadataKeys.worker, workerId);
    if (token !== undefined) metadata.set(metadataKeys.proof, proofOf(token, workerId));
    const call = client.makeBidiStreamRequest(IndexerServiceService.taskRpc.path, asIs, asIs, metadata);
    return createManagerStream(call, {
      peer: address,
      chain,
      close() {
        call.cancel();
        client.close();
      },
    });
  };
}
