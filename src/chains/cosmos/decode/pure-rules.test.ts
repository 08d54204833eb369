// Pure rules of decoding, held against arithmetic, libraries and random input.
import { bech32 } from "@scure/base";
import fc from "fast-check";
import { BinaryWriter } from "cosmjs-types/binary";
import { describe, expect, it } from "vitest";
import { serializeTransaction, toRlp } from "viem";
import { toDecimalString } from "../../../domain/amount.js";
import { testAddress, makeHeight, makeTransaction } from "../../../testing/cosmos-generator.js";
import { sampleMessages } from "../../../testing/cosmos-messages.js";
import { blockFromRpc, resultsFromRpc } from "../rpc-responses.js";
import {
  operatorAccount,
  accountFromPublicKey,
  isDistributionModule,
  normalizeAddress,
} from "./addresses.js";
import { AmountError, amountFromCoin, amountFromDecCoin, formatDecimal, parseCoins } from "./coins.js";
import { decodeCosmosHeight } from "./height.js";
import { moduleName, snakeCase, typeName } from "./names.js";
import { isBase64Encoded, readJsonEvents } from "./node-events.js";
import { readRlpList } from "./rlp.js";
import { findAddresses } from "./wire.js";

const whole = fc.bigInt({ min: 0n, max: 10n ** 60n });
const denom = fc.constantFrom(
  "uatom",
  "ibc/27394FB092D2ECCD56123C74F36E4C1F",
  "factory/osmo1abc/x.y-z",
  "aevmos",
);

describe("amounts", () => {
  it("are exact whole numbers of any size", () => {
    fc.assert(
      fc.property(whole, denom, (amount, name) => {
        expect(amountFromCoin({ denom: name, amount: amount.toString() })).toEqual({
          text: `${amount}${name}`,
          currency: name,
          numeric: amount.toString(),
          exp: 0,
        });
      }),
      { numRuns: 10_000 },
    );
  });

  it("with 18 decimals equal the encoded number", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 50n), max: 10n ** 50n }), denom, (atomics, name) => {
        const amount = amountFromDecCoin({ denom: name, amount: atomics.toString() });
        expect(amount).toMatchObject({ numeric: atomics.toString(), exp: 18 });
        expect(amount.text).toBe(`${toDecimalString(amount)}${name}`);
        expect(BigInt(formatDecimal(atomics.toString()).replace(".", ""))).toBe(atomics);
      }),
      { numRuns: 10_000 },
    );
  });

  it("in events keep their original text", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(whole, denom)), (coins) => {
        const text = coins.map(([amount, name]) => `${amount}${name}`).join(",");
        expect(parseCoins(text)).toEqual(
          coins.map(([amount, name]) => amountFromCoin({ amount: `${amount}`, denom: name })),
        );
      }),
      { numRuns: 10_000 },
    );
  });

  it.each(["1.5", "1e5", "abc", "0x10", "--1", " 1"])("'%s' is rejected", (amount) => {
    expect(() => amountFromCoin({ denom: "x", amount })).toThrow(AmountError);
  });

  it.each([
    ["", "0"],
    ["007", "7"],
    ["-5", "-5"],
  ])("'%s' is %s", (amount, numeric) => {
    expect(amountFromCoin({ denom: "x", amount })).toMatchObject({ numeric });
  });
});

