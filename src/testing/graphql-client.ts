// A client of the gateway over real sockets: queries by HTTP, subscriptions by WebSocket.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

/** A parsed response. */
export interface GraphqlAnswer<T> {
  readonly data?: T | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

/** Sends an operation by POST. `url` is the URL of the manager without a path. */
export async function ask<T>(url: string, query: string, variables: object = {}): Promise<GraphqlAnswer<T>> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json",
    },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as GraphqlAnswer<T>;
}

/** Sends an operation by POST and returns its data. Throws if the response has errors. */
export async function data<T>(url: string, query: string, variables: object = {}): Promise<T> {
  const answer = await ask<T>(url, query, variables);
  if (answer.errors !== undefined || answer.data === undefined || answer.data === null) {
    throw new Error(`The response has errors: ${JSON.stringify(answer.errors)}`);
  }
  return answer.data;
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
