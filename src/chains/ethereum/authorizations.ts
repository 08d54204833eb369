// Recovers the accounts whose code a set-code transaction (EIP-7702) sets.
// Imports only viem and its own folder.
// Never trusts an authorization tuple: a transaction's sender can put arbitrary data into one.
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
import { encodeTypedRlp, rlpNumber, type RlpItem } from "./rlp.js";

/** First byte of the signed bytes of a tuple. */
const authorizationPrefix = 0x05;

/** A signed authorization to set an account's code. */
export interface Authorization {
  /** The account that signed it and whose code is set, in lower case. */
  readonly authority: Hex;
  /** The account whose code it takes; the zero address removes the code. */
  readonly delegate: Hex;
}

/** Returns the tuples with a valid signature, in order; the chain skips the others as well. */
export async function recoverAuthorizations(transaction: Fields): Promise<readonly Authorization[]> {
  const list = transaction["authorizationList"];
  if (list === undefined || list === null) return [];
  const authorizations: Authorization[] = [];
  for (const tuple of fieldsList(list, "authorizationList")) {
    const authority = await recoverSigner(tuple);
    if (authority !== undefined) authorizations.push({ authority, delegate: hexField(tuple, "address") });
  }
  return authorizations;
}

async function recoverSigner(tuple: Fields): Promise<Hex | undefined> {
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
      hash: keccak256(encodeTypedRlp(authorizationPrefix, parts)),
      signature,
    });
    return optionalHex({ address }, "address");
  } catch {
    return undefined;
  }
}
