// Amounts on Ethereum: the native coin has 18 decimals, tokens are in smallest units of unknown decimals.
// Imports only domain.
// Never queries a token contract.
import { toDecimalString, type Amount } from "../../domain/amount.js";

/** Decimals of the native coin: 1 ETH is 10^18 wei. */
const coinDecimals = 18;

/** Returns an amount of the native coin: text such as `0.5`, numeric in wei, exp 18. */
export function etherAmount(wei: bigint, currency: string): Amount {
  const amount = { text: "", currency, numeric: wei.toString(), exp: coinDecimals };
  return { ...amount, text: trimZeros(toDecimalString(amount)) };
}

/**
 * Returns an exact amount of a token in its smallest units (exp 0), since logs do not contain the token's decimals.
 * Currencies: an ERC-20 token is its address; one ERC-721 or ERC-1155 token is `erc721:<address>/<id>`, `erc1155:<address>/<id>`.
 */
export function ethereumTokenAmount(units: bigint, currency: string): Amount {
  const numeric = units.toString();
  return { text: numeric, currency, numeric, exp: 0 };
}

function trimZeros(decimal: string): string {
  return decimal.replace(/\.?0+$/, "") || "0";
}
