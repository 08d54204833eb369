// Every recorded block, decoded and held against the node's own JSON.
import { describe, expect, it } from "vitest";
import { compareTransaction, tableOf, type Compared } from "../../../testing/cosmos-comparison.js";
import { recordings } from "../../../testing/cosmos-recordings.js";
import { hasFixtures } from "../../../testing/shared-fixtures.js";
import { readBlock, readBlockResults } from "../rpc-answers.js";
import { decodeHeight } from "./height.js";

describe.skipIf(!hasFixtures)("recorded blocks", () => {
  it("decode to what the node made of them, field by field", async () => {
    const compared: Compared[] = [];
    let transactions = 0;
    for (const { chainId, height, block, blockResults, nodeJson } of recordings()) {
      const [answer, ...quarantined] = await decodeHeight(
        { network: "cosmos", chainId },
        { block: readBlock(block), results: readBlockResults(blockResults).results },
      );
      expect(quarantined).toEqual([]);
      if (answer?.kind !== "height") throw new Error("No height came.");
      expect(answer.block.height).toBe(height);
      expect(answer.transactions).toHaveLength(nodeJson.length);
      for (const [index, node] of nodeJson.entries()) {
        const decoded = answer.transactions[index];
        const result = blockResults.txs_results?.[index];
        if (node === null || decoded === undefined || result === undefined) continue;
        transactions += 1;
        compared.push(
          ...compareTransaction(node, result, decoded).map((each) => ({
            ...each,
            field: `${chainId}/${decoded.height} ${each.field}`,
          })),
        );
      }
    }
    process.stdout.write(
      `\nRecorded Cosmos blocks against the node's own JSON\n${tableOf(compared, transactions)}\n`,
    );
    expect(compared.filter(({ equal, reason }) => !equal && reason === undefined)).toEqual([]);
    expect(transactions).toBeGreaterThan(70);
  });
});
