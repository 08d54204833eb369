import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { createLogger } from "../../lib/logger.js";
import { countingChain } from "../../testing/counting-chain.js";
import { createManualClock } from "../../testing/manual-clock.js";
import { until } from "../../testing/until.js";
import type { Registration } from "../port.js";
import { startRegistrar } from "./registrar.js";

interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

const registration: Registration = {
  workerId: "w1",
  chain: countingChain,
  version: "1",
  address: "worker:3000",
};

describe("the registrar", () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  const startManager = async (answer: {
    status: number;
    headers?: Record<string, string>;
  }): Promise<{ address: string; seen: Seen[] }> => {
    const seen: Seen[] = [];
    const server: Server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        seen.push({
          path: request.url ?? "",
          authorization: request.headers.authorization,
          body: JSON.parse(text),
        });
        response.writeHead(answer.status, answer.headers).end('{"error":"x"}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => {
      server.close();
      server.closeAllConnections();
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port.");
    return { address: `127.0.0.1:${address.port}`, seen };
  };

  const setUp = (managers: readonly string[], said: { registration: Registration } = { registration }) => {
    const clock = createManualClock();
    const lines: { readonly msg: string; readonly manager?: string }[] = [];
    const logger = createLogger({
      level: "info",
      destination: { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
    });
    const registrar = startRegistrar({
      managers,
      registration: () => said.registration,
      token: "secret",
      clock,
      logger,
    });
    closers.push(() => registrar.stop());
    return { clock, lines, registrar };
  };

  it("registers with each manager every 10 s", async () => {
    const [a, b] = [await startManager({ status: 200 }), await startManager({ status: 200 })];
    const { clock } = setUp([a.address, `http://${b.address}/`]);
    await until("both", () => a.seen.length === 1 && b.seen.length === 1);
    expect(a.seen[0]).toEqual({
      path: "/client_ping",
      authorization: "Bearer secret",
      body: {
        id: "w1",
        network: "counting",
        chain_id: "counting-1",
        connectivity: { version: "1", type: "grpc", address: "worker:3000" },
      },
    });
    await until("both to sleep", () => clock.sleepers === 2);
    await clock.advance(10_000);
    await until("both again", () => a.seen.length === 2 && b.seen.length === 2);
  });

  it("continues with the others when one fails, and logs each change once", async () => {
    const good = await startManager({ status: 200 });
    const full = await startManager({ status: 503 });
    const elsewhere = await startManager({ status: 302, headers: { location: "http://127.0.0.1:9/" } });
    const { clock, lines } = setUp(["127.0.0.1:1", good.address, full.address, elsewhere.address]);
    for (let round = 1; round <= 4; round += 1) {
      await until("all to sleep", () => clock.sleepers === 4);
      expect(good.seen).toHaveLength(round);
      await clock.advance(10_000);
    }
    expect(lines.filter(({ msg }) => msg === "Registered with a manager.")).toHaveLength(1);
    expect(lines.filter(({ msg }) => msg === "A manager refused the registration.")).toHaveLength(3);
    expect(elsewhere.seen.length).toBeGreaterThan(3);
  });

  it("repeats a request without a response after a second", async () => {
    const elsewhere = await startManager({ status: 302, headers: { location: "http://127.0.0.1:9/" } });
    const { clock } = setUp([elsewhere.address]);
    await until("the first", () => elsewhere.seen.length === 1 && clock.sleepers === 1);
    await clock.advance(1_000);
    await until("the second", () => elsewhere.seen.length === 2);
  });

  it("registers at once when draining starts", async () => {
    const manager = await startManager({ status: 200 });
    const said = { registration };
    const { registrar, clock } = setUp([manager.address], said);
    await until("the first", () => clock.sleepers === 1);
    said.registration = { ...registration, draining: true };
    await registrar.registerNow();
    expect(manager.seen.at(-1)?.body).toMatchObject({ draining: true });
  });
});
