// Amounts on Ethereum: the chain's own coin with 18 decimals, tokens in whole units of unknown decimals.
// Imports only domain.
import { toDecimalString, type Amount } from "../../domain/amount.js";

/** Decimals of the chain's own coin: 1 ETH is 10^18 wei. */
const coinDecimals = 18;

/** An amount of the chain's own coin from its smallest units: text `0.5`, numeric in wei, exp 18. */
export function etherAmount(wei: bigint, currency: string): Amount {
  const amount = { text: "", currency, numeric: wei.toString(), exp: coinDecimals };
  return { ...amount, text: trimZeros(toDecimalString(amount)) };
}

/**
 * An amount of a token, exact and in the token's smallest units (exp 0): logs do not say how many decimals a token has.
 * Currencies: an ERC-20 token is its address; one ERC-721 or ERC-1155 token is `erc721:<address>/<id>`, `erc1155:<address>/<id>`.
 */
export function ethereumTokenAmount(units: bigint, currency: string): Amount {
  const numeric = units.toString();
  return { text: numeric, currency, numeric, exp: 0 };
}

function trimZeros(decimal: string): string {
  return decimal.replace(/\.?0+$/, "") || "0";
}
