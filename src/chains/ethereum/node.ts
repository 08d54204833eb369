// One Ethereum node, asked in words of the chain: heights, transactions, balances.
// Imports only domain, chains/endpoint-error and its own folder.
// Never retries and never chooses: it says by EndpointError what is wrong, and others act on it.
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
import type { RpcAnswer, RpcCall, RpcClient } from "./rpc-client.js";
import { rpcFault } from "./rpc-errors.js";

/** What a node gives for a height. */
export type HeightOutcome =
  | { readonly kind: "whole"; readonly value: RawEthereumHeight }
  /** Block and receipts do not belong together: the chain moved in between, or the node is not done with the block. */
  | { readonly kind: "inconsistent"; readonly why: string }
  /** The node does not have it. */
  | { readonly kind: "missing"; readonly error: EndpointError };

/** A transaction with its receipt and its block; the block's other transactions are hashes. */
export interface RawEthereumTransaction {
  readonly block: RawEthereumBlock;
  readonly fields: Fields;
  readonly receipt: Fields;
}

export interface EthereumNode {
  chainId(signal: AbortSignal): Promise<string>;
  head(signal: AbortSignal): Promise<ChainHead>;
  /** One outcome a height, in order, and the length of what the node sent, in bytes. */
  heights(
    heights: readonly Height[],
    signal: AbortSignal,
  ): Promise<{ readonly outcomes: readonly HeightOutcome[]; readonly bytes: number }>;
  /** Rejects with a lacking EndpointError where the node knows no such transaction in a block. */
  transaction(hash: string, signal: AbortSignal): Promise<RawEthereumTransaction>;
  /** Wei that an account held after a height. */
  balance(account: string, height: Height, signal: AbortSignal): Promise<bigint>;
}

/** A block of the request, read as far as it is there. */
type Found = {
  readonly block: RawEthereumBlock;
  readonly transactions: readonly Fields[];
  readonly receipts: unknown;
};

/** Creates a node over a client. */
export function createEthereumNode(rpc: RpcClient): EthereumNode {
  /** Whether the node has `eth_getBlockReceipts`; found out at the first block. */
  let blockReceipts = true;

  async function request(calls: readonly RpcCall[], signal: AbortSignal): Promise<unknown[]> {
    const { answers } = await rpc.request(calls, signal);
    return calls.map(({ method }, at) => resultOf(answers[at], method));
  }

  /** Why the node has no block at a height: only its newest one can tell. */
  async function missingBlock(height: Height, signal: AbortSignal): Promise<EndpointError> {
    const [number] = await request([{ method: "eth_blockNumber", params: [] }], signal);
    const head = parseResponse(() => count({ number }, "number"));
    return height > head ? aboveHead(height, head) : pruned(height, `its newest block is ${head}`);
  }

  /** The receipts of each transaction of these blocks, one call a transaction. */
  async function singleReceipts(blocks: readonly Found[], signal: AbortSignal): Promise<Found[]> {
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

  function readBlock(height: Height, answers: readonly (RpcAnswer | undefined)[]): Found | HeightOutcome {
    const [blockAnswer, receiptsAnswer] = answers;
    try {
      const value = resultOf(blockAnswer, "eth_getBlockByNumber");
      if (value === null) return { kind: "missing", error: pruned(height, "it says nothing more") };
      const block = rawBlock(value);
      if (block.height !== height)
        return { kind: "inconsistent", why: `the block's number is ${block.height}` };
      const transactions = rawTransactions(block);
      if (receiptsAnswer !== undefined && isUnsupported(receiptsAnswer)) blockReceipts = false;
      const wanted = transactions.length > 0 && receiptsAnswer !== undefined && blockReceipts;
      return {
        block,
        transactions,
        receipts: wanted ? resultOf(receiptsAnswer, "eth_getBlockReceipts") : undefined,
      };
    } catch (error) {
      if (error instanceof MalformedError) return { kind: "inconsistent", why: error.message };
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
      const withReceipts = blockReceipts;
      const calls = heights.flatMap((height) => [
        { method: "eth_getBlockByNumber", params: [toHex(height), true] },
        ...(withReceipts ? [{ method: "eth_getBlockReceipts", params: [toHex(height)] }] : []),
      ]);
      const { answers, bytes } = await rpc.request(calls, signal);
      const stride = withReceipts ? 2 : 1;
      const read = heights.map((height, at) =>
        readBlock(height, answers.slice(at * stride, (at + 1) * stride)),
      );
      const found = read.filter((each) => "block" in each);
      const complete = blockReceipts ? found : await singleReceipts(found, signal);
      const byHeight = new Map(complete.map((each) => [each.block.height, each]));
      const outcomes: HeightOutcome[] = [];
      for (const [at, height] of heights.entries()) {
        const whole = byHeight.get(height);
        const outcome = read[at];
        if (whole !== undefined) outcomes.push(joinReceipts(whole));
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
      if (transaction === null) throw unknownTransaction(`The chain holds no transaction ${hash}.`);
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
        const same =
          hexField(receipt, "blockHash") === block.hash &&
          hexField(receipt, "transactionHash") === hash &&
          hexField({ hash: hashes[index] }, "hash") === hash;
        if (!same) throw new MalformedError(`transaction ${hash}, its receipt and its block do not agree`);
        return { block, fields, receipt };
      });
    },

    async balance(account, height, signal) {
      const { answers } = await rpc.request(
        [
          { method: "eth_getBalance", params: [account, toHex(height)] },
          { method: "eth_getBlockByNumber", params: [toHex(height), false] },
        ],
        signal,
      );
      // Some nodes answer for a height that they do not have: the block has to be there.
      if (resultOf(answers[1], "eth_getBlockByNumber") === null) throw await missingBlock(height, signal);
      const balance = resultOf(answers[0], "eth_getBalance");
      return parseResponse(() => quantity({ balance }, "balance"));
    },
  };
}

function joinReceipts({ block, transactions, receipts }: Found): HeightOutcome {
  try {
    const value = { ...block, transactions, receipts: rawReceipts(block, transactions, receipts) };
    return { kind: "whole", value };
  } catch (error) {
    if (error instanceof MalformedError) return { kind: "inconsistent", why: error.message };
    throw error;
  }
}

function resultOf(answer: RpcAnswer | undefined, method: string): unknown {
  if (answer === undefined) throw new EndpointError("unavailable", `it did not answer ${method}`);
  if ("result" in answer) return answer.result;
  const { error } = answer;
  const message = `${method}: ${error.message} (${error.code})`;
  if (rpcFault(error) !== "missing") throw new EndpointError("unavailable", message);
  const failure = new TaskFailure(`The node no longer has what was asked. ${message}.`, "other-worker", {
    type: "pruned",
    code: error.code,
  });
  throw new EndpointError("missing", message, { failure });
}

function isUnsupported(answer: RpcAnswer): boolean {
  return "error" in answer && rpcFault(answer.error) === "unsupported";
}

/** A node whose answer makes no sense is ill. */
function parseResponse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new EndpointError(
      "unavailable",
      `its answer makes no sense: ${error.message}`,
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

function pruned(height: Height, why: string): EndpointError {
  const message = `The node has no block ${height}, though ${why}: it was pruned, or the node still syncs.`;
  const failure = new TaskFailure(message, "other-worker", { type: "pruned", height });
  return new EndpointError("missing", message, { failure });
}

function unknownTransaction(message: string): EndpointError {
  return new EndpointError("missing", message, {
    failure: new TaskFailure(message, "never", { type: "not_found" }),
  });
}
