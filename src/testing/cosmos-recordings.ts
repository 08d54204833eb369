// Recorded Cosmos blocks: a node's responses to block and block_results, and its REST API's JSON of each transaction.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { fixturePath, hasFixtures } from "./shared-fixtures.js";

/** One recorded height. */
export interface Recording {
  readonly chainId: string;
  readonly height: number;
  /** Whether the bytes match the chain's data hash; false if the file was edited. */
  readonly verified: boolean;
  /** The result of the RPC's `block`. */
  readonly block: unknown;
  /** The result of the RPC's `block_results`. */
  readonly blockResults: { readonly txs_results: readonly NodeResult[] | null };
  /** The REST API's response for each transaction, or null. */
  readonly nodeJson: readonly (NodeTransaction | null)[];
}

/** A transaction's result in the format of `block_results`. */
export interface NodeResult {
  readonly code: number;
  readonly log: string;
  readonly gas_wanted: string;
  readonly gas_used: string;
}

/** A transaction in the format of the node's REST API. */
export interface NodeTransaction {
  readonly tx: {
    readonly body: { readonly messages: readonly NodeMessage[]; readonly memo: string };
    readonly auth_info: {
      readonly signer_infos: readonly {
        readonly public_key: Readonly<Record<string, unknown>> | null;
        readonly sequence: string;
      }[];
      readonly fee: {
        readonly amount: readonly { readonly denom: string; readonly amount: string }[];
        readonly payer: string;
        readonly granter: string;
      };
    };
  };
  readonly tx_response: {
    readonly height: string;
    readonly txhash: string;
    readonly codespace: string;
    readonly code: number;
    readonly raw_log: string;
    readonly gas_wanted: string;
    readonly gas_used: string;
  };
}

/** A message in the format of the node's REST API. */
export type NodeMessage = Readonly<Record<string, unknown>> & { readonly "@type": string };

interface RecordedFile {
  readonly data_hash_verified: boolean;
  readonly block: {
    readonly block: { readonly header: { readonly chain_id: string; readonly height: string } };
  };
  readonly block_results: Recording["blockResults"];
  readonly node_json: readonly (NodeTransaction | null)[] | null;
}

/** Returns all recorded heights of our own chains, ordered by chain and height. */
export function ownRecordings(): Recording[] {
  const folder = new URL("recordings/", import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json.gz"))
    .flatMap(
      (name) => JSON.parse(gunzipSync(readFileSync(new URL(name, folder))).toString()) as RecordedFile[],
    )
    .map(recordingOf)
    .sort(byChainAndHeight);
}

function recordingOf(file: RecordedFile): Recording {
  const { chain_id: chainId, height } = file.block.block.header;
  return {
    chainId,
    height: Number(height),
    verified: file.data_hash_verified,
    block: file.block,
    blockResults: file.block_results,
    nodeJson: file.node_json ?? [],
  };
}

function byChainAndHeight(a: Recording, b: Recording): number {
  return a.chainId.localeCompare(b.chainId) || a.height - b.height;
}

/** Returns all recorded heights of public chains, ordered by chain and height; none if the folder does not exist. */
export function recordings(): Recording[] {
  if (!hasFixtures) return [];
  return readdirSync(fixturePath("cosmos"))
    .filter((name) => statSync(fixturePath("cosmos", name)).isDirectory())
    .flatMap((chainId) =>
      readdirSync(fixturePath("cosmos", chainId)).map((name): Recording => {
        const file = JSON.parse(readFileSync(fixturePath("cosmos", chainId, name), "utf8")) as RecordedFile;
        // The folder's chain id and the file's height: some blocks were edited.
        return { ...recordingOf(file), chainId, height: Number.parseInt(name, 10) };
      }),
    )
    .sort(byChainAndHeight);
}
