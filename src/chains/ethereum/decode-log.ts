// Decodes a log as an event: token transfers are decoded, any other log stays raw.
// Imports only domain, viem and its own folder.
// Never fails on a log's content: a log that does not match a token standard stays raw.
import { decodeAbiParameters } from "viem/utils";
import type { Amount } from "../../domain/amount.js";
import type { SubEvent, Transfer } from "../../domain/transaction.js";
import { ethereumTokenAmount } from "./amounts.js";
import { hexField, hexList, quantity, type Fields, type Hex } from "./fields.js";

/** Transfer(address,address,uint256): ERC-20 if the amount is in the data, ERC-721 if the id is a topic. */
const transferTopic = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
/** TransferSingle(address,address,address,uint256,uint256) of ERC-1155. */
const singleTopic = "0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62";
/** TransferBatch(address,address,address,uint256[],uint256[]) of ERC-1155. */
const batchTopic = "0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb";

const zeroAddress = "0x0000000000000000000000000000000000000000";
const wordLength = 64;

/** A log with checked fields. */
interface Log {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly index: string;
}

/** A decoded log. Its kind is `erc20_transfer`, `erc721_transfer`, `erc1155_transfer`, else its first topic, or `log` without topics. */
export interface LogEvent {
  readonly kind: string;
  readonly sub: SubEvent;
}

/** Decodes a log. Throws a MalformedError if the fields do not have the form of a log. */
export function decodeLog(fields: Fields): LogEvent {
  const log: Log = {
    address: hexField(fields, "address"),
    topics: hexList(fields, "topics"),
    data: hexField(fields, "data"),
    index: quantity(fields, "logIndex").toString(),
  };
  return transferOf(log) ?? rawLog(log);
}

function transferOf(log: Log): LogEvent | undefined {
  const [topic, first, second, third] = log.topics;
  switch (topic) {
    case transferTopic:
      if (log.topics.length === 3) return erc20(log, addressOf(first), addressOf(second));
      return log.topics.length === 4 ? erc721(log, addressOf(first), addressOf(second), third) : undefined;
    case singleTopic:
    case batchTopic: {
      if (log.topics.length !== 4) return undefined;
      const amounts = topic === singleTopic ? singleAmounts(log) : batchAmounts(log);
      return erc1155(log, [addressOf(first), addressOf(second), addressOf(third)], amounts);
    }
    default:
      return undefined;
  }
}

function erc20(log: Log, from: Hex | undefined, to: Hex | undefined): LogEvent | undefined {
  const [units, ...more] = wordsOf(log.data) ?? [];
  if (from === undefined || to === undefined || units === undefined || more.length > 0) return undefined;
  return transfer("erc20_transfer", log, { from, to, amounts: [ethereumTokenAmount(units, log.address)] });
}

function erc721(
  log: Log,
  from: Hex | undefined,
  to: Hex | undefined,
  id: Hex | undefined,
): LogEvent | undefined {
  if (from === undefined || to === undefined || id === undefined || log.data !== "0x") return undefined;
  const amounts = [ethereumTokenAmount(1n, `erc721:${log.address}/${BigInt(id)}`)];
  return transfer("erc721_transfer", log, { from, to, amounts });
}

function erc1155(
  log: Log,
  [operator, from, to]: readonly (Hex | undefined)[],
  amounts: readonly Amount[] | undefined,
): LogEvent | undefined {
  if (operator === undefined || from === undefined || to === undefined || amounts === undefined)
    return undefined;
  return transfer("erc1155_transfer", log, { from, to, operator, amounts });
}

function singleAmounts(log: Log): readonly Amount[] | undefined {
  const [id, units, ...more] = wordsOf(log.data) ?? [];
  if (id === undefined || units === undefined || more.length > 0) return undefined;
  return [ethereumTokenAmount(units, `erc1155:${log.address}/${id}`)];
}

function batchAmounts(log: Log): readonly Amount[] | undefined {
  try {
    const [ids, units] = decodeAbiParameters([{ type: "uint256[]" }, { type: "uint256[]" }], log.data);
    if (ids.length !== units.length) return undefined;
    return ids.map((id, at) => ethereumTokenAmount(units[at] ?? 0n, `erc1155:${log.address}/${id}`));
  } catch {
    return undefined;
  }
}

interface TokenTransfer {
  readonly from: Hex;
  readonly to: Hex;
  readonly operator?: Hex;
  readonly amounts: readonly Amount[];
}

/** A transfer from the zero address is a mint, a transfer to it is a burn. */
function transfer(kind: string, log: Log, { from, to, operator, amounts }: TokenTransfer): LogEvent {
  const party = (id: Hex): Transfer => ({ account: { id }, amounts });
  const minted = from === zeroAddress ? "mint" : undefined;
  return {
    kind,
    sub: {
      type: [kind],
      action: minted ?? (to === zeroAddress ? "burn" : "transfer"),
      module: log.address,
      sender: [party(from)],
      recipient: [party(to)],
      ...(operator !== undefined && { node: { operator: [{ id: operator }] } }),
      additional: { logIndex: [log.index] },
    },
  };
}

function rawLog({ address, topics, data, index }: Log): LogEvent {
  const kind = topics[0] ?? "log";
  return {
    kind,
    sub: { type: [kind], module: address, additional: { logIndex: [index], topics, data: [data] } },
  };
}

/** Returns the address in a topic; undefined if its first 12 bytes are not zero. */
function addressOf(topic: Hex | undefined): Hex | undefined {
  if (topic === undefined || !/^0x0{24}[0-9a-f]{40}$/.test(topic)) return undefined;
  return `0x${topic.slice(26)}`;
}

/** Returns the 32-byte words of the data; undefined if its length is not a multiple of 32 bytes. */
function wordsOf(data: Hex): readonly bigint[] | undefined {
  const digits = data.slice(2);
  if (digits.length % wordLength !== 0) return undefined;
  return Array.from({ length: digits.length / wordLength }, (_, at) =>
    BigInt(`0x${digits.slice(at * wordLength, (at + 1) * wordLength)}`),
  );
}
