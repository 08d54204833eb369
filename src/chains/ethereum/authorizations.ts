// The accounts that a set-code transaction (EIP-7702) speaks for.
// Imports only viem and its own folder. Never trusts what a tuple holds: anyone can put anything into one.
import { keccak256, recoverAddress } from "viem/utils";
import {
  fieldsList,
  hexField,
  optionalHex,
  optionalQuantity,
  quantity,
  type Fields,
  type Hex,
} from "./fields.js";
import { rlpBehind, rlpNumber, type RlpItem } from "./rlp.js";

/** What the signed bytes of a tuple begin with. */
const authorizationPrefix = 0x05;

export interface Authorization {
  /** Who signed, in lower case: the account whose code is set. */
  readonly authority: Hex;
  /** Whose code it takes; the zero address takes it away. */
  readonly delegate: Hex;
}

/** The tuples whose signature names somebody, in order; the chain skips the others too. */
export async function authorizationsOf(transaction: Fields): Promise<readonly Authorization[]> {
  const list = transaction["authorizationList"];
  if (list === undefined || list === null) return [];
  const found: Authorization[] = [];
  for (const tuple of fieldsList(list, "authorizationList")) {
    const authority = await signerOf(tuple);
    if (authority !== undefined) found.push({ authority, delegate: hexField(tuple, "address") });
  }
  return found;
}

async function signerOf(tuple: Fields): Promise<Hex | undefined> {
  const parts: RlpItem[] = [
    rlpNumber(hexField(tuple, "chainId")),
    hexField(tuple, "address"),
    rlpNumber(hexField(tuple, "nonce")),
  ];
  const signature = {
    r: hexField(tuple, "r"),
    s: hexField(tuple, "s"),
    yParity: Number(optionalQuantity(tuple, "yParity") ?? quantity(tuple, "v")),
  };
  try {
    const address = await recoverAddress({
      hash: keccak256(rlpBehind(authorizationPrefix, parts)),
      signature,
    });
    return optionalHex({ address }, "address");
  } catch {
    return undefined;
  }
}
