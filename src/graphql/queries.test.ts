import { describe, expect, it } from "vitest";
import { demo, perBlock, second, stored } from "../testing/canned-data.js";
import { createTestGateway } from "../testing/gateway.js";

const chain = `chain: { network: "demo", chainId: "demo-1" }`;

describe("chains", () => {
  it("returns the stored data of a chain, with one read for many fields", async () => {
    const { execute, client } = createTestGateway();
    const { data, errors } = await execute(
      `{ chains { id network chainId head { height hash } networkHead { height observedAt } lag firstHeight quarantined
         indexed(from: 3) { from to } coverage(from: 10, to: 25) { from to complete blocks transactions missingBlocks { from to } missingTransactions { from } }
         transactionCount { value exact } workers { workerId } } }`,
    );
    expect(errors).toBeUndefined();
    expect(data?.["chains"]).toHaveLength(2);
    expect(data?.["chains"]).toMatchObject([
      {
        network: "demo",
        chainId: "demo-1",
        head: { height: stored },
        networkHead: { height: stored + 5, observedAt: "2020-09-13T12:26:40Z" },
        lag: 5,
        firstHeight: 1,
        quarantined: 2,
        indexed: [{ from: 3, to: stored }],
        coverage: {
          from: 10,
          to: 25,
          complete: false,
          blocks: "11",
          transactions: "33",
          missingBlocks: [{ from: 21, to: 25 }],
          missingTransactions: [],
        },
        transactionCount: { value: String(stored * perBlock), exact: false },
        workers: [{ workerId: "worker-1" }],
      },
      { chainId: "demo-2", workers: [] },
    ]);
    expect(client.calls.filter(({ name }) => name === "chains" || name === "chain")).toHaveLength(1);
  });

  it("returns null for an unknown chain", async () => {
    const { execute } = createTestGateway();
    expect(await execute(`{ chain(network: "demo", chainId: "nowhere") { id } }`)).toMatchObject({
      status: 200,
      data: { chain: null },
    });
  });
});

describe("blocks and transactions", () => {
  it("finds a block by height and by hash", async () => {
    const { execute } = createTestGateway();
    const { data } = await execute(
      `{ a: block(${chain}, by: { height: 3 }) { hash time parentHash proposer epoch transactionCount }
         b: block(${chain}, by: { hash: "demo-1-block-3" }) { height }
         c: block(${chain}, by: { height: 999 }) { height } }`,
    );
    expect(data).toEqual({
      a: {
        hash: "demo-1-block-3",
        time: "2020-09-13T12:26:43.000000003Z",
        parentHash: "demo-1-block-2",
        proposer: "validator-1",
        epoch: null,
        transactionCount: perBlock,
      },
      b: { height: 3 },
      c: null,
    });
  });

  it("returns every part of a transaction, with all digits and nanoseconds", async () => {
    const { execute } = createTestGateway();
    const { data } = await execute(
      `{ transaction(${chain}, hash: "demo-1-block-3-tx-1") {
           height index hash blockHash time types parties senders recipients memo hasErrors gasWanted gasUsed raw rawLog
           fee { text currency numeric exp } chain { chainId } block { height }
           events { key kind sub { type sender { account { address name } amounts { numeric } } node { role accounts { address } }
             amount { name amount { text } } additional { name values } completion error transfers { name } sub { type error sub { type } } } } } }`,
    );
    expect(data?.["transaction"]).toEqual({
      height: 3,
      index: 1,
      hash: "demo-1-block-3-tx-1",
      blockHash: "demo-1-block-3",
      time: "2020-09-13T12:26:43.000000003Z",
      types: ["send", "inner"],
      parties: ["account-1", "receiver"],
      senders: ["account-1"],
      recipients: ["receiver"],
      memo: "memo 1",
      hasErrors: false,
      gasWanted: "9007199254740993",
      gasUsed: "21000",
      raw: "AAEC/w==",
      rawLog: "bG9n",
      fee: [{ text: "5coin", currency: "coin", numeric: "5000000000000000000000", exp: 3 }],
      chain: { chainId: "demo-1" },
      block: { height: 3 },
      events: [
        {
          key: "0",
          kind: "send",
          sub: [
            {
              type: ["send"],
              sender: [
                {
                  account: { address: "account-1", name: null },
                  amounts: [{ numeric: "5000000000000000000000" }],
                },
              ],
              node: [{ role: "fee_payer", accounts: [{ address: "account-1" }] }],
              amount: [{ name: "value", amount: { text: "5coin" } }],
              additional: [{ name: "note", values: ["a", "b"] }],
              completion: "2021-03-04T05:06:07.000000008Z",
              error: null,
              transfers: [],
              sub: [{ type: ["inner"], error: "inner failure", sub: [] }],
            },
          ],
        },
      ],
    });
  });

  it("reads only the selected columns, also inside fragments", async () => {
    const { execute, client } = createTestGateway();
    const columnsOf = async (query: string): Promise<unknown> => {
      await execute(query);
      return client.calls
        .findLast(({ name }) => name === "transactions" || name === "transactionByHash")
        ?.args.at(-1);
    };
    expect(await columnsOf(`{ transactions { nodes { hash } } }`)).toEqual({
      events: false,
      raw: false,
      rawLog: false,
    });
    expect(
      await columnsOf(
        `{ transactions { nodes { hash } edges { node { ...F } } } } fragment F on Transaction { log: rawLog ... { events { key } } }`,
      ),
    ).toEqual({ events: true, raw: false, rawLog: true });
    expect(await columnsOf(`{ transaction(${chain}, hash: "x") { raw } }`)).toEqual({
      events: false,
      raw: true,
      rawLog: false,
    });
  });

  it("reads the blocks and the chains of a page with one call each", async () => {
    const { execute, client } = createTestGateway();
    const { data } = await execute(
      `{ transactions(first: 60) { nodes { block { hash } chain { head { height } } } } }`,
    );
    expect(data?.["transactions"]).toMatchObject({
      nodes: Array.from({ length: 60 }, () => ({ chain: { head: { height: stored } } })),
    });
    expect(client.calls.filter(({ name }) => name === "blocksAt")).toHaveLength(2);
    expect(client.calls.filter(({ name }) => name === "chain" || name === "chains")).toHaveLength(1);
  });

  it("counts only if selected, and exactly only if requested", async () => {
    const { execute, client } = createTestGateway();
    await execute(`{ transactions { nodes { hash } } }`);
    expect(client.calls.some(({ name }) => name === "countTransactions")).toBe(false);
    const { data } = await execute(
      `{ transactions(first: 0) { nodes { hash } totalCount(exact: true) { value exact } } }`,
    );
    expect(data?.["transactions"]).toEqual({ nodes: [], totalCount: { value: "120", exact: true } });
  });
});

