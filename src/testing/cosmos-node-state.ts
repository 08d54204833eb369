// Account state of the Cosmos test node: protobuf responses in pages, like those of the SDK's query services.
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

/** A coin of an account's state. */
export interface StateCoin {
  readonly denom: string;
  readonly amount: string;
}

/** Balances, rewards and delegations of an account. Amounts of rewards and shares are multiplied by 10^18, as in protobuf. */
export interface AccountHoldings {
  readonly balances: readonly StateCoin[];
  readonly rewards: readonly { readonly validator: string; readonly amounts: readonly StateCoin[] }[];
  readonly delegations: readonly {
    readonly validator: string;
    readonly shares: string;
    readonly balance: StateCoin;
  }[];
}

/** The holdings of each account, as a function of the height. */
export type AccountState = ReadonlyMap<string, (height: number) => AccountHoldings>;

const noHoldings: AccountHoldings = { balances: [], rewards: [], delegations: [] };
/** Maximum items per page, less than any client requests, so that clients must read several pages. */
const pageLimit = 3;

/** One state query. `oldState` selects the responses of nodes before SDK 0.45. */
export interface StateQueryParameters {
  readonly path: string;
  readonly request: Uint8Array;
  readonly height: number;
  readonly oldState: boolean;
}

/** Returns the response to a state query, or a node's error message. `accounts` is undefined if the node does not have the state. */
export function respondToStateQuery(
  accounts: AccountState | undefined,
  { path, request, height, oldState }: StateQueryParameters,
): { readonly value: Uint8Array } | { readonly error: string } {
  const of = (account: string): AccountHoldings | undefined =>
    /^[a-z]+1[a-z0-9]{38}$/.test(account) ? (accounts?.get(account)?.(height) ?? noHoldings) : undefined;
  const invalid = { error: "decoding bech32 failed: invalid separator index -1: invalid request" };
  switch (path) {
    case "/cosmos.bank.v1beta1.Query/AllBalances": {
      const { address, pagination } = QueryAllBalancesRequest.decode(request);
      const holdings = of(address);
      if (holdings === undefined) return invalid;
      const { items, nextKey } = page(holdings.balances, pagination);
      const response = { balances: items.map((coin) => ({ ...coin })), pagination: { nextKey, total: 0n } };
      return { value: QueryAllBalancesResponse.encode(response).finish() };
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
        const message = `unable to find delegations for address ${delegatorAddr}: key not found`;
        return { error: `rpc error: code = NotFound desc = ${message}` };
      }
      const { items, nextKey } = page(holdings.delegations, pagination);
      const delegationResponses = items.map(({ validator, shares, balance }) => ({
        delegation: { delegatorAddress: delegatorAddr, validatorAddress: validator, shares },
        balance,
      }));
      const response = { delegationResponses, pagination: { nextKey, total: 0n } };
      return { value: QueryDelegatorDelegationsResponse.encode(response).finish() };
    }
    case "/cosmos.auth.v1beta1.Query/Params":
      return accounts === undefined
        ? { error: "panic message redacted to hide potentially sensitive system info: panic" }
        : { value: QueryParamsResponse.encode({ params: Params.fromPartial({ txSigLimit: 7n }) }).finish() };
    default:
      return { error: `unknown query path: ${path}` };
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
