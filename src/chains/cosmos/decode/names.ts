// Names of the common format from the names of protobuf types and fields.
// Imports nothing; never looks inside a message.

/** Types whose name in the common format is not the message's own in snake case. */
const exceptions: ReadonlyMap<string, string> = new Map([
  ["/cosmos.bank.v1beta1.MsgMultiSend", "multisend"],
  ["/cosmos.staking.v1beta1.MsgUndelegate", "begin_unbonding"],
  ["/cosmos.vesting.v1beta1.MsgCreateVestingAccount", "msg_create_vesting_account"],
  ["/cosmos.vesting.v1beta1.MsgCreatePermanentLockedAccount", "msg_create_permanent_locked_account"],
  ["/cosmos.vesting.v1beta1.MsgCreatePeriodicVestingAccount", "msg_create_periodic_vesting_account"],
  ["/ibc.core.channel.v1.MsgAcknowledgement", "channel_acknowledgement"],
  ["/ibc.core.channel.v2.MsgAcknowledgement", "channel_acknowledgement"],
]);

/** Names are the fields and types that we know, some thousands: each is turned once. */
const snakeNames = new Map<string, string>();

/** `fromAddress`, `MintNFT` → `from_address`, `mint_nft`. */
export function snakeCase(name: string): string {
  const known = snakeNames.get(name);
  if (known !== undefined) return known;
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
  if (snakeNames.size < mostNames) snakeNames.set(name, snake);
  return snake;
}

/** Beyond this, names are turned each time: a stranger's type URLs must not fill the memory. */
const mostNames = 10_000;

/** The type of a message: its own name in snake case without `Msg`, but for the few that chains always named otherwise. */
export function typeName(typeUrl: string): string {
  const known = exceptions.get(typeUrl);
  if (known !== undefined) return known;
  const name = typeUrl.slice(typeUrl.lastIndexOf(".") + 1);
  return snakeCase(name.replace(/^Msg(?=[A-Z])/, ""));
}

/** The module of a message: the last part of its package that is no version; `ibc` for all of IBC, `evm` for every EVM. */
export function moduleName(typeUrl: string): string {
  const parts = typeUrl.replace(/^\//, "").split(".").slice(0, -1);
  if (parts[0] === "ibc") return "ibc";
  const named = parts.filter((part) => !/^v\d+((alpha|beta)\d+)?$/.test(part)).at(-1) ?? "";
  return named === "vm" ? "evm" : named;
}
