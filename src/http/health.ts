// Whether this process lives, and whether it can serve. Imports this folder; never says more than it knows.
import type { FastifyInstance } from "fastify";
import type { HealthReport } from "./endpoint.js";

/** Milliseconds that a health check may take. */
const timeLimit = 5_000;

/** What health is told from. */
export interface HealthDeps {
  readonly health: () => Promise<HealthReport>;
  readonly isClosing: () => boolean;
}

/** Adds /health/live and /health/ready. */
export function addHealth(server: FastifyInstance, { health, isClosing }: HealthDeps): void {
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
  const late = new Promise<HealthReport>((resolve) => {
    const reasons = [`The health check did not end within ${timeLimit} ms.`];
    timer = setTimeout(() => resolve({ ready: false, reasons }), timeLimit);
  });
  try {
    return await Promise.race([health(), late]);
  } catch (error) {
    return { ready: false, reasons: [error instanceof Error ? error.message : String(error)] };
  } finally {
    clearTimeout(timer);
  }
}
