// The worker's server: authentication, TLS, health and drain.
import { Client, credentials, makeClientConstructor } from "@grpc/grpc-js";
import { service as healthService } from "grpc-health-check";
import { afterEach, describe, expect, it } from "vitest";
import { supportedFeatures } from "../protocol/frames.js";
import { makeCertificates } from "../../testing/certificates.js";
import { countingChain, createCountingChain } from "../../testing/counting-chain.js";
import { startScriptedManager, type ScriptedManager } from "../../testing/scripted-manager.js";
import { startTestWorker, type TestWorker } from "../../testing/test-worker.js";
import { until } from "../../testing/until.js";
import { createDialler, type DialOptions } from "./dial.js";

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const startWorker: typeof startTestWorker = async (...args) => {
  const worker = await startTestWorker(...args);
  closers.push(() => worker.server.close());
  return worker;
};

/** Dials a worker; returns the kind of the first frame, or the error. */
async function dial(
  worker: TestWorker,
  options: DialOptions = {},
  workerId = worker.workerId,
): Promise<string> {
  const { port } = worker.server;
  const identity = { workerId, chain: countingChain, version: "1", address: worker.address };
  const channel = createDialler(options)({ host: "localhost", ip: "127.0.0.1", port }, identity);
  closers.push(() => channel.close());
  await channel
    .send({ kind: "ping", id: "p", features: supportedFeatures, maxMessageBytes: 0 })
    .catch(() => undefined);
  try {
    for await (const frame of channel.frames) return frame.kind;
    return "ended";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("a worker's server", () => {
  it("serves only managers that prove the token", async () => {
    const worker = await startWorker("w1", { token: "secret" });
    expect(await dial(worker, { token: "secret" })).toBe("pong");
    expect(await dial(worker)).toContain("UNAUTHENTICATED");
    expect(await dial(worker, { token: "wrong" })).toContain("UNAUTHENTICATED");
    expect(await dial(worker, { token: "secret" }, "another")).toContain("NOT_FOUND");
  });

  it("serves only managers of the same authority if certificates are set", async () => {
    const tls = makeCertificates();
    const stranger = makeCertificates();
    const worker = await startWorker("w1", { tls });
    expect(await dial(worker, { tls })).toBe("pong");
    expect(await dial(worker)).toContain("UNAVAILABLE");
    expect(await dial(worker, { tls: stranger })).toContain("UNAVAILABLE");
    expect(await dial(worker, { tls: { ...stranger, ca: tls.ca } })).toContain("UNAVAILABLE");
  });

  it("reports a port that is in use", async () => {
    const worker = await startWorker("w1");
    await expect(startTestWorker("w2", { listen: worker.address })).rejects.toThrow(
      `The address ${worker.address} is in use by another process.`,
    );
  });

  it("continues after invalid bytes of a manager", async () => {
    const worker = await startWorker("w1");
    const client = new Client(worker.address, credentials.createInsecure());
    const asIs = (bytes: Buffer): Buffer => bytes;
    const call = client.makeBidiStreamRequest("/indexer.IndexerService/TaskRPC", asIs, asIs);
    let answers = 0;
    call.on("data", () => (answers += 1));
    call.on("error", () => undefined);
    for (const junk of [[0xff, 0xff], [0x0a, 0x05, 0x01], [], [0x1a, 0x03, 0x4f, 0x64, 0x64]])
      call.write(Buffer.from(junk));
    // The last one is a task of an unknown type, the only one with a reply; then a PING.
    call.write(Buffer.from([0x1a, 0x04, 0x50, 0x49, 0x4e, 0x47]));
    await until("two or three answers", () => answers >= 2);
    expect(await dial(worker)).toBe("pong");
    call.cancel();
    client.close();
  });

  it("reports its health, and NOT_SERVING while it drains", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const worker = await startWorker("w1", { source: createCountingChain({ before: () => gate }) });
    const health = createHealthClient(worker.address);
    expect(await health("")).toBe("SERVING");
    expect(await health("indexer.IndexerService")).toBe("SERVING");
    const manager = connect(worker);
    await manager.ping(supportedFeatures);
    const task = manager.start({ kind: "heights", chain: countingChain, range: { from: 1, to: 2 } });
    await until("the task", () => worker.sessionServer.inFlight === 1);
    const drained = worker.server.drain(10_000);
    expect(await health("indexer.IndexerService")).toBe("NOT_SERVING");
    expect(await manager.ping(supportedFeatures)).toMatchObject({ draining: true });
    release();
    expect(await task.finalFrame()).toMatchObject({ outcome: "complete" });
    await drained;
    expect(await dial(worker)).toContain("UNAVAILABLE");
  });
});

function connect(worker: TestWorker): ScriptedManager {
  const { workerId, address, server } = worker;
  const identity = { workerId, chain: countingChain, version: "1", address };
  const channel = createDialler({})({ host: "127.0.0.1", ip: "127.0.0.1", port: server.port }, identity);
  closers.push(() => channel.close());
  return startScriptedManager(channel);
}

function createHealthClient(address: string): (service: string) => Promise<string> {
  const HealthClient = makeClientConstructor(healthService, "health");
  const client = new HealthClient(address, credentials.createInsecure());
  closers.push(() => client.close());
  const check: unknown = client["check"];
  if (typeof check !== "function") throw new Error("The health service has no check.");
  return (service) =>
    new Promise((resolve, reject) => {
      check.call(client, { service }, (error: Error | null, response?: { readonly status: string }) => {
        if (error === null) resolve(response?.status ?? "");
        else reject(error);
      });
    });
}
