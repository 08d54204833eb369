// The JSON body of POST /client_ping.
// Imports only domain and this folder; never resolves a name.
import { z } from "zod";
import { IndexerError } from "../../domain/errors.js";
import { counts } from "../protocol/limits.js";
import type { Registration } from "../port.js";

const text = z.string().trim().min(1).max(counts.text);
/** A name that is used in logs, metrics and paths. */
const name = text.regex(/^[\w.:/+-]+$/, "only letters, digits and . : / + - _ are allowed");

const body = z.object({
  id: name,
  network: name,
  chain_id: name,
  draining: z.boolean().optional(),
  connectivity: z.object({
    version: z.string().max(counts.text).default(""),
    type: z.literal("grpc", "only 'grpc' is supported"),
    address: text,
  }),
});

/** The JSON body of a registration. */
export type RegistrationBody = z.input<typeof body>;

/** Checks a parsed JSON body. Throws BAD_USER_INPUT with the name of the invalid key. */
export function readRegistration(json: unknown): Registration {
  const { success, data, error } = body.safeParse(json);
  if (!success) {
    const [issue] = error.issues;
    const key = issue?.path.join(".") ?? "";
    const subject = key === "" ? "The registration" : `'${key}' of the registration`;
    throw new IndexerError("BAD_USER_INPUT", `${subject} is invalid: ${issue?.message ?? "not an object"}.`, {
      key,
    });
  }
  const { version, address } = data.connectivity;
  return {
    workerId: data.id,
    chain: { network: data.network, chainId: data.chain_id },
    version,
    address,
    ...(data.draining !== undefined && { draining: data.draining }),
  };
}

/** Returns the JSON body of a registration. */
export function writeRegistration(registration: Registration): RegistrationBody {
  const { workerId, chain, version, address, draining } = registration;
  return {
    id: workerId,
    network: chain.network,
    chain_id: chain.chainId,
    connectivity: { version, type: "grpc", address },
    // Absent if false: managers of protocol version 0 do not know the key.
    ...(draining === true && { draining }),
  };
}
