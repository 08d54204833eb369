// Rebuilds the chain's encoding of a signed transaction of type 0 to 4 from a node's JSON.
// Imports only viem and its own folder.
// Never returns bytes that do not hash to the transaction's hash.
// Format: RLP lists of EIP-155, 2930, 1559, 4844 and 7702, after one byte of type (EIP-2718).
import { keccak256, toRlp } from "viem/utils";
import {
  fieldsList,
  hexField,
  hexList,
  MalformedError,
  optionalHex,
  type Fields,
  type Hex,
} from "./fields.js";
import { encodeTypedRlp, rlpNumber, type RlpItem } from "./rlp.js";

/** Returns the canonical bytes; undefined if they cannot be rebuilt from the JSON, as with types of other networks. */
export function rawTransaction(transaction: Fields): Uint8Array | undefined {
  const raw = encoded(transaction);
  return raw !== undefined && keccak256(raw) === hexField(transaction, "hash") ? raw : undefined;
}

function encoded(transaction: Fields): Uint8Array | undefined {
  const type = optionalHex(transaction, "type") ?? "0x0";
  try {
    const list = rlpList(type, transaction);
    if (list === undefined) return undefined;
    return type === "0x0" ? toRlp(list, "bytes") : encodeTypedRlp(Number(type), list);
  } catch (error) {
    // Some networks omit signatures: the transaction is valid but cannot be encoded.
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

function rlpList(type: Hex, fields: Fields): RlpItem[] | undefined {
  const number = (key: string): Hex => rlpNumber(hexField(fields, key));
  const target = optionalHex(fields, "to") ?? "0x";
  const input = (): Hex => hexField(fields, "input");
  const signature = (parity: "v" | "yParity"): Hex[] => [
    rlpNumber(optionalHex(fields, parity) ?? hexField(fields, "v")),
    number("r"),
    number("s"),
  ];
  const dynamicFee = (): RlpItem[] => [
    number("chainId"),
    number("nonce"),
    number("maxPriorityFeePerGas"),
    number("maxFeePerGas"),
    number("gas"),
    target,
    number("value"),
    input(),
    accessList(fields),
  ];
  switch (type) {
    case "0x0":
      return [
        number("nonce"),
        number("gasPrice"),
        number("gas"),
        target,
        number("value"),
        input(),
        ...signature("v"),
      ];
    case "0x1":
      return [
        number("chainId"),
        number("nonce"),
        number("gasPrice"),
        number("gas"),
        target,
        number("value"),
        input(),
        accessList(fields),
        ...signature("yParity"),
      ];
    case "0x2":
      return [...dynamicFee(), ...signature("yParity")];
    case "0x3":
      return [
        ...dynamicFee(),
        number("maxFeePerBlobGas"),
        [...hexList(fields, "blobVersionedHashes")],
        ...signature("yParity"),
      ];
    case "0x4":
      return [...dynamicFee(), authorizationList(fields), ...signature("yParity")];
    default:
      return undefined;
  }
}

function accessList(fields: Fields): RlpItem[] {
  return fieldsList(fields["accessList"] ?? [], "accessList").map((entry) => [
    hexField(entry, "address"),
    [...hexList(entry, "storageKeys")],
  ]);
}

function authorizationList(fields: Fields): RlpItem[] {
  return fieldsList(fields["authorizationList"] ?? [], "authorizationList").map((entry) => [
    rlpNumber(hexField(entry, "chainId")),
    hexField(entry, "address"),
    rlpNumber(hexField(entry, "nonce")),
    rlpNumber(optionalHex(entry, "yParity") ?? hexField(entry, "v")),
    rlpNumber(hexField(entry, "r")),
    rlpNumber(hexField(entry, "s")),
  ]);
}
