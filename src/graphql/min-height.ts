// Waiting until a chain is stored up to a height. Imports client's port; never polls.
import type { ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import { builder } from "./builder.js";
import type { GatewayContext } from "./context.js";

/** The argument of what can wait. */
export const { minHeight: minHeightArgument } = builder.args((t) => ({
  minHeight: t.field({
    type: "Height",
    description:
      "Waits up to 5 s until the chain is stored up to this height, else fails with NOT_YET_INDEXED and the height that is there.",
  }),
}));

/** Waits where the caller wants it. */
export async function waitUntilIndexed(
  { client, loaders, left }: GatewayContext,
  chain: ChainRef,
  height: Height | null | undefined,
): Promise<void> {
  if (height === null || height === undefined) return;
  await client.waitForHeight(chain, height, left);
  loaders.forget(chain);
}