describe("pages", () => {
  it("returns every item once, in order, over all pages", async () => {
    const { execute } = createTestGateway();
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { data } = await execute(
        `query ($after: String) { transactions(filter: { network: "demo", chainIds: ["demo-1"] }, first: 7, after: $after) {
           nodes { hash } pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
      const page = data?.["transactions"] as {
        nodes: { hash: string }[];
        pageInfo: { hasNextPage: boolean; endCursor: string };
      };
      seen.push(...page.nodes.map(({ hash }) => hash));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toHaveLength(stored * perBlock);
    expect(new Set(seen).size).toBe(stored * perBlock);
    expect(seen[0]).toBe("demo-1-block-20-tx-2");
  });

  it("returns the last items, and the items before a cursor", async () => {
    const { execute } = createTestGateway();
    const { data } = await execute(
      `{ blocks(filter: { ${chain} }, order: OLDEST_FIRST, last: 2) { nodes { height } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor } } }`,
    );
    expect(data?.["blocks"]).toMatchObject({
      nodes: [{ height: 19 }, { height: 20 }],
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
    const { startCursor } = (data?.["blocks"] as { pageInfo: { startCursor: string } }).pageInfo;
    const back = await execute(
      `query ($before: String) { blocks(filter: { ${chain} }, order: OLDEST_FIRST, last: 3, before: $before) { nodes { height } } }`,
      { before: startCursor },
    );
    expect(back.data?.["blocks"]).toEqual({ nodes: [{ height: 16 }, { height: 17 }, { height: 18 }] });
  });

  it("returns the page that ends at a cursor if 'before' is alone", async () => {
    const { execute, client } = createTestGateway();
    const { data } = await execute(
      `{ blocks(filter: { ${chain} }, order: OLDEST_FIRST, last: 2) { pageInfo { startCursor } } }`,
    );
    const { startCursor } = (data?.["blocks"] as { pageInfo: { startCursor: string } }).pageInfo;
    const back = await execute(
      `query ($before: String) { blocks(filter: { ${chain} }, order: OLDEST_FIRST, before: $before) { nodes { height } } }`,
      { before: startCursor },
    );
    expect(client.calls.findLast(({ name }) => name === "blocks")?.args[1]).toMatchObject({
      limit: 50,
      fromEnd: true,
      before: { height: 19 },
    });
    expect((back.data?.["blocks"] as { nodes: unknown[] }).nodes.at(-1)).toEqual({ height: 18 });
  });

  it("returns the transactions of a block in order, 50 by default, and allows last without first", async () => {
    const { execute, client } = createTestGateway();
    const { data } = await execute(
      `{ block(${chain}, by: { height: 2 }) { transactions { nodes { index } } end: transactions(last: 1) { nodes { index } } } }`,
    );
    expect(data?.["block"]).toEqual({
      transactions: { nodes: [{ index: 0 }, { index: 1 }, { index: 2 }] },
      end: { nodes: [{ index: 2 }] },
    });
    expect(client.calls.findLast(({ name }) => name === "transactions")?.args[0]).toMatchObject({
      heights: { eq: 2 },
      blockHash: "demo-1-block-2",
    });
    const both = await execute(
      `{ block(${chain}, by: { height: 2 }) { transactions(first: 50, last: 1) { nodes { index } } } }`,
    );
    expect(both.errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument: "last" });
  });

  it("returns 100 transactions and 50 blocks by default", async () => {
    const { execute, client } = createTestGateway();
    await execute(`{ transactions { nodes { hash } } blocks(filter: { ${chain} }) { nodes { hash } } }`);
    expect(client.calls.find(({ name }) => name === "transactions")?.args[1]).toEqual({
      order: "NEWEST_FIRST",
      limit: 100,
    });
    expect(client.calls.find(({ name }) => name === "blocks")?.args[1]).toEqual({
      order: "NEWEST_FIRST",
      limit: 50,
    });
  });

  it("returns an empty page with page info for a size of 0", async () => {
    const { execute } = createTestGateway();
    const { data } = await execute(
      `{ blocks(filter: { ${chain} }, first: 0) { nodes { height } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
    );
    expect(data?.["blocks"]).toEqual({
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });

  it.each([
    ["first: 1", "last: 1"],
    ["after: $cursor", "before: $cursor"],
    ["first: 1", "before: $cursor"],
    ["last: 1", "after: $cursor"],
  ])("rejects %s with %s, also with a valid cursor", async (one, two) => {
    const { execute } = createTestGateway();
    const { data } = await execute("{ transactions(first: 1) { pageInfo { endCursor } } }");
    const { endCursor } = (data?.["transactions"] as { pageInfo: { endCursor: string } }).pageInfo;
    const given = `${one}, ${two}`.replaceAll("$cursor", JSON.stringify(endCursor));
    const { errors } = await execute(`{ transactions(${given}) { nodes { hash } } }`);
    expect(errors?.[0]?.message).toMatch(/exclude each other/);
  });

  it("accepts the largest page", async () => {
    const { execute } = createTestGateway();
    for (const argument of ["first", "last"]) {
      const { errors } = await execute(`{ transactions(${argument}: 1000) { nodes { hash } } }`);
      expect(errors).toBeUndefined();
    }
  });

  it.each([
    ["first: 5, last: 5", "last"],
    ["first: -1", "first"],
    ["first: 1001", "first"],
    ["last: 1001", "last"],
    [`after: "x", before: "y"`, "before"],
    [`first: 1, before: "y"`, "before"],
    [`last: 1, after: "y"`, "after"],
    [`after: "nonsense"`, "after"],
    [`after: ""`, "after"],
    [`before: "WyJiIiwxXQ"`, "before"],
    [`after: "WyJ0Iiw1LC0xLCJhIiwiYiJd"`, "after"],
  ])("rejects transactions(%s) and names the argument", async (args, argument) => {
    const { execute, client } = createTestGateway();
    const { errors, data } = await execute(`{ transactions(${args}) { nodes { hash } } }`);
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      { path: ["transactions"], extensions: { code: "BAD_USER_INPUT", retryable: false, argument } },
    ]);
    expect(client.calls).toEqual([]);
  });
});

describe("filters", () => {
  it.each([
    [`heights: { gte: 5, lte: 4 }`, "filter.heights"],
    [`heights: { gt: 5, lt: 6 }`, "filter.heights"],
    [`heights: { eq: 5, gt: 5 }`, "filter.heights"],
    [`time: { gte: "2021-01-02T00:00:00Z", lt: "2021-01-02T00:00:00Z" }`, "filter.time"],
    [`chainIds: []`, "filter.chainIds"],
    [`types: { any: [] }`, "filter.types.any"],
    [`accounts: { all: [] }`, "filter.accounts.all"],
    [`heights: { gte: "x" }`, "filter.heights.gte"],
    [`heights: { gte: -1 }`, "filter.heights.gte"],
    [`heights: { gte: 9007199254740992 }`, "filter.heights.gte"],
    [`time: { gte: "yesterday" }`, "filter.time.gte"],
    [`time: { gte: "2021-01-01T00:00:00" }`, "filter.time.gte"],
    [`types: { any: ["a"], all: ["b"] }`, "filter.types"],
    [`types: {}`, "filter.types"],
    [`heigths: { gte: 1 }`, "filter.heigths"],
  ])("rejects { %s } and names the path of the argument", async (filter, argument) => {
    const { execute, client } = createTestGateway();
    const { errors } = await execute(`{ transactions(filter: { ${filter} }) { nodes { hash } } }`);
    expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument, retryable: false });
    expect(client.calls).toEqual([]);
  });

  it("rejects wrong variables and names their path", async () => {
    const { execute } = createTestGateway();
    const query = `query ($filter: TransactionFilter) { transactions(filter: $filter) { nodes { hash } } }`;
    for (const [filter, argument] of [
      [{ heights: { gte: "x" } }, "filter.heights.gte"],
      [{ unknown: 1 }, "filter.unknown"],
      [{ types: { any: ["a"], all: ["b"] } }, "filter.types"],
      [{ time: { gte: 5 } }, "filter.time.gte"],
    ] as const) {
      const { errors, status } = await execute(query, { filter });
      expect(status).toBe(400);
      expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument });
    }
  });

  it("parses each bound, and heights from numbers and strings", async () => {
    const { execute, client } = createTestGateway();
    const { errors } = await execute(
      `{ transactions(filter: { network: "demo", heights: { gte: 1, lt: "9007199254740991" }, time: { gt: "2021-03-04T05:06:07.123456789+01:00" }, hasErrors: false, memo: null, types: { all: ["send"] } }) { nodes { hash } } }`,
    );
    expect(errors).toBeUndefined();
    expect(client.calls[0]?.args[0]).toEqual({
      network: "demo",
      heights: { gte: 1, lt: 9_007_199_254_740_991 },
      time: { gt: 1_614_830_767_123_456_789n },
      hasErrors: false,
      types: { all: ["send"] },
    });
  });

  it("rejects a list that is too long and reports the limit", async () => {
    const { execute } = createTestGateway();
    const { errors } = await execute(
      `query ($any: [String!]!) { transactions(filter: { types: { any: $any } }) { nodes { hash } } }`,
      { any: Array.from({ length: 1001 }, String) },
    );
    expect(errors?.[0]?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      argument: "filter.types.any",
      limit: 1000,
      actual: 1001,
    });
  });
});

