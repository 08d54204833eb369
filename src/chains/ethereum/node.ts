// One Ethereum node, asked in words of the chain: heights, transactions, balances.
// Imports only domain, chains/endpoint-error and its own folder.
// Never retries and never chooses: it says by EndpointError what is wrong, and others act on it.
import type { ChainHead } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import { TaskFailure } from "../../domain/task.js";
import { EndpointError } from "../endpoint-error.js";
import { count, fieldsOf, hexField, listOf, MalformedError, quantity, toHex, type Fields } from "./fields.js";
import { rawBlock, rawReceipts, rawTransactions, type RawBlock, type RawHeight } from "./raw-height.js";
import type { RpcAnswer, RpcCall, RpcClient } from "./rpc-client.js";
import { rpcFault } from "./rpc-errors.js";

/** What a node gives for a height. */
export type HeightOutcome =
  | { readonly kind: "whole"; readonly value: RawHeight }
  /** Block and receipts do not belong together: the chain moved in between, or the node is not done with the block. */
  | { readonly kind: "torn"; readonly why: string }
  /** The node does not have it. */
  | { readonly kind: "lacking"; readonly error: EndpointError };

/** A transaction with its receipt and its block; the block's other transactions are hashes. */
export interface RawTransaction {
  readonly block: RawBlock;
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
  transaction(hash: string, signal: AbortSignal): Promise<RawTransaction>;
  /** Wei that an account held after a height. */
  balance(account: string, height: Height, signal: AbortSignal): Promise<bigint>;
}

/** A block of the request, read as far as it is there. */
type Found = {
  readonly block: RawBlock;
  readonly transactions: readonly Fields[];
  readonly receipts: unknown;
};

/** Creates a node over a client. */
export function createNode(rpc: RpcClient): EthereumNode {
  /** Whether the node has `eth_getBlockReceipts`; found out at the first block. */
  let blockReceipts = true;

  async function ask(calls: readonly RpcCall[], signal: AbortSignal): Promise<unknown[]> {
    const { answers } = await rpc.request(calls, signal);
    return calls.map(({ method }, at) => resultOf(answers[at], method));
  }

  /** Why the node has no block at a height: only its newest one can tell. */
  async function absent(height: Height, signal: AbortSignal): Promise<EndpointError> {
    const [number] = await ask([{ method: "eth_blockNumber", params: [] }], signal);
    const head = sensible(() => count({ number }, "number"));
    return height > head ? aboveHead(height, head) : missing(height, `its newest block is ${head}`);
  }

  /** The receipts of each transaction of these blocks, one call a transaction. */
  async function singleReceipts(blocks: readonly Found[], signal: AbortSignal): Promise<Found[]> {
    const calls = blocks.flatMap(({ transactions }) =>
      transactions.map(({ hash }) => ({ method: "eth_getTransactionReceipt", params: [hash] })),
    );
    const receipts = calls.length === 0 ? [] : await ask(calls, signal);
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
      if (value === null) return { kind: "lacking", error: missing(height, "it says nothing more") };
      const block = rawBlock(value);
      if (block.height !== height) return { kind: "torn", why: `the block's number is ${block.height}` };
      const transactions = rawTransactions(block);
      if (receiptsAnswer !== undefined && isUnsupported(receiptsAnswer)) blockReceipts = false;
      const wanted = transactions.length > 0 && receiptsAnswer !== undefined && blockReceipts;
      return {
        block,
        transactions,
        receipts: wanted ? resultOf(receiptsAnswer, "eth_getBlockReceipts") : undefined,
      };
    } catch (error) {
      if (error instanceof MalformedError) return { kind: "torn", why: error.message };
      if (error instanceof EndpointError && error.fault === "lacking") return { kind: "lacking", error };
      throw error;
    }
  }

  return {
    async chainId(signal) {
      const [id] = await ask([{ method: "eth_chainId", params: [] }], signal);
      return sensible(() => quantity({ id }, "id").toString());
    },

    async head(signal) {
      const [value] = await ask([{ method: "eth_getBlockByNumber", params: ["latest", false] }], signal);
      return sensible(() => {
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
        if (whole !== undefined) outcomes.push(joined(whole));
        else if (outcome !== undefined && "kind" in outcome) outcomes.push(await explained(outcome, height));
      }
      return { outcomes, bytes };

      async function explained(outcome: HeightOutcome, height: Height): Promise<HeightOutcome> {
        if (outcome.kind !== "lacking") return outcome;
        return { kind: "lacking", error: await absent(height, signal) };
      }
    },

    async transaction(hash, signal) {
      const calls = ["eth_getTransactionByHash", "eth_getTransactionReceipt"].map((method) => ({
        method,
        params: [hash],
      }));
      const [transaction, receiptValue] = await ask(calls, signal);
      if (transaction === null) throw unknown(`The chain holds no transaction ${hash}.`);
      const fields = sensible(() => fieldsOf(transaction, "transaction"));
      if (fields["blockHash"] === null || receiptValue === null) {
        throw unknown(`Transaction ${hash} is not in a block yet.`);
      }
      const params = [fields["blockHash"], false];
      const [blockValue] = await ask([{ method: "eth_getBlockByHash", params }], signal);
      return sensible(() => {
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
      if (resultOf(answers[1], "eth_getBlockByNumber") === null) throw await absent(height, signal);
      const balance = resultOf(answers[0], "eth_getBalance");
      return sensible(() => quantity({ balance }, "balance"));
    },
  };
}

function joined({ block, transactions, receipts }: Found): HeightOutcome {
  try {
    const value = { ...block, transactions, receipts: rawReceipts(block, transactions, receipts) };
    return { kind: "whole", value };
  } catch (error) {
    if (error instanceof MalformedError) return { kind: "torn", why: error.message };
    throw error;
  }
}

function resultOf(answer: RpcAnswer | undefined, method: string): unknown {
  if (answer === undefined) throw new EndpointError("unavailable", `it did not answer ${method}`);
  if ("result" in answer) return answer.result;
  const { error } = answer;
  const message = `${method}: ${error.message} (${error.code})`;
  if (rpcFault(error) !== "lacking") throw new EndpointError("unavailable", message);
  const failure = new TaskFailure(`The node no longer has what was asked. ${message}.`, "other-worker", {
    type: "pruned",
    code: error.code,
  });
  throw new EndpointError("lacking", message, { failure });
}

function isUnsupported(answer: RpcAnswer): boolean {
  return "error" in answer && rpcFault(answer.error) === "unsupported";
}

/** A node whose answer makes no sense is ill. */
function sensible<T>(read: () => T): T {
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
  return new EndpointError("lacking", message, { failure });
}

function missing(height: Height, why: string): EndpointError {
  const message = `The node has no block ${height}, though ${why}: it was pruned, or the node still syncs.`;
  const failure = new TaskFailure(message, "other-worker", { type: "pruned", height });
  return new EndpointError("lacking", message, { failure });
}

function unknown(message: string): EndpointError {
  return new EndpointError("lacking", message, {
    failure: new TaskFailure(message, "never", { type: "not_found" }),
  });
}
