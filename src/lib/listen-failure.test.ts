import { createServer } from "node:net";
import { expect, it } from "vitest";
import { listenFailure } from "./listen-failure.js";

const target = { address: "127.0.0.1:80", setting: "METRICS_ADDRESS" };

it("names the address, the cause and the setting of a port in use", async () => {
  const first = createServer();
  await new Promise<void>((resolve) => first.listen(0, "127.0.0.1", resolve));
  const second = createServer();
  const error = await new Promise((resolve) =>
    second.once("error", resolve).listen(first.address() as { port: number }),
  );
  await new Promise((resolve) => first.close(resolve));
  const failure = listenFailure(error, { ...target, setting: "ADDRESS" });
  expect(failure.message).toBe(
    "The address 127.0.0.1:80 is in use by another process. Stop that process, or choose another address with --address (ADDRESS).",
  );
  expect(failure.cause).toBe(error);
});

it.each([
  [Object.assign(new Error("listen"), { code: "EACCES" }), /may not listen .* --metrics-address/],
  [
    Object.assign(new Error("listen"), { code: "EADDRNOTAVAIL" }),
    /does not have the address 127\.0\.0\.1:80/,
  ],
  [new Error("No address added out of total 1 resolved errors: [listen EADDRINUSE]"), /is in use/],
  [Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" }), /has no address/],
  ["odd", /cannot listen on 127\.0\.0\.1:80/],
])("explains %s", (error, message) => {
  expect(listenFailure(error, target).message).toMatch(message);
});
