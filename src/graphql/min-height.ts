// Waiting until a chain is stored up to a height. Imports client's types. Never polls.
import type { ChainRef } from "../domain/chain.js";
import type { Height } from "../domain/height.js";
import { builder } from "./builder.js";
import type { GatewayContext } from "./context.js";

/** The argument of fields that can wait for a height. */
export const { minHeight: minHeightArgument } = builder.args((t) => ({
  minHeight: t.field({
    type: "Height",
    description:
      "Waits up to 5 s until the chain is stored up to this height. If it is not, fails with NOT_YET_INDEXED and the stored height.",
  }),
}));

/** Waits until the chain is stored up to the height. Returns at once if the height is absent. */
export async function waitUntilIndexed(
  { client, loaders, disconnected }: GatewayContext,
  chain: ChainRef,
  height: Height | null | undefined,
): Promise<void> {
  if (height === null || height === undefined) return;
  await client.waitForHeight(chain, height, disconnected);
  loaders.forget(chain);
}
