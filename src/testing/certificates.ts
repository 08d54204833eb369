// Test certificates, created by openssl.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Certificates and a private key in PEM format. */
export interface Certificates {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Creates a certificate authority and its certificate for `localhost`, valid for servers and clients. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "indexer-tls-"));
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "ignore" });
  const newKey = (name: string): string[] => [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    file(name),
  ];
  try {
    openssl(
      "req",
      "-x509",
      ...newKey("ca.key"),
      "-out",
      file("ca.pem"),
      "-days",
      "2",
      "-subj",
      "/CN=test authority",
    );
    openssl("req", ...newKey("key.pem"), "-out", file("request.pem"), "-subj", "/CN=localhost");
    writeFileSync(file("names"), "subjectAltName=DNS:localhost");
    openssl(
      "x509",
      "-req",
      "-in",
      file("request.pem"),
      "-CA",
      file("ca.pem"),
      "-CAkey",
      file("ca.key"),
      "-CAcreateserial",
      "-out",
      file("cert.pem"),
      "-days",
      "2",
      "-extfile",
      file("names"),
    );
    return {
      ca: readFileSync(file("ca.pem")),
      cert: readFileSync(file("cert.pem")),
      key: readFileSync(file("key.pem")),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
