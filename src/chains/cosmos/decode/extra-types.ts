// Field tables of message types that cosmjs-types lacks.
// Imports only wire; never interprets a message. Each package names the proto file of its numbers.
import type { Codec } from "./bytes-reader.js";
import { tableCodec, type Shape } from "./wire.js";

const packetId = {
  portId: [1, "string"],
  channelId: [2, "string"],
  sequence: [3, "uint"],
} as const satisfies Shape;
const packetFee = {
  recvFee: [1, "coin", "list"],
  ackFee: [2, "coin", "list"],
  timeoutFee: [3, "coin", "list"],
} as const satisfies Shape;
const accessTuple = { address: [1, "string"], storageKeys: [2, "string", "list"] } as const satisfies Shape;
const ethereumTx = {
  data: [1, "any"],
  deprecatedHash: [3, "string"],
  deprecatedFrom: [4, "string"],
  from: [5, "bytes"],
  raw: [6, "bytes"],
} as const satisfies Shape;

const shapes: Readonly<Record<string, Shape>> = {
  // gravity-devs/liquidity, proto/tendermint/liquidity/v1beta1/tx.proto
  "/tendermint.liquidity.v1beta1.MsgCreatePool": {
    poolCreatorAddress: [1, "string"],
    poolTypeId: [2, "uint"],
    depositCoins: [4, "coin", "list"],
  },
  "/tendermint.liquidity.v1beta1.MsgDepositWithinBatch": {
    depositorAddress: [1, "string"],
    poolId: [2, "uint"],
    depositCoins: [3, "coin", "list"],
  },
  "/tendermint.liquidity.v1beta1.MsgWithdrawWithinBatch": {
    withdrawerAddress: [1, "string"],
    poolId: [2, "uint"],
    poolCoin: [3, "coin"],
  },
  "/tendermint.liquidity.v1beta1.MsgSwapWithinBatch": {
    swapRequesterAddress: [1, "string"],
    poolId: [2, "uint"],
    swapTypeId: [3, "uint"],
    offerCoin: [4, "coin"],
    demandCoinDenom: [5, "string"],
    offerCoinFee: [6, "coin"],
    orderPrice: [7, "string"],
  },
  // evmos/ethermint and crypto-org-chain/ethermint, proto/ethermint/evm/v1/tx.proto (`size` is a fixed64 double, left out)
  "/ethermint.evm.v1.MsgEthereumTx": ethereumTx,
  "/ethermint.evm.v1.LegacyTx": {
    nonce: [1, "uint"],
    gasPrice: [2, "string"],
    gas: [3, "uint"],
    to: [4, "string"],
    value: [5, "string"],
    data: [6, "bytes"],
  },
  "/ethermint.evm.v1.AccessListTx": {
    chainId: [1, "string"],
    nonce: [2, "uint"],
    gasPrice: [3, "string"],
    gas: [4, "uint"],
    to: [5, "string"],
    value: [6, "string"],
    data: [7, "bytes"],
    accesses: [8, accessTuple, "list"],
  },
  "/ethermint.evm.v1.DynamicFeeTx": {
    chainId: [1, "string"],
    nonce: [2, "uint"],
    gasTipCap: [3, "string"],
    gasFeeCap: [4, "string"],
    gas: [5, "uint"],
    to: [6, "string"],
    value: [7, "string"],
    data: [8, "bytes"],
    accesses: [9, accessTuple, "list"],
  },
  // cosmos/evm, proto/cosmos/evm/vm/v1/tx.proto
  "/cosmos.evm.vm.v1.MsgEthereumTx": ethereumTx,
  // evmos/evmos and cosmos/evm, erc20/v1/tx.proto
  ...Object.fromEntries(
    ["/evmos.erc20.v1", "/cosmos.evm.erc20.v1"].flatMap((name): [string, Shape][] => [
      [`${name}.MsgConvertCoin`, { coin: [1, "coin"], receiver: [2, "string"], sender: [3, "string"] }],
      [
        `${name}.MsgConvertERC20`,
        {
          contractAddress: [1, "string"],
          amount: [2, "string"],
          receiver: [3, "string"],
          sender: [4, "string"],
        },
      ],
    ]),
  ),
  // crypto-org-chain/chain-main, proto/nft/v1/tx.proto
  "/chainmain.nft.v1.MsgIssueDenom": {
    id: [1, "string"],
    name: [2, "string"],
    schema: [3, "string"],
    sender: [4, "string"],
    uri: [5, "string"],
  },
  "/chainmain.nft.v1.MsgTransferNFT": {
    id: [1, "string"],
    denomId: [2, "string"],
    sender: [3, "string"],
    recipient: [4, "string"],
  },
  "/chainmain.nft.v1.MsgEditNFT": {
    id: [1, "string"],
    denomId: [2, "string"],
    name: [3, "string"],
    uri: [4, "string"],
    data: [5, "string"],
    sender: [6, "string"],
  },
  "/chainmain.nft.v1.MsgMintNFT": {
    id: [1, "string"],
    denomId: [2, "string"],
    name: [3, "string"],
    uri: [4, "string"],
    data: [5, "string"],
    sender: [6, "string"],
    recipient: [7, "string"],
  },
  "/chainmain.nft.v1.MsgBurnNFT": { id: [1, "string"], denomId: [2, "string"], sender: [3, "string"] },
  // crypto-org-chain/chain-main, proto/icaauth/v1/tx.proto, whose package was renamed once
  ...Object.fromEntries(
    ["/icaauth.v1", "/chainmain.icaauth.v1"].flatMap((name): [string, Shape][] => [
      [
        `${name}.MsgRegisterAccount`,
        { owner: [1, "string"], connectionId: [2, "string"], version: [3, "string"] },
      ],
      [
        `${name}.MsgSubmitTx`,
        {
          owner: [1, "string"],
          connectionId: [2, "string"],
          msgs: [3, "any", "list"],
          timeoutDuration: [4, { seconds: [1, "int"], nanos: [2, "uint"] }],
        },
      ],
    ]),
  ),
  // crypto-org-chain/cronos, proto/cronos/tx.proto
  "/cronos.MsgConvertVouchers": { address: [1, "string"], coins: [2, "coin", "list"] },
  "/cronos.MsgTransferTokens": { from: [1, "string"], to: [2, "string"], coins: [3, "coin", "list"] },
  "/cronos.MsgUpdateTokenMapping": {
    sender: [1, "string"],
    denom: [2, "string"],
    contract: [3, "string"],
    symbol: [4, "string"],
    decimal: [5, "uint"],
  },
  "/cronos.MsgTurnBridge": { sender: [1, "string"], enable: [2, "bool"] },
  // CosmWasm/wasmd, proto/cosmwasm/wasm/v1/ibc.proto
  "/cosmwasm.wasm.v1.MsgIBCSend": {
    channel: [2, "string"],
    timeoutHeight: [4, "uint"],
    timeoutTimestamp: [5, "uint"],
    data: [6, "bytes"],
  },
  "/cosmwasm.wasm.v1.MsgIBCCloseChannel": { channel: [2, "string"] },
  // cosmos/ibc-go v8, proto/ibc/applications/fee/v1/tx.proto
  "/ibc.applications.fee.v1.MsgRegisterPayee": {
    portId: [1, "string"],
    channelId: [2, "string"],
    relayer: [3, "string"],
    payee: [4, "string"],
  },
  "/ibc.applications.fee.v1.MsgRegisterCounterpartyPayee": {
    portId: [1, "string"],
    channelId: [2, "string"],
    relayer: [3, "string"],
    counterpartyPayee: [4, "string"],
  },
  "/ibc.applications.fee.v1.MsgPayPacketFee": {
    fee: [1, packetFee],
    sourcePortId: [2, "string"],
    sourceChannelId: [3, "string"],
    signer: [4, "string"],
    relayers: [5, "string", "list"],
  },
  "/ibc.applications.fee.v1.MsgPayPacketFeeAsync": {
    packetId: [1, packetId],
    packetFee: [2, { fee: [1, packetFee], refundAddress: [2, "string"], relayers: [3, "string", "list"] }],
  },
  // cosmos/ibc-go v7, proto/ibc/core/client/v1/client.proto
  "/ibc.core.client.v1.ClientUpdateProposal": {
    title: [1, "string"],
    description: [2, "string"],
    subjectClientId: [3, "string"],
    substituteClientId: [4, "string"],
  },
  "/ibc.core.client.v1.UpgradeProposal": {
    title: [1, "string"],
    description: [2, "string"],
    plan: [3, { name: [1, "string"], height: [3, "int"], info: [4, "string"] }],
    upgradedClientState: [4, "any"],
  },
  // cosmos/ibc-go v7, proto/ibc/lightclients/solomachine/v2/solomachine.proto
  "/ibc.lightclients.solomachine.v2.ClientState": {
    sequence: [1, "uint"],
    isFrozen: [2, "bool"],
    allowUpdateAfterProposal: [4, "bool"],
  },
  // cosmos/cosmos-sdk v0.47, proto/cosmos/distribution/v1beta1/distribution.proto
  "/cosmos.distribution.v1beta1.CommunityPoolSpendProposalWithDeposit": {
    title: [1, "string"],
    description: [2, "string"],
    recipient: [3, "string"],
    amount: [4, "string"],
    deposit: [5, "string"],
  },
};

/** The codecs of all tables. */
export const extraCodecs: readonly Codec[] = Object.entries(shapes).map(([typeUrl, shape]) =>
  tableCodec(typeUrl, shape),
);