describe("addresses", () => {
  const bytes = fc.uint8Array({ minLength: 20, maxLength: 20 });
  const prefix = fc.constantFrom("cosmos", "tcro", "osmo", "evmos");

  it("are accepted in lower and upper case, not in mixed case", () => {
    fc.assert(
      fc.property(bytes, prefix, (key, name) => {
        const address = bech32.encode(name, bech32.toWords(key));
        expect(normalizeAddress(address)).toBe(address);
        expect(normalizeAddress(address.toUpperCase())).toBe(address);
        expect(normalizeAddress(address.slice(0, -1))).toBeUndefined();
        expect(normalizeAddress(address.slice(0, 10).toUpperCase() + address.slice(10))).toBeUndefined();
      }),
      { numRuns: 10_000 },
    );
  });

  it("do not include the IBC ports that contain an account", () => {
    expect(normalizeAddress(`icacontroller-${testAddress("owner")}`)).toBeUndefined();
    expect(normalizeAddress(`wasm.${testAddress("contract")}`)).toBeUndefined();
  });

  it("of validators convert to accounts", () => {
    fc.assert(
      fc.property(bytes, prefix, fc.constantFrom("valoper", "cncl"), (key, name, ending) => {
        const words = bech32.toWords(key);
        expect(operatorAccount(bech32.encode(name + ending, words))).toBe(bech32.encode(name, words));
        expect(operatorAccount(bech32.encode(name, words))).toBe(bech32.encode(name, words));
      }),
    );
  });

  it("of a key and of the distribution module equal those of the SDK", () => {
    // The account of a recorded transaction: cosmoshub-4, height 9399574.
    const key = Buffer.from("A4oHZQz6i4zbJrui48pzL/t+6hSnrde7EATwrLISxd5l", "base64");
    expect(accountFromPublicKey(key, "cosmos")).toBe("cosmos14jayw662dsn2u050lmhpysqu64dz02cvcxrwnm");
    expect(isDistributionModule("cosmos1jv65s3grqf6v6jl3dp4t6c9t9rk99cd88lyufl")).toBe(true);
    expect(isDistributionModule("tcro1jv65s3grqf6v6jl3dp4t6c9t9rk99cd8339p4l")).toBe(true);
    expect(isDistributionModule("cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh")).toBe(false);
  });

  it("are found in bytes of unknown types, without errors", () => {
    const [alice, bob] = [testAddress("alice"), testAddress("bob", "testvaloper")];
    const inner = new BinaryWriter().uint32(10).string(bob).uint32(16).uint64(5n).finish();
    const message = new BinaryWriter()
      .uint32(10)
      .string(alice)
      .uint32(18)
      .bytes(inner)
      .uint32(26)
      .string("x")
      .finish();
    expect(findAddresses(message)).toEqual([alice, bob]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (random) => {
        expect(Array.isArray(findAddresses(random))).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe("names", () => {
  it.each([
    ["/cosmos.bank.v1beta1.MsgSend", "send", "bank"],
    ["/cosmos.bank.v1beta1.MsgMultiSend", "multisend", "bank"],
    ["/cosmos.staking.v1beta1.MsgUndelegate", "begin_unbonding", "staking"],
    ["/cosmos.staking.v1beta1.MsgBeginRedelegate", "begin_redelegate", "staking"],
    ["/cosmos.distribution.v1beta1.MsgWithdrawDelegatorReward", "withdraw_delegator_reward", "distribution"],
    ["/cosmos.vesting.v1beta1.MsgCreateVestingAccount", "msg_create_vesting_account", "vesting"],
    ["/cosmos.gov.v1.MsgSubmitProposal", "submit_proposal", "gov"],
    ["/cosmos.crisis.v1beta1.MsgVerifyInvariant", "verify_invariant", "crisis"],
    ["/ibc.core.channel.v1.MsgAcknowledgement", "channel_acknowledgement", "ibc"],
    ["/ibc.core.channel.v1.MsgRecvPacket", "recv_packet", "ibc"],
    ["/ibc.applications.transfer.v1.MsgTransfer", "transfer", "ibc"],
    ["/tendermint.liquidity.v1beta1.MsgSwapWithinBatch", "swap_within_batch", "liquidity"],
    ["/chainmain.nft.v1.MsgMintNFT", "mint_nft", "nft"],
    ["/ethermint.evm.v1.MsgEthereumTx", "ethereum_tx", "evm"],
    ["/cosmos.evm.vm.v1.MsgEthereumTx", "ethereum_tx", "evm"],
    ["/cronos.MsgConvertVouchers", "convert_vouchers", "cronos"],
  ])("of %s are %s in %s", (typeUrl, type, module) => {
    expect([typeName(typeUrl), moduleName(typeUrl)]).toEqual([type, module]);
  });

  it("are snake case", () => {
    expect(["fromAddress", "ERC20Token", "codeId", "x"].map(snakeCase)).toEqual([
      "from_address",
      "erc20_token",
      "code_id",
      "x",
    ]);
  });
});

describe("attributes of events", () => {
  const key = fc.constantFrom("recipient", "sender", "amount", "receiver", "msg_index", "module", "action");
  const event = fc.record({
    type: fc.string(),
    attributes: fc.array(fc.record({ key, value: fc.string() }), { minLength: 1 }),
  });

  it("are the same in base64 and in plain text", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1 }), (events) => {
        const encode = (text: string): string => Buffer.from(text, "utf8").toString("base64");
        const written = events.map(({ type, attributes }) => ({
          type,
          attributes: attributes.map((each) => ({ key: encode(each.key), value: encode(each.value) })),
        }));
        expect(isBase64Encoded(written)).toBe(true);
        expect(isBase64Encoded(events)).toBe(false);
        const wellFormed = events.map(({ type, attributes }) => ({
          type,
          attributes: attributes.map((each) => ({
            key: each.key,
            value: Buffer.from(each.value, "utf8").toString("utf8"),
          })),
        }));
        expect(readJsonEvents(written, true)).toEqual(wellFormed);
        expect(readJsonEvents(events, false)).toEqual(events);
      }),
      { numRuns: 2_000 },
    );
  });

  it("may be null if they are empty", () => {
    const events = [
      { type: "x", attributes: [{ key: "a", value: null }, { key: "b" }] },
      { type: "y", attributes: null },
    ];
    expect(readJsonEvents(events, false)).toEqual([
      {
        type: "x",
        attributes: [
          { key: "a", value: "" },
          { key: "b", value: "" },
        ],
      },
      { type: "y", attributes: [] },
    ]);
  });
});

describe("RLP", () => {
  it("decodes what an encoder wrote", () => {
    const item = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 12 }), (items) => {
        const encoded = toRlp(items, "bytes");
        expect(readRlpList(encoded)?.map((each) => [...each])).toEqual(items.map((each) => [...each]));
        expect(readRlpList(encoded.subarray(0, -1))).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("Ethereum transactions", () => {
  const to = "0x00000000000000000000000000000000000000aa";
  const common = { nonce: 7, gas: 21_000n, to, value: 10n ** 30n, data: "0xa9059cbb00", chainId: 1 } as const;
  it.each([
    ["0", serializeTransaction({ ...common, type: "legacy", gasPrice: 5n })],
    ["1", serializeTransaction({ ...common, type: "eip2930", gasPrice: 5n })],
    ["2", serializeTransaction({ ...common, type: "eip1559", maxFeePerGas: 5n })],
  ])("of type %s have nonce, gas, accounts, value and selector", async (type, serialized) => {
    const from = Buffer.alloc(20, 0xbb);
    const raw = Buffer.from(serialized.slice(2), "hex");
    const typeUrl = "/cosmos.evm.vm.v1.MsgEthereumTx";
    const value = new BinaryWriter().uint32(42).bytes(from).uint32(50).bytes(raw).finish();
    const { block, blockResults } = makeHeight("test-1", 1, {
      transactions: [{ bytes: makeTransaction([{ typeUrl, value }]), messageTypes: [typeUrl] }],
      era: "finalize",
    });
    const results = resultsFromRpc(blockResults).results;
    const [result] = await decodeCosmosHeight(
      { network: "cosmos", chainId: "test-1" },
      { block: blockFromRpc(block), results },
    );
    const amounts = [{ text: `${10n ** 30n}utest`, currency: "utest", numeric: `${10n ** 30n}`, exp: 0 }];
    expect(result?.kind === "height" ? result.transactions[0]?.events[0] : undefined).toMatchObject({
      kind: "ethereum_tx",
      sub: [
        {
          sender: [{ account: { id: `0x${"bb".repeat(20)}` }, amounts }],
          recipient: [{ account: { id: to }, amounts }],
          nonce: "7",
          additional: { ethereum_type: [type], gas: ["21000"], to: [to], selector: ["0xa9059cbb"] },
        },
      ],
    });
  });
});

describe("bytes of any kind", () => {
  const chain = { network: "cosmos", chainId: "test-1" };
  const whole = makeTransaction(sampleMessages.slice(0, 12).map(({ packed }) => packed));

  it("are kept as transactions with errors, and never fail their block", async () => {
    const damaged = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })).map(([at, byte]) => {
      const bytes = Uint8Array.from(whole);
      bytes[at] = byte;
      return bytes;
    });
    const cut = fc.nat({ max: whole.length }).map((end) => whole.slice(0, end));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged, cut), { minLength: 1, maxLength: 4 }),
        async (list) => {
          const transactions = list.map((bytes) => ({
            bytes,
            messageTypes: [],
            code: 2,
            log: "tx parse error",
          }));
          const { block, blockResults } = makeHeight("test-1", 3, { transactions, era: "finalize" });
          const results = resultsFromRpc(blockResults).results;
          const result = (await decodeCosmosHeight(chain, { block: blockFromRpc(block), results })).at(-1);
          if (result?.kind !== "height") throw new Error("Expected a height.");
          expect(result.transactions.map(({ raw }) => [...(raw ?? [])])).toEqual(
            list.map((bytes) => [...bytes]),
          );
          expect(result.transactions.every(({ hasErrors }) => hasErrors)).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
