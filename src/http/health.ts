// The paths /health/live and /health/ready. Imports this folder. Never fails: a check that fails means not ready.
import type { FastifyInstance } from "fastify";
import { errorMessage } from "../lib/error-message.js";
import type { HealthReport } from "./endpoint.js";

/** Time limit of a health check, in milliseconds. */
const timeLimit = 5_000;

/** The sources of the health responses. */
export interface HealthCheckDeps {
  readonly health: () => Promise<HealthReport>;
  readonly isClosing: () => boolean;
}

/** Adds /health/live and /health/ready. */
export function addHealth(server: FastifyInstance, { health, isClosing }: HealthCheckDeps): void {
  server.get("/health/live", async () => ({ live: true }));
  server.get("/health/ready", async (_request, reply) => {
    const report = await check(health);
    const reasons = [...report.reasons, ...(isClosing() ? ["This manager is shutting down."] : [])];
    const ready = report.ready && !isClosing();
    return reply
      .code(ready ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ ready, reasons, chains: report.chains ?? [] });
  });
}

async function check(health: () => Promise<HealthReport>): Promise<HealthReport> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<HealthReport>((resolve) => {
    const reasons = [`The health check took longer than ${timeLimit} ms.`];
    timer = setTimeout(() => resolve({ ready: false, reasons }), timeLimit);
  });
  try {
    return await Promise.race([health(), timeout]);
  } catch (error) {
    return { ready: false, reasons: [errorMessage(error)] };
  } finally {
    clearTimeout(timer);
  }
}
