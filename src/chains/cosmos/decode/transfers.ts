// Money that moved because of one message, from the bank's and the distribution's events.
// Imports only domain and its neighbours; never looks beyond the events it is given.
import type { Transfer } from "../../../domain/transaction.js";
import { canonicalAccount, isDistributionModule } from "./addresses.js";
import { parseCoins } from "./coins.js";
import { lastAttribute, type NodeEvent } from "./node-events.js";

/** Who got and gave what, in order of the events. */
export interface EventTransfers {
  /** What accounts got, but for rewards. */
  readonly send: readonly Transfer[];
  /** What accounts gave, but for rewards. */
  readonly spend: readonly Transfer[];
  /** Paid by the distribution module: rewards to delegators, or commission to validators. */
  readonly reward: readonly Transfer[];
  /** The same rewards by the validator that they come from, where the chain says so. */
  readonly rewardFrom: readonly Transfer[];
}

/** Reads the movements off a message's events. */
export function transfersFromEvents(events: readonly NodeEvent[]): EventTransfers {
  const send: Transfer[] = [];
  const spend: Transfer[] = [];
  const reward: Transfer[] = [];
  const senders = new Set<string>();
  let isSenderless = false;
  const withdrawn = events.filter(({ type }) => type === "withdraw_rewards");
  for (const event of events) {
    if (event.type !== "transfer") continue;
    const amount = lastAttribute(event, "amount") ?? "";
    const amounts = parseCoins(amount);
    if (amounts.length === 0) continue;
    const recipient = lastAttribute(event, "recipient") ?? "";
    const sender = lastAttribute(event, "sender");
    // Before SDK 0.43 some transfers name no sender: a payment of just what was withdrawn is the reward.
    const isReward =
      sender === undefined
        ? withdrawn.some((each) => lastAttribute(each, "amount") === amount)
        : isDistributionModule(canonicalAccount(sender));
    if (recipient !== "") (isReward ? reward : send).push(createTransfer(recipient, amounts));
    if (sender === undefined) isSenderless ||= !isReward;
    else if (sender !== "") {
      senders.add(sender);
      if (!isReward) spend.push(createTransfer(sender, amounts));
    }
  }
  if (isSenderless) spend.push(...otherSpenders(events, senders));
  const rewardFrom = withdrawn.flatMap((event) => {
    const validator = lastAttribute(event, "validator") ?? "";
    const amounts = parseCoins(lastAttribute(event, "amount") ?? "");
    return validator === "" || amounts.length === 0 ? [] : [createTransfer(validator, amounts)];
  });
  return { send, spend, reward, rewardFrom };
}

/** What accounts gave that no transfer names: up to SDK 0.50 a multi-send's transfers name no sender, but since 0.43 it is told that coins were spent. */
function otherSpenders(events: readonly NodeEvent[], senders: ReadonlySet<string>): Transfer[] {
  const spent: Transfer[] = [];
  for (const event of events) {
    if (event.type !== "coin_spent") continue;
    const spender = lastAttribute(event, "spender") ?? "";
    const amounts = parseCoins(lastAttribute(event, "amount") ?? "");
    if (spender !== "" && !senders.has(spender) && amounts.length > 0)
      spent.push(createTransfer(spender, amounts));
  }
  return spent;
}

/** An account that gave or got coins. */
export function createTransfer(account: string, amounts: Transfer["amounts"] = []): Transfer {
  return { account: { id: canonicalAccount(account) }, amounts };
}
