// Turns the failure of a server to listen into a message with the cause and the next step. Pure; imports nothing.

/** The address of a server, and the setting that chooses it. */
export interface ListenTarget {
  /** `host:port`. */
  readonly address: string;
  /** The setting's name, for example `ADDRESS`. */
  readonly setting: string;
}

const sentences: readonly (readonly [code: string, sentence: (target: ListenTarget) => string])[] = [
  [
    "EADDRINUSE",
    ({ address, setting }) =>
      `The address ${address} is in use by another process. Stop that process, or choose another address with ${flagText(setting)}.`,
  ],
  [
    "EACCES",
    ({ address, setting }) =>
      `This user may not listen on ${address}. Choose a port above 1023 with ${flagText(setting)}.`,
  ],
  [
    "EADDRNOTAVAIL",
    ({ address, setting }) =>
      `This machine does not have the address ${address}. Choose 0.0.0.0 or one of its own addresses with ${flagText(setting)}.`,
  ],
  [
    "ENOTFOUND",
    ({ address, setting }) =>
      `The host of ${address} has no address. Correct its name in ${flagText(setting)}.`,
  ],
];

/** Returns an error that names the address, the cause and the setting to change; the original error is its cause. */
export function listenFailure(error: unknown, target: ListenTarget): Error {
  const text = error instanceof Error ? `${codeOf(error)} ${error.message}` : String(error);
  const known = sentences.find(([code]) => text.includes(code));
  const message =
    known === undefined
      ? `The process cannot listen on ${target.address}. Choose another address with ${flagText(target.setting)}.`
      : known[1](target);
  return new Error(message, { cause: error });
}

function codeOf(error: Error): string {
  const code: unknown = Reflect.get(error, "code");
  return typeof code === "string" ? code : "";
}

function flagText(setting: string): string {
  return `--${setting.toLowerCase().replaceAll("_", "-")} (${setting})`;
}
