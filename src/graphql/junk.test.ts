import fc from "fast-check";
import { parse, print } from "graphql";
import { describe, expect, it } from "vitest";
import { errorTable } from "../domain/errors.js";
import { createTestGateway, type GraphqlResponse } from "../testing/gateway.js";
import { printedSchema } from "./schema.js";

const documents = [
  `{ chains(network: "demo") { id head { height time } indexed(from: 1, to: 5) { from to } transactionCount { value } } }`,
  `query A($f: TransactionFilter, $n: Int = 3) { transactions(filter: $f, first: $n, order: OLDEST_FIRST) { edges { cursor node { hash fee { text } events { sub { type } } } } pageInfo { endCursor } totalCount { value } } }`,
  `{ block(chain: { network: "demo", chainId: "demo-1" }, by: { height: 3 }) { transactions(last: 2) { nodes { ...T } } } } fragment T on Transaction { raw rawLog block { hash } }`,
  `{ fetch(chain: { network: "demo", chainId: "demo-1" }, target: { heights: { from: 1, to: 5 } }) { final { status error { code } } } }`,
  `query N($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Block { height } } node(id: "x") { id } }`,
  `{ blocks(filter: { chain: { network: "demo", chainId: "demo-1" }, heights: { gte: 2, lt: 9 }, time: { gt: "2020-01-01T00:00:00Z" } }, first: 5) { nodes { height } } }`,
  `{ __schema { types { name fields { name } } } manager { id } workers { state } }`,
];

/** Words of the schema and tokens of GraphQL. */
const words = [...new Set(printedSchema().match(/\w+/g))];
const word = fc.constantFrom(
  ...words,
  "{",
  "}",
  "(",
  ")",
  ":",
  "$",
  "...",
  "@include(if:",
  "true",
  "null",
  "[",
  "]",
  "!",
  '"',
  "-1",
  "9e99",
  "on",
  "fragment",
);
const randomWords = fc.array(word, { maxLength: 60 }).map((list) => list.join(" "));

/** A document with some tokens dropped, doubled, swapped or replaced. */
const mutated = fc
  .tuple(
    fc.constantFrom(...documents),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom("drop", "double", "swap", "replace"), word), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([document, changes]) => {
    const tokens = document.match(/"[^"]*"|\w+|\S/g) ?? [];
    for (const [at, change, replacement] of changes) {
      const place = at % Math.max(tokens.length, 1);
      const token = tokens[place] ?? "";
      if (change === "drop") tokens.splice(place, 1);
      else if (change === "double") tokens.splice(place, 0, token);
      else if (change === "replace") tokens[place] = replacement;
      else tokens.splice(place, 2, tokens[place + 1] ?? "", token);
    }
    return tokens.join(" ");
  });

const variables = fc.dictionary(
  fc.constantFrom("f", "n", "ids", "x"),
  fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(1e308, -0, "9".repeat(400), { heights: { gte: "1" } }, { accounts: { any: [] } }),
  ),
  { maxKeys: 4 },
);

function expectTyped(status: number, { errors }: Pick<GraphqlResponse, "errors">): void {
  const codes = (errors ?? []).map(({ extensions }) => extensions["code"]);
  for (const code of codes) expect(Object.keys(errorTable)).toContain(code);
  expect(codes).not.toContain("INTERNAL");
  expect(status).toBeLessThan(500);
  if (status >= 400) expect(codes.length).toBeGreaterThan(0);
}

describe("invalid input", () => {
  it("in documents and variables returns data or a typed error", async () => {
    const { execute } = createTestGateway();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          { weight: 3, arbitrary: mutated },
          { weight: 1, arbitrary: randomWords },
          { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
        ),
        variables,
        async (query, values) => {
          const response = await execute(query, values);
          expectTyped(response.status, response);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("in request bodies returns a typed error", async () => {
    const { gateway } = createTestGateway();
    const body = fc.oneof(
      fc.json(),
      fc.string({ unit: "binary" }),
      fc
        .record(
          {
            query: fc.oneof(fc.jsonValue(), fc.constantFrom(...documents)),
            variables: fc.jsonValue(),
            operationName: fc.jsonValue(),
            extensions: fc.jsonValue(),
          },
          { requiredKeys: [] },
        )
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        const response = await gateway.fetch("http://localhost/graphql", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: text,
        });
        expectTyped(response.status, (await response.json()) as Pick<GraphqlResponse, "errors">);
      }),
      { numRuns: 2_000 },
    );
  });

  it("in URL parameters returns a typed error", async () => {
    const { gateway } = createTestGateway();
    const parameters = fc.record(
      {
        query: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...documents)),
        variables: fc.oneof(fc.json(), fc.string()),
        operationName: fc.string(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(parameters, async (each) => {
        const response = await gateway.fetch(
          `http://localhost/graphql?${new URLSearchParams(each).toString()}`,
        );
        expectTyped(response.status, (await response.json()) as Pick<GraphqlResponse, "errors">);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is generated from valid documents", () => {
    for (const document of documents) expect(print(parse(document))).not.toBe("");
  });
});
