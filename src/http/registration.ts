// Registration of workers: POST /client_ping and GET /get_workers, compatible with legacy workers. Imports this folder.
// Never waits for a worker.
import type { FastifyInstance } from "fastify";
import { IndexerError } from "../domain/errors.js";
import type { Register } from "./endpoint.js";

/** The largest body of a registration, in bytes. */
const maxBody = 8 * 1024;

/** The handlers of the registration paths. */
export interface RegistrationHandlers {
  readonly register: Register;
  /** Returns the workers of each network in the legacy format. */
  readonly legacyWorkers: () => unknown;
}

/** Adds the paths /client_ping and /get_workers to a server. */
export function addRegistration(
  server: FastifyInstance,
  { register, legacyWorkers }: RegistrationHandlers,
): void {
  server.get("/get_workers", async () => legacyWorkers());

  void server.register(async (scope) => {
    // Each body is parsed as one complete JSON document, for any content type. A second document is an error.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
      done(null, body);
    });
    scope.post("/client_ping", { bodyLimit: maxBody }, async (request) => {
      const { authorization } = request.headers;
      await register(parseOneDocument(request.body), {
        ip: request.ip,
        ...(authorization !== undefined && { authorization }),
      });
      return { accepted: true };
    });
  });
}

/** Parses a body as exactly one JSON document. Throws BAD_USER_INPUT otherwise. */
export function parseOneDocument(body: unknown): unknown {
  try {
    if (typeof body === "string") return JSON.parse(body);
  } catch {
    // The error below explains the expected format.
  }
  throw new IndexerError(
    "BAD_USER_INPUT",
    "The body must be exactly one JSON document, without anything after it.",
  );
}