describe("minHeight", () => {
  it("waits for one chain, then returns the data", async () => {
    const { execute, client } = createTestGateway();
    const { data, errors } = await execute(
      `{ chain(network: "demo", chainId: "demo-1", minHeight: 5) { chainId }
         block(${chain}, by: { height: 5 }, minHeight: 5) { height }
         transaction(${chain}, hash: "demo-1-block-5-tx-0", minHeight: 5) { index }
         transactions(filter: { network: "demo", chainIds: ["demo-1"] }, minHeight: 5, first: 1) { nodes { index } } }`,
    );
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({
      chain: { chainId: "demo-1" },
      block: { height: 5 },
      transaction: { index: 0 },
    });
    expect(client.calls.filter(({ name }) => name === "waitForHeight").map(({ args }) => args)).toEqual(
      Array.from({ length: 4 }, () => [demo, 5]),
    );
  });

  it("fails only its own field, with the stored height", async () => {
    const { execute } = createTestGateway();
    const { status, data, errors } = await execute(
      `{ chain(network: "demo", chainId: "demo-1", minHeight: 99) { chainId } other: chain(network: "demo", chainId: "demo-2") { chainId } }`,
    );
    expect(status).toBe(200);
    expect(data).toEqual({ chain: null, other: { chainId: second.chainId } });
    expect(errors).toMatchObject([
      {
        path: ["chain"],
        extensions: { code: "NOT_YET_INDEXED", retryable: true, height: stored, chain: "demo/demo-1" },
      },
    ]);
  });

  it.each([`{ network: "demo" }`, `{ chainIds: ["a"] }`, `{ network: "demo", chainIds: ["a", "b"] }`])(
    "requires exactly one chain in %s",
    async (filter) => {
      const { execute } = createTestGateway();
      const { errors } = await execute(
        `{ transactions(filter: ${filter}, minHeight: 1) { nodes { hash } } }`,
      );
      expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", argument: "minHeight" });
    },
  );
});

