// Registration of workers: POST /client_ping and GET /get_workers, as legacy workers speak them. Imports this folder.
// Never waits for a worker.
import type { FastifyInstance } from "fastify";
import { IndexerError } from "../domain/errors.js";
import type { Register } from "./endpoint.js";

/** Bytes of a registration. */
const maxBody = 8 * 1024;

/** What registration is handed to. */
export interface RegistrationDeps {
  readonly register: Register;
  /** Workers per network, in the legacy form. */
  readonly legacyWorkers: () => unknown;
}

/** Adds the two paths. */
export function addRegistration(
  server: FastifyInstance,
  { register, legacyWorkers }: RegistrationDeps,
): void {
  server.get("/get_workers", async () => legacyWorkers());

  void server.register(async (scope) => {
    // Each body is read and parsed whole and on its own, whatever type it claims: nothing is left over for the next.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
      done(null, body);
    });
    scope.post("/client_ping", { bodyLimit: maxBody }, async (request) => {
      const { authorization } = request.headers;
      await register(parseBody(request.body), {
        ip: request.ip,
        ...(authorization !== undefined && { authorization }),
      });
      return { accepted: true };
    });
  });
}

function parseBody(body: unknown): unknown {
  try {
    if (typeof body === "string") return JSON.parse(body);
  } catch {
    // Told below, in words that help.
  }
  throw new IndexerError("BAD_USER_INPUT", "A registration is exactly one JSON document; this body is none.");
}
