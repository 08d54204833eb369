// Generates the blocks and transactions of a demo chain from the seed, the height and the branch.
// Imports only domain and its own folder.
// Never depends on the head or the current time.
import type { Block } from "../../domain/block.js";
import type { ChainRef } from "../../domain/chain.js";
import type { Height } from "../../domain/height.js";
import type { BlockData, SubEvent, Transaction, TransactionEvent } from "../../domain/transaction.js";
import { demoAmount, type DemoAccounts } from "./accounts.js";
import type { ResolvedDemoOptions } from "./options.js";
import { blockIndex, createHashes, createRandom, mix, type HashedPlace, type Random } from "./random.js";

/** The generated data of one demo chain. */
export interface DemoLedger {
  /** Returns a block and its transactions; `branchOf` selects the branch of a height. */
  data(height: Height, branchOf: (height: Height) => number): BlockData;
  /** Returns the hash of the block at a height. */
  blockHash(height: Height, branch: number): string;
  /** Returns the place of a transaction by its hash; undefined if no block can contain the hash. */
  placeOf(hash: string): HashedPlace | undefined;
}

interface Action {
  readonly event: Omit<TransactionEvent, "id">;
  readonly gas: number;
}

const memos = ["", "", "", "", "rent", "thanks for the coffee", "invoice 2041", "exchange:1084511", "gm"];
const outOfGas = "out of gas in location: WritePerByte; gasWanted: 60000, gasUsed: 60121";
const kinds: readonly { readonly share: number; readonly make: typeof send }[] = [
  { share: 58, make: send },
  { share: 14, make: delegate },
  { share: 8, make: vote },
  { share: 8, make: multiSend },
  { share: 7, make: beginUnbonding },
  { share: 5, make: failedSend },
];
/** One entry for each percent, so that one random index selects a kind. */
const kindTable = kinds.flatMap(({ share, make }) => Array.from({ length: share }, () => make));

/** Creates the generator of a chain's data. */
export function createLedger(
  chain: ChainRef,
  settings: ResolvedDemoOptions,
  accounts: DemoAccounts,
): DemoLedger {
  const seed = mix(settings.seed, ...Buffer.from(chain.chainId));
  const hashes = createHashes(seed);
  const bytes = createPool(seed, settings.payloadBytes);
  const encoder = new TextEncoder();
  const blockHash = (height: Height, branch: number): string =>
    hashes.hashOf({ height, index: blockIndex, branch });

  const timeOf = (height: Height): bigint => {
    const millis = settings.genesis + (height - settings.initialHeights) * settings.intervalMs;
    return BigInt(Math.floor(millis)) * 1_000_000n + BigInt(mix(seed, height, 3) % 1_000_000);
  };

  const transactionOf = (block: Block, index: number, random: Random, branch: number): Transaction => {
    const claimant = index === 0 ? accounts.claimant(block.height) : undefined;
    const { event, gas } =
      claimant === undefined
        ? (kindTable[random.below(kindTable.length)] ?? send)(random, accounts)
        : claim(claimant, block.height, accounts);
    const hasErrors = event.sub.some(({ error }) => error !== undefined);
    const used = hasErrors ? 60_121 : gas - random.below(9000);
    return {
      chain,
      hash: hashes.hashOf({ height: block.height, index, branch }),
      blockHash: block.hash,
      height: block.height,
      index,
      time: block.time,
      fee: [demoAmount(500 + random.below(4500))],
      gasWanted: BigInt(hasErrors ? 60_000 : gas),
      gasUsed: BigInt(used),
      memo: memos[random.below(memos.length)] ?? "",
      hasErrors,
      events: [{ id: "0", ...event }],
      raw: bytes(random),
      rawLog: encoder.encode(hasErrors ? outOfGas : `[{"events":[{"type":"${event.kind}"}]}]`),
    };
  };

  return {
    blockHash,
    placeOf: (hash) => {
      const place = hashes.placeOf(hash);
      return place?.index === blockIndex ? undefined : place;
    },
    data(height, branchOf) {
      const branch = branchOf(height);
      const random = createRandom(mix(seed, height % 4294967296, Math.floor(height / 4294967296), branch));
      const drawn = Math.round(random.unit() * 2 * settings.transactionsPerBlock);
      const count = Math.max(drawn, accounts.claimant(height) === undefined ? 0 : 1);
      const block: Block = {
        chain,
        height,
        hash: blockHash(height, branch),
        ...(height > settings.firstHeight && { parentHash: blockHash(height - 1, branchOf(height - 1)) }),
        time: timeOf(height),
        proposer: accounts.pickValidator(random),
        transactionCount: count,
      };
      const transactions = Array.from({ length: count }, (_, index) =>
        transactionOf(block, index, random, branch),
      );
      return { block, transactions };
    },
  };
}

