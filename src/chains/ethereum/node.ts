// Reads heights, transactions and balances from one Ethereum node.
// Imports only domain, chains/endpoint-error and its own folder.
// Never retries and never selects a node: it reports faults by EndpointError.
import type { ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import { TaskFailure } from "../../domain/task.js";
import { EndpointError } from "../endpoint-error.js";
import { count, fieldsOf, hexField, listOf, MalformedError, quantity, toHex, type Fields } from "./fields.js";
import {
  rawBlock,
  rawReceipts,
  rawTransactions,
  type RawEthereumBlock,
  type RawEthereumHeight,
} from "./raw-height.js";
import type { RpcResponse, RpcCall, RpcClient } from "./rpc-client.js";
import { rpcFault } from "./rpc-errors.js";

/** A node's data of a height. */
export type HeightOutcome =
  | { readonly kind: "complete"; readonly value: RawEthereumHeight }
  /** Block and receipts do not belong together: the chain changed in between, or the node still stores the block. */
  | { readonly kind: "inconsistent"; readonly reason: string }
  /** The node does not have the height. */
  | { readonly kind: "missing"; readonly error: EndpointError };

/** A transaction with its receipt and its block; the block's other transactions are hashes. */
export interface RawEthereumTransaction {
  readonly block: RawEthereumBlock;
  readonly fields: Fields;
  readonly receipt: Fields;
}

/** Reads one Ethereum node. */
export interface EthereumNode {
  /** Returns the decimal chain id. */
  chainId(signal: AbortSignal): Promise<string>;
  /** Returns the newest block. */
  head(signal: AbortSignal): Promise<ChainHead>;
  /** Returns one outcome for each height, in order, and the size of the responses in bytes. */
  heights(
    heights: readonly Height[],
    signal: AbortSignal,
  ): Promise<{ readonly outcomes: readonly HeightOutcome[]; readonly bytes: number }>;
  /** Rejects with a `missing` EndpointError if no block of the node contains the transaction. */
  transaction(hash: string, signal: AbortSignal): Promise<RawEthereumTransaction>;
  /** Returns an account's balance after a height, in wei. */
  balance(account: string, height: Height, signal: AbortSignal): Promise<bigint>;
}

/** A block with its transactions and unchecked receipts. */
type FetchedBlock = {
  readonly block: RawEthereumBlock;
  readonly transactions: readonly Fields[];
  readonly receipts: unknown;
};

/** Creates a reader of the node that the client calls. */
export function createEthereumNode(rpc: RpcClient): EthereumNode {
  /** Whether the node supports `eth_getBlockReceipts`; the first block shows it. */
  let supportsBlockReceipts = true;

  async function request(calls: readonly RpcCall[], signal: AbortSignal): Promise<unknown[]> {
    const { responses } = await rpc.request(calls, signal);
    return calls.map(({ method }, at) => resultOf(responses[at], method));
  }

  /** Explains why the node has no block at a height: the height is above its head, or the node pruned it. */
  async function missingBlock(height: Height, signal: AbortSignal): Promise<EndpointError> {
    const [number] = await request([{ method: "eth_blockNumber", params: [] }], signal);
    const head = parseResponse(() => count({ number }, "number"));
    return height > head ? aboveHead(height, head) : pruned(height, `its newest block is ${head}`);
  }

  /** Reads the receipts of these blocks with one call for each transaction. */
  async function singleReceipts(
    blocks: readonly FetchedBlock[],
    signal: AbortSignal,
  ): Promise<FetchedBlock[]> {
    const calls = blocks.flatMap(({ transactions }) =>
      transactions.map(({ hash }) => ({ method: "eth_getTransactionReceipt", params: [hash] })),
    );
    const receipts = calls.length === 0 ? [] : await request(calls, signal);
    let at = 0;
    return blocks.map((found) => {
      const own = receipts.slice(at, at + found.transactions.length);
      at += found.transactions.length;
      return { ...found, receipts: own };
    });
  }

  function readBlock(
    height: Height,
    responses: readonly (RpcResponse | undefined)[],
  ): FetchedBlock | HeightOutcome {
    const [blockResponse, receiptsResponse] = responses;
    try {
      const value = resultOf(blockResponse, "eth_getBlockByNumber");
      if (value === null) return { kind: "missing", error: pruned(height, "it reports no reason") };
      const block = rawBlock(value);
      if (block.height !== height)
        return { kind: "inconsistent", reason: `the block's number is ${block.height}` };
      const transactions = rawTransactions(block);
      if (receiptsResponse !== undefined && isUnsupported(receiptsResponse)) supportsBlockReceipts = false;
      const usesReceipts = transactions.length > 0 && receiptsResponse !== undefined && supportsBlockReceipts;
      return {
        block,
        transactions,
        receipts: usesReceipts ? resultOf(receiptsResponse, "eth_getBlockReceipts") : undefined,
      };
    } catch (error) {
      if (error instanceof MalformedError) return { kind: "inconsistent", reason: error.message };
      if (error instanceof EndpointError && error.fault === "missing") return { kind: "missing", error };
      throw error;
    }
  }

  return {
    async chainId(signal) {
      const [id] = await request([{ method: "eth_chainId", params: [] }], signal);
      return parseResponse(() => quantity({ id }, "id").toString());
    },

    async head(signal) {
      const [value] = await request([{ method: "eth_getBlockByNumber", params: ["latest", false] }], signal);
      return parseResponse(() => {
        const { fields, height, hash } = rawBlock(value);
        return { height, hash, time: quantity(fields, "timestamp") * 1_000_000_000n };
      });
    },

    async heights(heights, signal) {
      const withReceipts = supportsBlockReceipts;
      const calls = heights.flatMap((height) => [
        { method: "eth_getBlockByNumber", params: [toHex(height), true] },
        ...(withReceipts ? [{ method: "eth_getBlockReceipts", params: [toHex(height)] }] : []),
      ]);
      const { responses, bytes } = await rpc.request(calls, signal);
      const stride = withReceipts ? 2 : 1;
      const read = heights.map((height, at) =>
        readBlock(height, responses.slice(at * stride, (at + 1) * stride)),
      );
      const found = read.filter((each) => "block" in each);
      const withAllReceipts = supportsBlockReceipts ? found : await singleReceipts(found, signal);
      const byHeight = new Map(withAllReceipts.map((each) => [each.block.height, each]));
      const outcomes: HeightOutcome[] = [];
      for (const [at, height] of heights.entries()) {
        const complete = byHeight.get(height);
        const outcome = read[at];
        if (complete !== undefined) outcomes.push(joinReceipts(complete));
        else if (outcome !== undefined && "kind" in outcome)
          outcomes.push(await explainMissing(outcome, height));
      }
      return { outcomes, bytes };

      async function explainMissing(outcome: HeightOutcome, height: Height): Promise<HeightOutcome> {
        if (outcome.kind !== "missing") return outcome;
        return { kind: "missing", error: await missingBlock(height, signal) };
      }
    },

    async transaction(hash, signal) {
      const calls = ["eth_getTransactionByHash", "eth_getTransactionReceipt"].map((method) => ({
        method,
        params: [hash],
      }));
      const [transaction, receiptValue] = await request(calls, signal);
      if (transaction === null) throw unknownTransaction(`The chain has no transaction ${hash}.`);
      const fields = parseResponse(() => fieldsOf(transaction, "transaction"));
      if (fields["blockHash"] === null || receiptValue === null) {
        throw unknownTransaction(`Transaction ${hash} is not in a block yet.`);
      }
      const params = [fields["blockHash"], false];
      const [blockValue] = await request([{ method: "eth_getBlockByHash", params }], signal);
      return parseResponse(() => {
        const block = rawBlock(blockValue);
        const receipt = fieldsOf(receiptValue, "receipt");
        const index = count(fields, "transactionIndex");
        const hashes = listOf(block.fields["transactions"], "transactions");
        const consistent =
          hexField(receipt, "blockHash") === block.hash &&
          hexField(receipt, "transactionHash") === hash &&
          hexField({ hash: hashes[index] }, "hash") === hash;
        if (!consistent)
          throw new MalformedError(`transaction ${hash}, its receipt and its block are inconsistent`);
        return { block, fields, receipt };
      });
    },

    async balance(account, height, signal) {
      const { responses } = await rpc.request(
        [
          { method: "eth_getBalance", params: [account, toHex(height)] },
          { method: "eth_getBlockByNumber", params: [toHex(height), false] },
        ],
        signal,
      );
      // Some nodes return a balance for a height that they do not have, therefore the block must exist.
      if (resultOf(responses[1], "eth_getBlockByNumber") === null) throw await missingBlock(height, signal);
      const balance = resultOf(responses[0], "eth_getBalance");
      return parseResponse(() => quantity({ balance }, "balance"));
    },
  };
}

function joinReceipts({ block, transactions, receipts }: FetchedBlock): HeightOutcome {
  try {
    const value = { ...block, transactions, receipts: rawReceipts(block, transactions, receipts) };
    return { kind: "complete", value };
  } catch (error) {
    if (error instanceof MalformedError) return { kind: "inconsistent", reason: error.message };
    throw error;
  }
}

function resultOf(response: RpcResponse | undefined, method: string): unknown {
  if (response === undefined) throw new EndpointError("unavailable", `it returned no response to ${method}`);
  if ("result" in response) return response.result;
  const { error } = response;
  const message = `${method}: ${error.message} (${error.code})`;
  if (rpcFault(error) !== "missing") throw new EndpointError("unavailable", message);
  const failure = new TaskFailure(`The node does not have the requested data. ${message}.`, "other-worker", {
    type: "pruned",
    code: error.code,
  });
  throw new EndpointError("missing", message, { failure });
}

function isUnsupported(response: RpcResponse): boolean {
  return "error" in response && rpcFault(response.error) === "unsupported";
}

/** Converts a MalformedError into the fault `unavailable`: the node is unhealthy. */
function parseResponse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new EndpointError(
      "unavailable",
      `its response is malformed: ${error.message}`,
      {},
      { cause: error },
    );
  }
}

function aboveHead(height: Height, head: Height): EndpointError {
  const message = `Height ${height} is above the chain's head ${head}.`;
  const failure = new TaskFailure(message, "other-worker", { type: "above_head", height });
  return new EndpointError("missing", message, { failure });
}

function pruned(height: Height, detail: string): EndpointError {
  const message = `The node has no block ${height} (${detail}): it was pruned, or the node still syncs.`;
  const failure = new TaskFailure(message, "other-worker", { type: "pruned", height });
  return new EndpointError("missing", message, { failure });
}

function unknownTransaction(message: string): EndpointError {
  return new EndpointError("missing", message, {
    failure: new TaskFailure(message, "never", { type: "not_found" }),
  });
}
