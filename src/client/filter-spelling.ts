// Account addresses of a filter in the spelling that is stored. Imports domain. Never knows a network.
import type { ListFilter, TransactionFilter } from "../domain/search.js";

/** Returns an address as it is stored. The network is undefined if the filter names none. */
export type SpellAccount = (network: string | undefined, address: string) => string;

/** Returns the filter with all account addresses as they are stored. */
export function spellFilter(filter: TransactionFilter, spellAccount: SpellAccount): TransactionFilter {
  const { network, accounts, senders, recipients } = filter;
  const spell = (list: ListFilter): ListFilter => {
    const spelled = (addresses: readonly string[]): string[] =>
      addresses.map((address) => spellAccount(network, address));
    return "any" in list ? { any: spelled(list.any) } : { all: spelled(list.all) };
  };
  return {
    ...filter,
    ...(accounts !== undefined && { accounts: spell(accounts) }),
    ...(senders !== undefined && { senders: spell(senders) }),
    ...(recipients !== undefined && { recipients: spell(recipients) }),
  };
}
