// State of accounts for the stand-in Cosmos node, answered in protobuf as the SDK's query services do, page by page.
import { Params } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import { QueryParamsResponse } from "cosmjs-types/cosmos/auth/v1beta1/query";
import { QueryAllBalancesRequest, QueryAllBalancesResponse } from "cosmjs-types/cosmos/bank/v1beta1/query";
import type { PageRequest } from "cosmjs-types/cosmos/base/query/v1beta1/pagination";
import {
  QueryDelegationTotalRewardsRequest,
  QueryDelegationTotalRewardsResponse,
} from "cosmjs-types/cosmos/distribution/v1beta1/query";
import {
  QueryDelegatorDelegationsRequest,
  QueryDelegatorDelegationsResponse,
} from "cosmjs-types/cosmos/staking/v1beta1/query";

export interface StateCoin {
  readonly denom: string;
  readonly amount: string;
}

/** What an account has. Amounts of rewards and shares are times 10^18, as protobuf carries them. */
export interface AccountHoldings {
  readonly balances: readonly StateCoin[];
  readonly rewards: readonly { readonly validator: string; readonly amounts: readonly StateCoin[] }[];
  readonly delegations: readonly {
    readonly validator: string;
    readonly shares: string;
    readonly balance: StateCoin;
  }[];
}

/** By account, what it has at a height. */
export type AccountState = ReadonlyMap<string, (height: number) => AccountHoldings>;

const nothing: AccountHoldings = { balances: [], rewards: [], delegations: [] };
/** Fewer than anybody asks for: pages must be followed. */
const pageLimit = 3;

export interface StateQueryParameters {
  readonly path: string;
  readonly request: Uint8Array;
  readonly height: number;
  readonly oldState: boolean;
}

/** Answers a query of state, which may not be there, or says in a node's words why not. */
export function respondToStateQuery(
  accounts: AccountState | undefined,
  { path, request, height, oldState }: StateQueryParameters,
): { readonly value: Uint8Array } | { readonly words: string } {
  const of = (account: string): AccountHoldings | undefined =>
    /^[a-z]+1[a-z0-9]{38}$/.test(account) ? (accounts?.get(account)?.(height) ?? nothing) : undefined;
  const invalid = { words: "decoding bech32 failed: invalid separator index -1: invalid request" };
  switch (path) {
    case "/cosmos.bank.v1beta1.Query/AllBalances": {
      const { address, pagination } = QueryAllBalancesRequest.decode(request);
      const holdings = of(address);
      if (holdings === undefined) return invalid;
      const { items, nextKey } = page(holdings.balances, pagination);
      const answer = { balances: items.map((coin) => ({ ...coin })), pagination: { nextKey, total: 0n } };
      return { value: QueryAllBalancesResponse.encode(answer).finish() };
    }
    case "/cosmos.distribution.v1beta1.Query/DelegationTotalRewards": {
      const holdings = of(QueryDelegationTotalRewardsRequest.decode(request).delegatorAddress);
      if (holdings === undefined) return invalid;
      const rewards = holdings.rewards.map(({ validator, amounts }) => ({
        validatorAddress: validator,
        reward: amounts.map((coin) => ({ ...coin })),
      }));
      return { value: QueryDelegationTotalRewardsResponse.encode({ rewards, total: [] }).finish() };
    }
    case "/cosmos.staking.v1beta1.Query/DelegatorDelegations": {
      const { delegatorAddr, pagination } = QueryDelegatorDelegationsRequest.decode(request);
      const holdings = of(delegatorAddr);
      if (holdings === undefined) return invalid;
      if (oldState && holdings.delegations.length === 0) {
        const words = `unable to find delegations for address ${delegatorAddr}: key not found`;
        return { words: `rpc error: code = NotFound desc = ${words}` };
      }
      const { items, nextKey } = page(holdings.delegations, pagination);
      const delegationResponses = items.map(({ validator, shares, balance }) => ({
        delegation: { delegatorAddress: delegatorAddr, validatorAddress: validator, shares },
        balance,
      }));
      const answer = { delegationResponses, pagination: { nextKey, total: 0n } };
      return { value: QueryDelegatorDelegationsResponse.encode(answer).finish() };
    }
    case "/cosmos.auth.v1beta1.Query/Params":
      return accounts === undefined
        ? { words: "panic message redacted to hide potentially sensitive system info: panic" }
        : { value: QueryParamsResponse.encode({ params: Params.fromPartial({ txSigLimit: 7n }) }).finish() };
    default:
      return { words: `unknown query path: ${path}` };
  }
}

function page<T>(
  all: readonly T[],
  request: PageRequest | undefined,
): { items: readonly T[]; nextKey: Uint8Array } {
  const key = request?.key ?? new Uint8Array();
  const start = key.length === 0 ? 0 : Buffer.from(key).readUInt32BE();
  const end = start + Math.min(pageLimit, Number(request?.limit ?? 0n) || pageLimit);
  const nextKey = Buffer.alloc(4);
  nextKey.writeUInt32BE(end);
  return { items: all.slice(start, end), nextKey: end < all.length ? nextKey : new Uint8Array() };
}
