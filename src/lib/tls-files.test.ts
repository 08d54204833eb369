import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ConfigError } from "./config.js";
import { readTlsFiles } from "./tls-files.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "indexer-tls-"));
  for (const name of ["ca", "cert", "key"]) writeFileSync(join(folder, name), `the ${name}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const pathsOf = (ca: string | undefined, cert: string | undefined, key: string | undefined) => {
  const at = (name: string | undefined): string | undefined => name && join(folder, name);
  return { tlsCa: at(ca), tlsCert: at(cert), tlsKey: at(key) };
};

it("returns undefined if no path is set", () => {
  expect(readTlsFiles(pathsOf(undefined, undefined, undefined))).toBeUndefined();
});

it("reads each file", () => {
  const { ca, cert, key } = readTlsFiles(pathsOf("ca", "cert", "key"))!;
  expect([ca, cert, key].map(String)).toEqual(["the ca", "the cert", "the key"]);
});

it.each([
  ["ca", undefined, undefined],
  [undefined, "cert", undefined],
  [undefined, undefined, "key"],
  [undefined, "cert", "key"],
  ["ca", undefined, "key"],
  ["ca", "cert", undefined],
])("refuses a part of the settings: CA %s, certificate %s, key %s", (ca, cert, key) => {
  expect(() => readTlsFiles(pathsOf(ca, cert, key))).toThrow(ConfigError);
  expect(() => readTlsFiles(pathsOf(ca, cert, key))).toThrow("TLS_CA, TLS_CERT and TLS_KEY");
});

it.each([
  ["TLS_CA", ["missing", "cert", "key"]],
  ["TLS_CERT", ["ca", "missing", "key"]],
  ["TLS_KEY", ["ca", "cert", "missing"]],
] as const)("names the setting %s and the path of a file that cannot be read", (name, [ca, cert, key]) => {
  const read = (): unknown => readTlsFiles(pathsOf(ca, cert, key));
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(`${name}: the file ${join(folder, "missing")} cannot be read.`);
  expect(read).toThrow(
    expect.objectContaining({ cause: expect.objectContaining({ code: "ENOENT" }) as unknown }),
  );
});
