// Converts names of protobuf types and fields to names of the common format.
// Imports nothing; never looks inside a message.

/** Types whose name in the common format is not their message name in snake case. */
const irregularNames: ReadonlyMap<string, string> = new Map([
  ["/cosmos.bank.v1beta1.MsgMultiSend", "multisend"],
  ["/cosmos.staking.v1beta1.MsgUndelegate", "begin_unbonding"],
  ["/cosmos.vesting.v1beta1.MsgCreateVestingAccount", "msg_create_vesting_account"],
  ["/cosmos.vesting.v1beta1.MsgCreatePermanentLockedAccount", "msg_create_permanent_locked_account"],
  ["/cosmos.vesting.v1beta1.MsgCreatePeriodicVestingAccount", "msg_create_periodic_vesting_account"],
  ["/ibc.core.channel.v1.MsgAcknowledgement", "channel_acknowledgement"],
  ["/ibc.core.channel.v2.MsgAcknowledgement", "channel_acknowledgement"],
]);

/** Maximum cached names, so that untrusted type URLs cannot exhaust the memory. */
const maxCachedNames = 10_000;

/** Caches the conversion: the names in use are the known fields and types, some thousands. */
function memoized(convert: (name: string) => string): (name: string) => string {
  const cache = new Map<string, string>();
  return (name) => {
    const known = cache.get(name);
    if (known !== undefined) return known;
    const result = convert(name);
    if (cache.size < maxCachedNames) cache.set(name, result);
    return result;
  };
}

/** Converts to snake case: `fromAddress` → `from_address`, `MintNFT` → `mint_nft`. */
export const snakeCase = memoized((name) =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase(),
);

/** The type of a message: its name in snake case without `Msg`, except for the irregular names. */
export const typeName = memoized((typeUrl) => {
  const known = irregularNames.get(typeUrl);
  if (known !== undefined) return known;
  const name = typeUrl.slice(typeUrl.lastIndexOf(".") + 1);
  return snakeCase(name.replace(/^Msg(?=[A-Z])/, ""));
});

/** The module of a message: the last part of its package that is not a version; `ibc` for all of IBC, `evm` for every EVM. */
export const moduleName = memoized((typeUrl) => {
  const parts = typeUrl.replace(/^\//, "").split(".").slice(0, -1);
  if (parts[0] === "ibc") return "ibc";
  const named = parts.filter((part) => !/^v\d+((alpha|beta)\d+)?$/.test(part)).at(-1) ?? "";
  return named === "vm" ? "evm" : named;
});
