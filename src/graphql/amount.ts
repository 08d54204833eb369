// Amounts as GraphQL shows them. Imports domain; never computes.
import type { Amount } from "../domain/amount.js";
import { builder } from "./builder.js";

/** An amount of a currency. */
export const AmountType = builder.objectRef<Amount>("Amount").implement({
  description: "An amount of a currency, exact.",
  fields: (t) => ({
    text: t.exposeString("text", { description: "How the chain wrote it." }),
    currency: t.exposeString("currency", { description: "The currency or denomination, for example uatom." }),
    numeric: t.field({
      type: "BigInt",
      description: "numeric * 10^-exp is the amount.",
      resolve: (amount) => amount.numeric,
    }),
    exp: t.exposeInt("exp", { description: "How many of the digits stand behind the decimal point." }),
  }),
});
