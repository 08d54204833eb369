// Reads the coin movements of one message from the events of the bank and distribution modules.
// Imports only domain and its neighbours; reads nothing but the given events.
import type { Transfer } from "../../../domain/transaction.js";
import { canonicalAccount, isDistributionModule } from "./addresses.js";
import { parseCoins } from "./coins.js";
import { lastAttribute, type NodeEvent } from "./node-events.js";

/** Coin movements by kind, in the order of the events. */
export interface EventTransfers {
  /** Amounts that accounts received, without rewards. */
  readonly send: readonly Transfer[];
  /** Amounts that accounts sent, without rewards. */
  readonly spend: readonly Transfer[];
  /** Amounts that the distribution module paid: rewards to delegators or commission to validators. */
  readonly reward: readonly Transfer[];
  /** The same rewards by the validator that earned them, if the events name it. */
  readonly rewardFrom: readonly Transfer[];
}

/** Reads the coin movements of a message's events. */
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
    // Before SDK 0.43 some transfers have no sender: a transfer of exactly the withdrawn amount is the reward.
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

/** Amounts spent by accounts that no transfer names. Until SDK 0.50 a multi-send's transfers have no sender, but since 0.43 `coin_spent` names it. */
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

/** Creates a transfer of a canonical account. */
export function createTransfer(account: string, amounts: Transfer["amounts"] = []): Transfer {
  return { account: { id: canonicalAccount(account) }, amounts };
}
