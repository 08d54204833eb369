import { describe, expect, it } from "vitest";
import { cannedBlock, cannedTransaction, cannedWorker, demo, second } from "../testing/canned-data.js";
import { createTestGateway, type GraphqlEvent } from "../testing/gateway.js";

async function take(
  events: AsyncGenerator<GraphqlEvent, void, undefined>,
  count: number,
): Promise<GraphqlEvent[]> {
  const list: GraphqlEvent[] = [];
  while (list.length < count) {
    const { value, done } = await events.next();
    if (done === true) break;
    list.push(value);
  }
  await events.return();
  return list;
}

describe("subscriptions", () => {
  it("deliver blocks when they are stored, and again after a reorganisation", async () => {
    const { subscribe, client } = createTestGateway();
    const events = take(
      subscribe(
        `subscription ($chain: ChainInput) { blocks(chain: $chain) { height hash chain { chainId head { height } } } }`,
        { chain: demo },
      ),
      2,
    );
    await expect.poll(client.open).toBe(1);
    expect(client.calls.find(({ name }) => name === "watchBlocks")?.args).toEqual([demo]);
    client.announce(cannedBlock(demo, 7));
    client.announce(cannedBlock(demo, 7, "-fork"));
    const block = (hash: string): unknown => ({
      data: { blocks: { height: 7, hash, chain: { chainId: "demo-1", head: { height: 20 } } } },
    });
    expect(await events).toEqual([block("demo-1-block-7"), block("demo-1-block-7-fork")]);
    await expect.poll(client.open).toBe(0);
  });

  it("read the chain again for each event", async () => {
    const { subscribe, client } = createTestGateway();
    const events = take(subscribe(`subscription { blocks { chain { head { height } } } }`), 3);
    await expect.poll(client.open).toBe(1);
    for (const height of [1, 2, 3]) client.announce(cannedBlock(demo, height));
    await events;
    expect(client.calls.filter(({ name }) => name === "chain")).toHaveLength(3);
  });

  it("deliver matching transactions with the selected columns", async () => {
    const { subscribe, client } = createTestGateway();
    const query = `subscription { transactions(filter: { network: "demo", accounts: { any: ["account-1"] }, heights: { gt: 5 } }) { hash events { kind } block { hash } } }`;
    const events = take(subscribe(query), 1);
    await expect.poll(client.open).toBe(1);
    client.announceTransaction(cannedTransaction(cannedBlock(second, 3), 1));
    expect(await events).toEqual([
      {
        data: {
          transactions: {
            hash: "demo-2-block-3-tx-1",
            events: [{ kind: "send" }],
            block: { hash: "demo-2-block-3" },
          },
        },
      },
    ]);
    expect(client.calls.find(({ name }) => name === "watchTransactions")?.args).toEqual([
      { network: "demo", accounts: { any: ["account-1"] }, heights: { gt: 5 } },
      { events: true, raw: false, rawLog: false },
    ]);
  });

  it.each(["hash", "blockHash", "memo"])("reject a transaction filter by %s", async (name) => {
    const { subscribe, client } = createTestGateway();
    const [event] = await take(
      subscribe(`subscription { transactions(filter: { ${name}: "x" }) { hash } }`),
      1,
    );
    expect(event?.errors).toMatchObject([
      { path: ["transactions"], extensions: { code: "BAD_USER_INPUT", argument: `filter.${name}` } },
    ]);
    expect(client.open()).toBe(0);
  });

  it("deliver the current status of each worker, then its changes", async () => {
    const { subscribe, client } = createTestGateway();
    const events = subscribe(`subscription { workers(network: "demo") { workerId state inFlight } }`);
    expect((await events.next()).value).toEqual({
      data: { workers: { workerId: "worker-1", state: "ONLINE", inFlight: 1 } },
    });
    client.announceWorker({ ...cannedWorker, state: "DRAINING", inFlight: 0 });
    expect((await events.next()).value).toEqual({
      data: { workers: { workerId: "worker-1", state: "DRAINING", inFlight: 0 } },
    });
    expect(client.calls.find(({ name }) => name === "watchWorkers")?.args).toEqual([{ network: "demo" }]);
    await events.return();
    await expect.poll(client.open).toBe(0);
  });

  it("end with SHUTTING_DOWN when the gateway closes", async () => {
    const { subscribe, gateway, client } = createTestGateway();
    const events = take(subscribe(`subscription { blocks { height } }`), 5);
    await expect.poll(client.open).toBe(1);
    await gateway.close();
    expect(await events).toMatchObject([
      { errors: [{ extensions: { code: "SHUTTING_DOWN", retryable: true } }] },
    ]);
    expect(client.open()).toBe(0);
  });
});
