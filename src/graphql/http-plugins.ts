// Plugins for HTTP only: which requests are accepted, the headers of responses, the page for browsers.
// Imports this folder. Never parses a document.
import { GraphQLError } from "graphql";
import { isAsyncIterable, type Plugin } from "graphql-yoga";
import { IndexerError } from "../domain/errors.js";
import { responseTooLarge } from "./document-limits.js";
import { transportError, type PublicErrors } from "./errors.js";
import { pageFor, renderPage, type GraphiqlPage } from "./graphiql.js";
import { headOf, withoutTransport } from "./http-status.js";
import type { Limits } from "./limits.js";
import type { OriginCheck } from "./origin.js";

/** Rejects requests from pages of other origins, with content other than JSON, or with a body that is too large. */
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
          "Pages of this origin are not allowed. Add the origin to the allowed origins of the manager.",
        );
      }
      // A page of another origin cannot send JSON without a CORS preflight request. It can send other content types.
      if (
        method === "POST" &&
        !/^application\/(graphql\+)?json\s*(;|,|$)/i.test(headers.get("content-type") ?? "")
      ) {
        throw transportError(
          { message: "The operation must be JSON. Send it with content-type application/json." },
          { status: 415 },
        );
      }
      if (requestParser === undefined) return;
      setRequestParser(async (each) => {
        try {
          return await requestParser(each);
        } catch (error) {
          if (error instanceof SyntaxError) {
            throw transportError(
              { message: "The parameters 'variables' and 'extensions' must be JSON." },
              { status: 400 },
            );
          }
          throw isTooLarge(error) ? tooLarge(limits.bodyBytes) : error;
        }
      });
      if (Number(headers.get("content-length") ?? 0) > limits.bodyBytes) throw tooLarge(limits.bodyBytes);
    },
  };
}

function tooLarge(limit: number): GraphQLError {
  return transportError(
    { message: `The body is larger than ${limit} bytes. Send a smaller operation.` },
    { status: 413 },
    { limit },
  );
}

/** Whether yoga rejected a body for its size while it was received. */
function isTooLarge(error: unknown): boolean {
  return error instanceof GraphQLError && error.extensions["code"] === "REQUEST_ENTITY_TOO_LARGE";
}

/** Sets the status and the `x-query-cost` header of each response, and limits its size. */
export function responsePlugin({
  limits,
  errors,
  costs,
}: {
  readonly limits: Limits;
  readonly errors: PublicErrors;
  /** The costs of operations, by their contexts. */
  readonly costs: WeakMap<object, number>;
}): Plugin {
  const stringify = (result: object): string => {
    const text = JSON.stringify(result);
    if (text.length <= limits.responseBytes) return text;
    const { message, extensions } = errors.of(responseTooLarge(text.length, limits.responseBytes));
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
      // Also with a query in the URL: a user who opens a link expects GraphiQL, not JSON.
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

/** Adds an error body to the responses 406 and 415, which yoga sends without one. */
export function emptyResponsePlugin(errors: PublicErrors): Plugin {
  const messages: Readonly<Record<number, string>> = {
    406: "None of the accepted content types is available. Accept application/json, application/graphql-response+json or, for subscriptions, text/event-stream.",
    415: "The operation must be JSON. Send it with content-type application/json.",
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
