// A height as a node returns it, checked for consistency: the block, its transactions and their receipts belong together.
// Imports only its own folder.
// Never interprets a transaction.
import {
  count,
  fieldsList,
  fieldsOf,
  hexField,
  listOf,
  MalformedError,
  type Fields,
  type Hex,
} from "./fields.js";

/** A node's block, with the fields that identify it. */
export interface RawEthereumBlock {
  readonly fields: Fields;
  readonly height: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
}

/** A block with its transactions and their receipts, in order. */
export interface RawEthereumHeight extends RawEthereumBlock {
  readonly transactions: readonly Fields[];
  readonly receipts: readonly Fields[];
}

/** Reads the fields that identify a block. Throws a MalformedError if one is absent. */
export function rawBlock(value: unknown): RawEthereumBlock {
  const fields = fieldsOf(value, "block");
  return {
    fields,
    height: count(fields, "number"),
    hash: hexField(fields, "hash"),
    parentHash: hexField(fields, "parentHash"),
  };
}

/** Returns the block's transactions. Throws a MalformedError if one is a hash, of another block or out of order. */
export function rawTransactions(block: RawEthereumBlock): readonly Fields[] {
  const transactions = fieldsList(block.fields["transactions"], "transactions");
  for (const [index, fields] of transactions.entries()) {
    requireSame(count(fields, "transactionIndex"), index, "a transaction's transactionIndex");
    requireSame(hexField(fields, "blockHash"), block.hash, `transaction ${index}'s blockHash`);
  }
  return transactions;
}

/** Returns the receipts. Throws a MalformedError unless they are those of these transactions, in order. */
export function rawReceipts(
  block: RawEthereumBlock,
  transactions: readonly Fields[],
  value: unknown,
): readonly Fields[] {
  if (transactions.length === 0) return [];
  const receipts = listOf(value, "receipts").map((each, index) => fieldsOf(each, `receipts[${index}]`));
  requireSame(receipts.length, transactions.length, "the number of receipts");
  for (const [index, receipt] of receipts.entries()) {
    const transaction = transactions[index] ?? {};
    requireSame(hexField(receipt, "blockHash"), block.hash, `receipt ${index}'s blockHash`);
    requireSame(count(receipt, "transactionIndex"), index, "a receipt's transactionIndex");
    requireSame(
      hexField(receipt, "transactionHash"),
      hexField(transaction, "hash"),
      `receipt ${index}'s transactionHash`,
    );
  }
  return receipts;
}

function requireSame(found: string | number, expected: string | number, what: string): void {
  if (found !== expected) throw new MalformedError(`${what} is ${found}, not ${expected}`);
}
