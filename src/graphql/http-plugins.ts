// What is for HTTP alone: which requests are taken, how answers are headed, the page for browsers. Imports this folder.
// Never parses a document.
import { GraphQLError } from "graphql";
import { isAsyncIterable, type Plugin } from "graphql-yoga";
import { IndexerError } from "../domain/errors.js";
import { tooLargeToAnswer } from "./document-limits.js";
import { transportError, type PublicErrors } from "./errors.js";
import { pageFor, renderPage, type GraphiqlPage } from "./graphiql.js";
import { headOf, withoutTransport } from "./http-status.js";
import type { Limits } from "./limits.js";
import type { OriginCheck } from "./origin.js";

/** Refuses what is no request of ours: from foreign pages, with other content than JSON, too large. */
export function requestPlugin({
  limits,
  isOwnOrigin,
}: {
  readonly limits: Limits;
  readonly isOwnOrigin: OriginCheck;
}): Plugin {
  return {
    onRequestParse: ({ request, requestParser, setRequestParser }) => {
      const { headers, method } = request;
      const own = isOwnOrigin({
        origin: headers.get("origin"),
        host: headers.get("host"),
        forwardedHost: headers.get("x-forwarded-host"),
        fetchSite: headers.get("sec-fetch-site"),
      });
      if (!own) {
        throw new IndexerError(
          "FORBIDDEN",
          "Pages of this origin may not ask here: add it to the allowed origins.",
        );
      }
      // Only JSON cannot be sent by a page of another origin without asking first.
      if (
        method === "POST" &&
        !/^application\/(graphql\+)?json\s*(;|,|$)/i.test(headers.get("content-type") ?? "")
      ) {
        throw transportError(
          { message: "Send the operation as JSON: content-type application/json." },
          { status: 415 },
        );
      }
      if (requestParser === undefined) return;
      setRequestParser(async (each) => {
        try {
          return await requestParser(each);
        } catch (error) {
          if (error instanceof SyntaxError) {
            throw transportError({ message: "'variables' and 'extensions' must be JSON." }, { status: 400 });
          }
          throw isTooLarge(error) ? tooLarge(limits.bodyBytes) : error;
        }
      });
      if (Number(headers.get("content-length") ?? 0) > limits.bodyBytes) throw tooLarge(limits.bodyBytes);
    },
  };
}

function tooLarge(limit: number): GraphQLError {
  return transportError({ message: `The body is larger than ${limit} bytes.` }, { status: 413 }, { limit });
}

/** Whether yoga found, while a body came, that it is larger than allowed. */
function isTooLarge(error: unknown): boolean {
  return error instanceof GraphQLError && error.extensions["code"] === "REQUEST_ENTITY_TOO_LARGE";
}

/** Gives each answer its status, the cost of its operation as `x-query-cost`, and a bound on its size. */
export function answerPlugin({
  limits,
  errors,
  costs,
}: {
  readonly limits: Limits;
  readonly errors: PublicErrors;
  /** What operations cost, by their contexts. */
  readonly costs: WeakMap<object, number>;
}): Plugin {
  const stringify = (result: object): string => {
    const text = JSON.stringify(result);
    if (text.length <= limits.answerBytes) return text;
    const { message, extensions } = errors.of(tooLargeToAnswer(text.length, limits.answerBytes));
    return JSON.stringify({ data: null, errors: [{ message, extensions }] });
  };
  return {
    onResultProcess: ({ request, result, setResult, serverContext }) => {
      if (isAsyncIterable(result) || Array.isArray(result)) return;
      const accept = request.headers.get("accept");
      const { status, headers } = headOf(result, accept);
      const cost = costs.get(serverContext);
      setResult({
        ...result,
        stringify,
        ...(result.errors !== undefined && { errors: result.errors.map(withoutTransport) }),
        extensions: {
          ...result.extensions,
          http: {
            status,
            headers: { ...headers, ...(cost !== undefined && { "x-query-cost": String(cost) }) },
          },
        },
      });
    },
  };
}

/** Serves GraphiQL to browsers that open the endpoint. */
export function pagePlugin(endpoint: string): Plugin {
  let page: Promise<GraphiqlPage> | undefined;
  return {
    onRequest: async ({ request, url, fetchAPI, endResponse }) => {
      if (request.method !== "GET" || url.pathname !== endpoint) return;
      // Also with a query in the URL: a browser that opens a link wants to see it in GraphiQL, not as JSON.
      if (!/\btext\/html\b/.test(request.headers.get("accept") ?? "")) return;
      page ??= renderPage(endpoint);
      const { status, headers, body } = pageFor(await page, {
        acceptEncoding: request.headers.get("accept-encoding"),
        ifNoneMatch: request.headers.get("if-none-match"),
      });
      endResponse(new fetchAPI.Response(body, { status, headers }));
    },
  };
}

/** Says in the gateway's words what yoga answers without any: no content, or content that cannot be served. */
export function emptyResponsePlugin(errors: PublicErrors): Plugin {
  const messages: Readonly<Record<number, string>> = {
    406: "Accept application/json, application/graphql-response+json or, for subscriptions, text/event-stream.",
    415: "Send the operation as JSON: content-type application/json.",
  };
  return {
    onResponse: ({ response, setResponse, fetchAPI }) => {
      const message = messages[response.status];
      if (message === undefined || response.body !== null) return;
      const { extensions } = errors.of(new IndexerError("BAD_USER_INPUT", message));
      setResponse(
        new fetchAPI.Response(JSON.stringify({ errors: [{ message, extensions }] }), {
          status: response.status,
          headers: { "content-type": "application/json; charset=utf-8" },
        }),
      );
    },
  };
}
