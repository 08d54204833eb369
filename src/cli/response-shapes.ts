// Shapes of values that several responses of a manager have.
// Imports nothing of this project.
// Never sends a request.
import { z } from "zod";

/** A height: the scalar `Height` is a JSON number. */
export const heightSchema = z.number().int().nonnegative();

/** A range of heights. */
export const rangeSchema = z.object({ from: heightSchema, to: heightSchema });

/** The scalar `BigInt`: a decimal string. */
export const bigIntSchema = z.string().transform((text) => BigInt(text));

/** A chain's name. */
export const chainSchema = z.object({ network: z.string(), chainId: z.string() });
