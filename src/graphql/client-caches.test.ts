// Reads 50 transactions through the normalising caches of Apollo Client, urql and Relay. Each cache must return exactly
// the response of the gateway. A local key named `id` fails here: caches treat every `id` as global.
import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { createClient, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import {
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  Kind,
  parse,
  print,
  valueFromASTUntyped,
} from "graphql";
import type { GraphQLObjectType, SelectionSetNode } from "graphql";
import {
  createOperationDescriptor,
  Environment,
  Network,
  RecordSource,
  Store,
  type NormalizationSelection,
  type ReaderSelection,
} from "relay-runtime";
import { describe, expect, it } from "vitest";
import type { TransactionEvent } from "../domain/transaction.js";
import type { StoredTransaction } from "../store/port.js";
import { createCannedClient } from "../testing/canned-client.js";
import { createTestGateway } from "../testing/gateway.js";
import { schema } from "./schema.js";

/** Keys and addresses repeat in every transaction, with different content each time. */
function eventsOf({ hash }: StoredTransaction): TransactionEvent[] {
  const account = { id: "account-1", name: `name in ${hash}` };
  const amounts = [{ text: `${hash.length}coin`, currency: "coin", numeric: String(hash.length), exp: 0 }];
  return ["0", "1", "2"].map((key) => ({
    id: key,
    kind: `event ${key} of ${hash}`,
    sub: [
      {
        type: [`type ${key} of ${hash}`],
        sender: [{ account, amounts }],
        recipient: [{ account: { id: "account-2", name: `event ${key} of ${hash}` }, amounts }],
        node: { validator: [account] },
        sub: [{ type: ["inner"], sender: [{ account: { ...account, name: `inner in ${hash}` }, amounts }] }],
      },
    ],
  }));
}

function createGatewayWithEvents(): ReturnType<typeof createTestGateway> {
  const client = createCannedClient();
  return createTestGateway({
    client: {
      ...client,
      transactions: async (...args) => {
        const page = await client.transactions(...args);
        return { ...page, items: page.items.map((each) => ({ ...each, events: eventsOf(each) })) };
      },
    },
  });
}

const accountFields = `account { address name } amounts { text currency numeric exp }`;
/** The operation with `__typename` in each selection, as caching clients send it. */
const operation = new InMemoryCache().transformDocument(
  parse(`
  query Transactions {
    transactions(first: 50) {
      nodes {
        id hash height index time types parties fee { text numeric }
        chain { id network chainId head { id height } }
        block { id hash height chain { id chainId } }
        events {
          key
          kind
          sub {
            type
            sender { ${accountFields} }
            recipient { ${accountFields} }
            node { role accounts { address name } }
            sub { type sender { ${accountFields} } }
          }
        }
      }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`),
);

/** The response of the gateway without a cache, and a `fetch` that reaches the same gateway. */
async function rawResponse(): Promise<{ readonly data: object; readonly fetch: typeof globalThis.fetch }> {
  const { gateway, execute } = createGatewayWithEvents();
  const { data, errors } = await execute(print(operation));
  expect(errors).toBeUndefined();
  const { transactions } = data as { transactions: { nodes: { events: unknown[] }[] } };
  expect(transactions.nodes).toHaveLength(50);
  expect(new Set(transactions.nodes.map(({ events }) => JSON.stringify(events))).size).toBe(50);
  const fetch: typeof globalThis.fetch = (input, init) =>
    gateway.fetch(input instanceof Request ? input.url : String(input), init);
  return { data: data ?? {}, fetch };
}

const url = "http://localhost/graphql";

/** The Relay AST of a selection, for operations whose fields all have object or leaf types. */
function relaySelections(
  set: SelectionSetNode,
  parent: GraphQLObjectType,
): (NormalizationSelection & ReaderSelection)[] {
  return set.selections.map((selection) => {
    if (selection.kind !== Kind.FIELD) throw new Error("Only fields are supported.");
    const name = selection.name.value;
    const alias = selection.alias?.value ?? null;
    const args = (selection.arguments ?? []).map(({ name: argument, value }) => ({
      kind: "Literal" as const,
      name: argument.value,
      value: valueFromASTUntyped(value),
    }));
    const field = { alias, name, args: args.length === 0 ? null : args, storageKey: null };
    if (selection.selectionSet === undefined) return { kind: "ScalarField", ...field };
    const type = parent.getFields()[name]?.type;
    const named = type === undefined ? undefined : getNamedType(type);
    if (!isObjectType(named)) throw new Error(`${parent.name}.${name} has no object type.`);
    return {
      kind: "LinkedField",
      ...field,
      concreteType: named.name,
      plural: type !== undefined && isListType(getNullableType(type)),
      selections: relaySelections(selection.selectionSet, named),
    };
  });
}

/** The data without `__typename`, which urql removes from its results. */
function fieldsOf(data: unknown): unknown {
  return JSON.parse(
    JSON.stringify(data, (name, value: unknown) => (name === "__typename" ? undefined : value)),
  );
}

describe("a normalising cache returns the exact response of the gateway", () => {
  it("in Apollo Client", async () => {
    const { data, fetch } = await rawResponse();
    const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: url, fetch }) });
    await client.query({ query: operation });
    const cached = await client.query({ query: operation, fetchPolicy: "cache-only" });
    expect(fieldsOf(cached.data)).toEqual(fieldsOf(data));
    client.stop();
  });

  it("in urql with graphcache", async () => {
    const { data, fetch } = await rawResponse();
    const client = createClient({
      url,
      fetch,
      preferGetMethod: false,
      exchanges: [cacheExchange({ logger: () => {} }), fetchExchange],
    });
    await client.query(operation, {}).toPromise();
    const cached = await client.query(operation, {}, { requestPolicy: "cache-only" }).toPromise();
    expect(cached.error).toBeUndefined();
    expect(fieldsOf(cached.data)).toEqual(fieldsOf(data));
  });

  it("in Relay", async () => {
    const { data } = await rawResponse();
    const [definition] = operation.definitions;
    const query = schema.getQueryType();
    if (definition?.kind !== Kind.OPERATION_DEFINITION || !isObjectType(query))
      throw new Error("No operation.");
    const selections = relaySelections(definition.selectionSet, query);
    const name = "Transactions";
    const descriptor = createOperationDescriptor(
      {
        kind: "Request",
        fragment: {
          kind: "Fragment",
          name,
          type: "Query",
          argumentDefinitions: [],
          metadata: null,
          selections,
        },
        operation: { kind: "Operation", name, argumentDefinitions: [], selections },
        params: {
          id: null,
          cacheID: name,
          name,
          text: print(operation),
          operationKind: "query",
          metadata: {},
        },
      },
      {},
    );
    const environment = new Environment({
      network: Network.create(() => Promise.reject(new Error("This test needs no network."))),
      store: new Store(new RecordSource()),
    });
    environment.commitPayload(descriptor, structuredClone(data));
    const cached = environment.lookup(descriptor.fragment);
    expect(cached.isMissingData).toBe(false);
    expect(fieldsOf(cached.data)).toEqual(fieldsOf(data));
  });
});
