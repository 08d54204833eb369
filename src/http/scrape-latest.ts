// The path POST /scrape_latest, for schedulers. Imports this folder. Never waits longer than the client does.
import type { FastifyInstance } from "fastify";
import { parseOneDocument } from "./registration.js";
import type { SchedulerRequests } from "./scheduler-requests.js";

/** The largest body of a request, in bytes. */
const maxBody = 16 * 1024;

/** Adds the path to a server. */
export function addScrapeLatest(server: FastifyInstance, requests: SchedulerRequests): void {
  void server.register(async (scope) => {
    // Existing schedulers send no content type.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
    scope.post("/scrape_latest", { bodyLimit: maxBody }, async (request, reply) => {
      const disconnected = new AbortController();
      reply.raw.once("close", () => disconnected.abort(new Error("The caller disconnected.")));
      const { status, body } = await requests.lastData(readBody(request.body), disconnected.signal);
      return reply.code(status).send(body);
    });
  });
}

/** An unreadable body is answered in the form that schedulers read. */
function readBody(body: unknown): unknown {
  try {
    return parseOneDocument(body);
  } catch {
    return undefined;
  }
}
