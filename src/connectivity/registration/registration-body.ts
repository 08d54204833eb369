// What a worker says of itself by POST /client_ping, read and checked.
// Imports only domain and this folder; never resolves a name.
import { z } from "zod";
import { IndexerError } from "../../domain/errors.js";
import { counts } from "../protocol/limits.js";
import type { Registration } from "../port.js";

const text = z.string().trim().min(1).max(counts.text);
/** A name that goes into logs, metrics and paths. */
const name = text.regex(/^[\w.:/+-]+$/, "only letters, digits and . : / + - _ are allowed");

const body = z.object({
  id: name,
  network: name,
  chain_id: name,
  draining: z.boolean().optional(),
  connectivity: z.object({
    version: z.string().max(counts.text).default(""),
    type: z.literal("grpc", "only 'grpc' is spoken"),
    address: text,
  }),
});

/** The JSON body of a registration. */
export type RegistrationBody = z.input<typeof body>;

/** Reads a parsed JSON body. Throws BAD_USER_INPUT that names the key. */
export function readRegistration(given: unknown): Registration {
  const { success, data, error } = body.safeParse(given);
  if (!success) {
    const [issue] = error.issues;
    const key = issue?.path.join(".") ?? "";
    const what = key === "" ? "The registration" : `'${key}' of the registration`;
    throw new IndexerError("BAD_USER_INPUT", `${what} is wrong: ${issue?.message ?? "not an object"}.`, {
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

/** The JSON body that says the same. */
export function writeRegistration(registration: Registration): RegistrationBody {
  const { workerId, chain, version, address, draining } = registration;
  return {
    id: workerId,
    network: chain.network,
    chain_id: chain.chainId,
    connectivity: { version, type: "grpc", address },
    // Absent while it is false, so that the body is what legacy managers know.
    ...(draining === true && { draining }),
  };
}
