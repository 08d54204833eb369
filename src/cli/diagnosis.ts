// One finding of `indexer doctor`, and the checks of this machine that need no other process.
// Imports only lib.
// Never changes anything.
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import { errorMessage } from "../lib/error-message.js";
import { addressText, type HostPort } from "../lib/setting-types.js";

/** One finding. Everything but `ok` has a next step. */
export interface Diagnosis {
  readonly subject: string;
  readonly state: "ok" | "warning" | "failed";
  readonly message: string;
  readonly nextStep?: string;
}

const minimalNode = [20, 19] as const;
const mebibyte = 1024 * 1024;
const minimalFree = 1_024 * mebibyte;
const minimalMemory = 512 * mebibyte;

/** Checks the version of Node and the memory of the machine. */
export function diagnoseMachine(): Diagnosis[] {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const recent = major > minimalNode[0] || (major === minimalNode[0] && minor >= minimalNode[1]);
  const memory = totalmem();
  return [
    {
      subject: "Node",
      state: recent ? "ok" : "failed",
      message: `version ${process.versions.node}`,
      ...(!recent && { nextStep: `Install Node ${minimalNode.join(".")} or newer.` }),
    },
    {
      subject: "memory",
      state: memory >= minimalMemory ? "ok" : "warning",
      message: `${Math.round(memory / mebibyte)} MiB`,
      ...(memory < minimalMemory && {
        nextStep: "A manager needs about 300 MiB: use a machine with more memory.",
      }),
    },
  ];
}

/** Checks that the folder of the embedded database can be written and has free space. */
export function diagnoseFolder(folder: string): Diagnosis {
  const subject = "data folder";
  const path = resolve(folder);
  const parent = nearestFolder(path);
  try {
    accessSync(parent, constants.W_OK);
  } catch {
    return {
      subject,
      state: "failed",
      message: `${path} cannot be written by this user`,
      nextStep: "Change the owner of the folder, or choose another with DATA_FOLDER.",
    };
  }
  const { bavail, bsize } = statfsSync(parent);
  const free = bavail * bsize;
  const message = `${path} · ${Math.round(free / mebibyte).toLocaleString("en-US")} MiB free`;
  return free >= minimalFree
    ? { subject, state: "ok", message }
    : {
        subject,
        state: "warning",
        message,
        nextStep: "Free disk space, or choose a folder on another disk with DATA_FOLDER.",
      };
}

function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path));
}

/** Whether a process can listen on an address; otherwise the error. */
export function tryListening({ host, port }: HostPort): Promise<Error | undefined> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", (error) => done(error));
    server.listen({ host, port, exclusive: true }, () => server.close(() => done(undefined)));
  });
}

/** Checks that a manager could listen on its address; `isManager` says whether a manager listens there now. */
export async function diagnoseAddress(address: HostPort, isManager: boolean): Promise<Diagnosis> {
  const subject = "address";
  const name = addressText(address);
  const error = await tryListening(address);
  if (error === undefined) return { subject, state: "ok", message: `${name} is free` };
  if (isManager) return { subject, state: "ok", message: `${name} is in use by a manager` };
  return {
    subject,
    state: "failed",
    message: `${name} cannot be used: ${errorMessage(error)}`,
    nextStep: "Stop the process that uses it, or choose another address with ADDRESS.",
  };
}
