// The type of amounts. Imports domain. Never computes with amounts.
import type { Amount } from "../domain/amount.js";
import { builder } from "./builder.js";

/** The type of an amount. */
export const AmountType = builder.objectRef<Amount>("Amount").implement({
  description: "An exact amount of one currency.",
  fields: (t) => ({
    text: t.exposeString("text", { description: "The amount as the chain wrote it, for example 5uatom." }),
    currency: t.exposeString("currency", { description: "The currency or denomination, for example uatom." }),
    numeric: t.field({
      type: "BigInt",
      description: "numeric * 10^-exp is the amount.",
      resolve: (amount) => amount.numeric,
    }),
    exp: t.exposeInt("exp", { description: "The number of digits after the decimal point." }),
  }),
});
