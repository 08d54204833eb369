// All decodable types by type URL: those of cosmjs-types and of extra-types.
// Imports only cosmjs-types and extra-types; never interprets a message.
import * as auth from "cosmjs-types/cosmos/auth/v1beta1/tx";
import * as authzTypes from "cosmjs-types/cosmos/authz/v1beta1/authz";
import * as authz from "cosmjs-types/cosmos/authz/v1beta1/tx";
import * as bankAuthz from "cosmjs-types/cosmos/bank/v1beta1/authz";
import * as bank from "cosmjs-types/cosmos/bank/v1beta1/tx";
import * as benchmark from "cosmjs-types/cosmos/benchmark/v1/tx";
import * as circuit from "cosmjs-types/cosmos/circuit/v1/tx";
import * as consensus from "cosmjs-types/cosmos/consensus/v1/tx";
import * as counter from "cosmjs-types/cosmos/counter/v1/tx";
import * as crisis from "cosmjs-types/cosmos/crisis/v1beta1/tx";
import * as ed25519 from "cosmjs-types/cosmos/crypto/ed25519/keys";
import * as secp256k1 from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import * as distributionTypes from "cosmjs-types/cosmos/distribution/v1beta1/distribution";
import * as distribution from "cosmjs-types/cosmos/distribution/v1beta1/tx";
import * as evidenceTypes from "cosmjs-types/cosmos/evidence/v1beta1/evidence";
import * as evidence from "cosmjs-types/cosmos/evidence/v1beta1/tx";
import * as feegrantTypes from "cosmjs-types/cosmos/feegrant/v1beta1/feegrant";
import * as feegrant from "cosmjs-types/cosmos/feegrant/v1beta1/tx";
import * as govV1 from "cosmjs-types/cosmos/gov/v1/tx";
import * as govTypes from "cosmjs-types/cosmos/gov/v1beta1/gov";
import * as govV1beta1 from "cosmjs-types/cosmos/gov/v1beta1/tx";
import * as group from "cosmjs-types/cosmos/group/v1/tx";
import * as groupTypes from "cosmjs-types/cosmos/group/v1/types";
import * as mint from "cosmjs-types/cosmos/mint/v1beta1/tx";
import * as nft from "cosmjs-types/cosmos/nft/v1beta1/tx";
import * as params from "cosmjs-types/cosmos/params/v1beta1/params";
import * as protocolpool from "cosmjs-types/cosmos/protocolpool/v1/tx";
import * as slashing from "cosmjs-types/cosmos/slashing/v1beta1/tx";
import * as stakingAuthz from "cosmjs-types/cosmos/staking/v1beta1/authz";
import * as staking from "cosmjs-types/cosmos/staking/v1beta1/tx";
import * as upgrade from "cosmjs-types/cosmos/upgrade/v1beta1/tx";
import * as upgradeTypes from "cosmjs-types/cosmos/upgrade/v1beta1/upgrade";
import * as vesting from "cosmjs-types/cosmos/vesting/v1beta1/tx";
import * as wasmAuthz from "cosmjs-types/cosmwasm/wasm/v1/authz";
import * as wasmProposals from "cosmjs-types/cosmwasm/wasm/v1/proposal_legacy";
import * as wasm from "cosmjs-types/cosmwasm/wasm/v1/tx";
import * as icaController from "cosmjs-types/ibc/applications/interchain_accounts/controller/v1/tx";
import * as icaHost from "cosmjs-types/ibc/applications/interchain_accounts/host/v1/tx";
import * as transferAuthz from "cosmjs-types/ibc/applications/transfer/v1/authz";
import * as transfer from "cosmjs-types/ibc/applications/transfer/v1/tx";
import * as channelV1 from "cosmjs-types/ibc/core/channel/v1/tx";
import * as channelV2 from "cosmjs-types/ibc/core/channel/v2/tx";
import * as clientV1 from "cosmjs-types/ibc/core/client/v1/tx";
import * as clientV2 from "cosmjs-types/ibc/core/client/v2/tx";
import * as connection from "cosmjs-types/ibc/core/connection/v1/tx";
import * as tendermintClient from "cosmjs-types/ibc/lightclients/tendermint/v1/tendermint";
import * as wasmClient from "cosmjs-types/ibc/lightclients/wasm/v1/tx";
import { extraCodecs } from "./extra-types.js";
import type { Codec } from "./bytes-reader.js";

const modules: readonly Readonly<Record<string, unknown>>[] = [
  auth,
  authzTypes,
  authz,
  bankAuthz,
  bank,
  benchmark,
  circuit,
  consensus,
  counter,
  crisis,
  ed25519,
  secp256k1,
  distributionTypes,
  distribution,
  evidenceTypes,
  evidence,
  feegrantTypes,
  feegrant,
  govV1,
  govTypes,
  govV1beta1,
  group,
  groupTypes,
  mint,
  nft,
  params,
  protocolpool,
  slashing,
  stakingAuthz,
  staking,
  upgrade,
  upgradeTypes,
  vesting,
  wasmAuthz,
  wasmProposals,
  wasm,
  icaController,
  icaHost,
  transferAuthz,
  transfer,
  channelV1,
  channelV2,
  clientV1,
  clientV2,
  connection,
  tendermintClient,
  wasmClient,
];

function isCodec(value: unknown): value is Codec {
  return (
    typeof value === "object" &&
    value !== null &&
    "typeUrl" in value &&
    typeof value.typeUrl === "string" &&
    "decode" in value
  );
}

const codecs: ReadonlyMap<string, Codec> = new Map(
  [...modules.flatMap((module) => Object.values(module)).filter(isCodec), ...extraCodecs].map((codec) => [
    codec.typeUrl,
    codec,
  ]),
);

/** The codec of a type; undefined for an unknown type. */
export function codecOf(typeUrl: string): Codec | undefined {
  return codecs.get(typeUrl);
}

/** The type URLs of all decodable messages (types that begin with Msg). */
export function knownMessages(): string[] {
  return [...codecs.keys()].filter(
    (typeUrl) => /\.Msg[A-Z]\w*$/.test(typeUrl) && !typeUrl.endsWith("Response"),
  );
}
