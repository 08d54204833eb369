// A client of the gateway over real sockets: queries by HTTP, subscriptions by WebSocket.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

interface ParsedBody<T> {
  readonly data?: T | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

async function post<T>(url: string, query: string, variables: object): Promise<ParsedBody<T>> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json",
    },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as ParsedBody<T>;
}

/**
 * Sends an operation by POST and returns its data. Throws if the response has errors. `url` is the URL of the manager
 * without a path.
 */
export async function data<T>(url: string, query: string, variables: object = {}): Promise<T> {
  const body = await post<T>(url, query, variables);
  if (body.errors !== undefined || body.data === undefined || body.data === null) {
    throw new Error(`The response has errors: ${JSON.stringify(body.errors)}`);
  }
  return body.data;
}

/** Subscribes by WebSocket. Ending the iteration ends the subscription. */
export async function* subscribe<T>(url: string, query: string, variables: object = {}): AsyncGenerator<T> {
  const client = createClient({
    url: `${url.replace(/^http/, "ws")}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  try {
    for await (const result of client.iterate<T>({ query, variables: { ...variables } })) {
      if (result.errors !== undefined)
        throw new Error(`The subscription has errors: ${JSON.stringify(result.errors)}`);
      if (result.data !== undefined && result.data !== null) yield result.data;
    }
  } finally {
    await client.dispose();
  }
}
