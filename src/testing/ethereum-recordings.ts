// Serves recorded requests and responses of Ethereum clients (execution-apis, `.io` files).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord } from "../lib/is-record.js";
import { fixturePath } from "./shared-fixtures.js";
import { StandInError, type StandInCall } from "./ethereum-stand-in.js";

type JsonObject = Readonly<Record<string, unknown>>;

/** All recorded data; transactions and receipts by transaction hash. */
export interface Recordings {
  readonly chainId: string;
  readonly blocks: readonly JsonObject[];
  readonly transactions: ReadonlyMap<string, JsonObject>;
  readonly receipts: ReadonlyMap<string, JsonObject>;
  /** Returns the recorded data for a call, also if another call recorded it. */
  respond(call: StandInCall): unknown;
}

/** Reads all recordings of the methods that the reader calls. */
export function readRecordings(): Recordings {
  const pairs = readdirSync(fixturePath("ethereum", "execution-apis")).flatMap(pairsOf);
  const results = pairs.flatMap(({ method, result }) => (isRecord(result) ? [{ method, result }] : []));
  const lists = pairs.flatMap(({ result }) => (Array.isArray(result) ? result.filter(isRecord) : []));
  const blocks = results
    .filter(({ method }) => method.startsWith("eth_getBlock"))
    .map(({ result }) => result);
  const inBlocks = blocks.flatMap(({ transactions }) =>
    Array.isArray(transactions) ? transactions.filter(isRecord) : [],
  );
  const single = results
    .filter(({ method }) => method === "eth_getTransactionByHash")
    .map(({ result }) => result);
  const transactions = new Map([...inBlocks, ...single].map((each) => [String(each["hash"]), each]));
  const receipts = new Map(
    [
      ...lists,
      ...results.filter(({ method }) => method === "eth_getTransactionReceipt").map(({ result }) => result),
    ]
      .filter((each) => "transactionHash" in each && "gasUsed" in each)
      .map((each) => [String(each["transactionHash"]), each]),
  );
  const chainId = String(pairs.find(({ method }) => method === "eth_chainId")?.result);
  const numbers = blocks.map(({ number }) => Number(number));

  const blockBy = (key: "number" | "hash", value: unknown, full: boolean): unknown => {
    const found = blocks.filter((block) => block[key] === value);
    const isFull = (block: JsonObject): boolean =>
      Array.isArray(block["transactions"]) && block["transactions"].every(isRecord);
    const block = found.find(isFull) ?? (full ? undefined : found[0]);
    if (block === undefined || full || !isFull(block)) return block ?? null;
    const hashes = Array.isArray(block["transactions"]) ? block["transactions"].filter(isRecord) : [];
    return { ...block, transactions: hashes.map(({ hash }) => hash) };
  };
  return {
    chainId,
    blocks,
    transactions,
    receipts,
    respond({ method, params: [first, second] }) {
      switch (method) {
        case "eth_chainId":
          return chainId;
        case "eth_blockNumber":
          return `0x${Math.max(...numbers).toString(16)}`;
        case "eth_getBlockByNumber":
          return blockBy(
            "number",
            first === "latest" ? `0x${Math.max(...numbers).toString(16)}` : first,
            second === true,
          );
        case "eth_getBlockByHash":
          return blockBy("hash", first, second === true);
        case "eth_getBlockReceipts":
          return [...receipts.values()].filter(({ blockNumber }) => blockNumber === first);
        case "eth_getTransactionByHash":
          return transactions.get(String(first)) ?? null;
        case "eth_getTransactionReceipt":
          return receipts.get(String(first)) ?? null;
        default:
          throw new StandInError(-32601, "Method not found");
      }
    },
  };
}

function pairsOf(method: string): { method: string; result: unknown }[] {
  const folder = fixturePath("ethereum", "execution-apis", method);
  return readdirSync(folder).map((file) => {
    const line = readFileSync(join(folder, file), "utf8")
      .split("\n")
      .find((each) => each.startsWith("<< "));
    const response: unknown = JSON.parse(line?.slice(3) ?? "{}");
    return { method, result: isRecord(response) ? response["result"] : undefined };
  });
}