describe("node", () => {
  it("returns each object by its id", async () => {
    const { execute } = createTestGateway();
    const { data } = await execute(
      `{ chain(network: "demo", chainId: "demo-1") { id } block(${chain}, by: { height: 4 }) { id } transaction(${chain}, hash: "demo-1-block-4-tx-1") { id } workers { id } }`,
    );
    const {
      chain: { id: a },
      block: { id: b },
      transaction: { id: c },
      workers: [{ id: d }],
    } = data as {
      chain: { id: string };
      block: { id: string };
      transaction: { id: string };
      workers: [{ id: string }];
    };
    const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Chain { chainId } ... on Block { height } ... on Transaction { index raw } ... on Worker { workerId } } }`;
    const found = await execute(query, { ids: [a, b, c, d] });
    expect(found.errors).toBeUndefined();
    expect(found.data?.["nodes"]).toEqual([
      { __typename: "Chain", id: a, chainId: "demo-1" },
      { __typename: "Block", id: b, height: 4 },
      { __typename: "Transaction", id: c, index: 1, raw: "AAEC/w==" },
      { __typename: "Worker", id: d, workerId: "worker-1" },
    ]);
  });

  it("returns null if a reorganisation replaced the transaction", async () => {
    const { execute, client } = createTestGateway();
    const { data } = await execute(
      `{ transaction(${chain}, hash: "demo-1-block-4-tx-1") { id } block(${chain}, by: { height: 4 }) { id } }`,
    );
    const { transaction, block } = data as { transaction: { id: string }; block: { id: string } };
    client.reorganise(4);
    const { data: after } = await execute(
      `query ($a: ID!, $b: ID!) { a: node(id: $a) { id } b: node(id: $b) { id } }`,
      { a: transaction.id, b: block.id },
    );
    expect(after).toEqual({ a: null, b: null });
  });

  it("rejects ids of other services and names their positions", async () => {
    const { execute } = createTestGateway();
    const valid = Buffer.from(JSON.stringify(["Chain", "demo", "demo-1"])).toString("base64url");
    const { data, errors } = await execute(`query ($ids: [ID!]!) { nodes(ids: $ids) { id } }`, {
      ids: [valid, "nonsense", "", `${valid}=`, Buffer.from(`["Block",1,2,3]`).toString("base64url")],
    });
    expect(data?.["nodes"]).toEqual([{ id: valid }, null, null, null, null]);
    expect(errors?.map(({ path, extensions }) => [path, extensions["code"], extensions["argument"]])).toEqual(
      [1, 2, 3, 4].map((place) => [["nodes", place], "BAD_USER_INPUT", `ids.${place}`]),
    );
    const one = await execute(`{ node(id: "nonsense") { id } }`);
    expect(one).toMatchObject({
      status: 200,
      data: { node: null },
      errors: [{ path: ["node"], extensions: { code: "BAD_USER_INPUT", argument: "id" } }],
    });
  });
});

describe("workers and the manager", () => {
  it("are returned with all fields", async () => {
    const { execute, client } = createTestGateway();
    const { data } = await execute(
      `{ workers(network: "demo") { workerId network chainId version address state lastSeen lastSent inFlight capacity tasksDone tasksFailed pingMs capabilities }
         manager { id version startedAt database pubsub } }`,
    );
    expect(data).toEqual({
      workers: [
        {
          workerId: "worker-1",
          network: "demo",
          chainId: "demo-1",
          version: "1.0.0",
          address: "127.0.0.1:4000",
          state: "ONLINE",
          lastSeen: "2020-09-13T12:26:40Z",
          lastSent: null,
          inFlight: 1,
          capacity: 8,
          tasksDone: "7",
          tasksFailed: "0",
          pingMs: 1.5,
          capabilities: ["credit", "cancel"],
        },
      ],
      manager: {
        id: "manager-1",
        version: "9.9.9",
        startedAt: "2020-09-13T12:26:40Z",
        database: "canned",
        pubsub: "memory",
      },
    });
    expect(client.calls[0]).toEqual({ name: "workers", args: [{ network: "demo" }] });
  });
});
