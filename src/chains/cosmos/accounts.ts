// Reads an account's state at a height: balances, pending rewards and delegations, all pages.
// Imports only cosmjs-types, domain, decode/ and its neighbours; never chooses between nodes.
import { QueryAllBalancesRequest, QueryAllBalancesResponse } from "cosmjs-types/cosmos/bank/v1beta1/query";
import type { PageRequest, PageResponse } from "cosmjs-types/cosmos/base/query/v1beta1/pagination";
import {
  QueryDelegationTotalRewardsRequest,
  QueryDelegationTotalRewardsResponse,
} from "cosmjs-types/cosmos/distribution/v1beta1/query";
import {
  QueryDelegatorDelegationsRequest,
  QueryDelegatorDelegationsResponse,
} from "cosmjs-types/cosmos/staking/v1beta1/query";
import type { Height } from "../../domain/height.js";
import { TaskFailure, type AccountQuery, type TaskResult } from "../../domain/task.js";
import { amountFromCoin, amountFromDecCoin, formatDecimal } from "./decode/coins.js";
import type { Nodes } from "./nodes.js";
import type { ListStateQuery } from "./state-proof.js";

/** A request for one kind of account state at one height. */
export interface AccountStateRequest {
  readonly kind: AccountQuery;
  readonly account: string;
  readonly height: Height;
}

const pageSize = 500n;

/** Reads the requested account state. Rejects with a TaskFailure if no node has the state of the height. */
export async function readAccount(
  nodes: Pick<Nodes, "query">,
  { kind, account, height }: AccountStateRequest,
  signal: AbortSignal,
): Promise<TaskResult> {
  const query = <T>(
    path: string,
    request: { finish(): Uint8Array },
    decoder: Pick<ListStateQuery<T>, "decode" | "isEmpty">,
  ): Promise<T> => nodes.query({ path, height, request: request.finish(), ...decoder }, signal);

  switch (kind) {
    case "reward": {
      const request = QueryDelegationTotalRewardsRequest.encode({ delegatorAddress: account });
      const { rewards } = await query("/cosmos.distribution.v1beta1.Query/DelegationTotalRewards", request, {
        decode: (bytes) => QueryDelegationTotalRewardsResponse.decode(bytes),
        isEmpty: (response) => response.rewards.length === 0,
      });
      return {
        kind,
        height,
        rewards: rewards.map(({ validatorAddress, reward }) => ({
          validator: validatorAddress,
          amounts: reward.map(amountFromDecCoin),
        })),
      };
    }
    case "balance": {
      const pages = await readAllPages(height, (pagination) =>
        query(
          "/cosmos.bank.v1beta1.Query/AllBalances",
          QueryAllBalancesRequest.encode({ address: account, pagination, resolveDenom: false }),
          {
            decode: (bytes) => QueryAllBalancesResponse.decode(bytes),
            isEmpty: ({ balances }) => balances.length === 0,
          },
        ),
      );
      return { kind, height, balances: pages.flatMap(({ balances }) => balances.map(amountFromCoin)) };
    }
    case "delegations": {
      const pages = await readAllPages(height, (pagination) =>
        query(
          "/cosmos.staking.v1beta1.Query/DelegatorDelegations",
          QueryDelegatorDelegationsRequest.encode({ delegatorAddr: account, pagination }),
          {
            decode: (bytes) => QueryDelegatorDelegationsResponse.decode(bytes),
            isEmpty: ({ delegationResponses }) => delegationResponses.length === 0,
          },
        ),
      );
      return {
        kind,
        height,
        delegations: pages.flatMap(({ delegationResponses }) =>
          delegationResponses.map(({ delegation, balance }) => ({
            delegator: delegation.delegatorAddress,
            validator: delegation.validatorAddress,
            shares: formatDecimal(delegation.shares),
            balance: amountFromCoin(balance),
          })),
        ),
      };
    }
  }
}

interface Page {
  readonly pagination?: PageResponse | undefined;
}

/** Reads all pages. Fails if the node returns a page key for the second time, which would loop forever. */
async function readAllPages<P extends Page>(
  height: Height,
  read: (page: PageRequest) => Promise<P>,
): Promise<P[]> {
  const pages: P[] = [];
  const seen = new Set<string>();
  for (let key: Uint8Array = new Uint8Array(); ;) {
    const page = await read({ key, offset: 0n, limit: pageSize, countTotal: false, reverse: false });
    pages.push(page);
    key = page.pagination?.nextKey ?? new Uint8Array();
    if (key.length === 0) return pages;
    const cursor = Buffer.from(key).toString("hex");
    if (seen.has(cursor)) {
      throw new TaskFailure("The node returned the same page key twice: paging never ends.", "other-worker", {
        type: "malformed",
        height,
      });
    }
    seen.add(cursor);
  }
}