/** Creates a source of bytes for `raw`: slices of one pool, since generating each byte dominates the cost of a block. */
function createPool(seed: number, length: number): (random: Random) => Uint8Array {
  const pool = new Uint8Array(65_536 + length);
  const random = createRandom(mix(seed, 23));
  for (let index = 0; index < pool.length; index += 1) pool[index] = random.below(256);
  return (draw) => {
    const start = draw.below(65_536);
    return pool.slice(start, start + length);
  };
}

function send(random: Random, accounts: DemoAccounts): Action {
  const amounts = [demoAmount(1000 + random.below(50_000_000))];
  return {
    gas: 90_000,
    event: {
      kind: "send",
      sub: [
        {
          type: ["send"],
          module: "bank",
          sender: [{ account: { id: accounts.pick(random) }, amounts }],
          recipient: [{ account: { id: accounts.pick(random) }, amounts }],
        },
      ],
    },
  };
}

function failedSend(random: Random, accounts: DemoAccounts): Action {
  const { gas, event } = send(random, accounts);
  return { gas, event: { ...event, sub: event.sub.map((sub) => ({ ...sub, error: outOfGas })) } };
}

function multiSend(random: Random, accounts: DemoAccounts): Action {
  const each = 1000 + random.below(1_000_000);
  const recipients = Array.from({ length: 2 + random.below(4) }, () => ({
    account: { id: accounts.pick(random) },
    amounts: [demoAmount(each)],
  }));
  const sub: SubEvent = {
    type: ["multisend"],
    module: "bank",
    sender: [{ account: { id: accounts.pick(random) }, amounts: [demoAmount(each * recipients.length)] }],
    recipient: recipients,
  };
  return { gas: 140_000, event: { kind: "multisend", sub: [sub] } };
}

function staking(kind: string, random: Random, accounts: DemoAccounts): SubEvent {
  return {
    type: [kind],
    module: "staking",
    node: {
      delegator: [{ id: accounts.pick(random) }],
      validator: [{ id: accounts.pickValidator(random) }],
    },
    amount: { [kind]: demoAmount(100_000 + random.below(90_000_000)) },
  };
}

function delegate(random: Random, accounts: DemoAccounts): Action {
  return { gas: 180_000, event: { kind: "delegate", sub: [staking("delegate", random, accounts)] } };
}

function beginUnbonding(random: Random, accounts: DemoAccounts): Action {
  const kind = "begin_unbonding";
  return { gas: 200_000, event: { kind, sub: [staking(kind, random, accounts)] } };
}

function vote(random: Random, accounts: DemoAccounts): Action {
  const options = ["yes", "no", "abstain", "no_with_veto"];
  return {
    gas: 70_000,
    event: {
      kind: "vote",
      sub: [
        {
          type: ["vote"],
          module: "gov",
          node: { voter: [{ id: accounts.pick(random) }] },
          additional: {
            proposalID: [String(1 + random.below(40))],
            option: [options[random.below(options.length)] ?? "yes"],
          },
        },
      ],
    },
  };
}

function claim(account: string, height: Height, accounts: DemoAccounts): Action {
  const kind = "withdraw_delegator_reward";
  const sub = accounts.claimed(account, height).map(({ validator, amounts }) => ({
    type: [kind],
    module: "distribution",
    node: { delegator: [{ id: account }], validator: [{ id: validator }] },
    recipient: [{ account: { id: account }, amounts }],
    transfers: { reward: [{ account: { id: account }, amounts }] },
  }));
  return { gas: 150_000 + 60_000 * sub.length, event: { kind, sub } };
}
