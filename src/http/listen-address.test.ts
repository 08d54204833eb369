import { describe, expect, it } from "vitest";
import { parseListenAddress } from "./listen-address.js";

describe("an address to listen on", () => {
  it.each([
    ["0.0.0.0:8085", { host: "0.0.0.0", port: 8085 }],
    [":8085", { host: "0.0.0.0", port: 8085 }],
    ["localhost:0", { host: "localhost", port: 0 }],
    ["[::1]:80", { host: "::1", port: 80 }],
  ])("is read from %s", (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  it.each(["", "8085", "host", "host:", "host:99999", "host:-1", "::1:80", "http://host:80"])(
    "is not read from '%s'",
    (text) => {
      expect(() => parseListenAddress(text)).toThrow(
        expect.objectContaining({ code: "BAD_USER_INPUT" }) as Error,
      );
    },
  );
});
