import { networkInterfaces } from "node:os";
import { describe, expect, it } from "vitest";
import { createAddressCheck, privateRanges, type AddressRules } from "./address-check.js";

const names: Readonly<Record<string, readonly string[]>> = {
  worker: ["10.1.2.3"],
  "worker-6": ["fd00::5"],
  mixed: ["10.1.2.3", "8.8.8.8"],
  metadata: ["169.254.169.254"],
  "rebound.example.com": ["93.184.216.34"],
};

const check = (address: string, rules: Partial<AddressRules> = {}) =>
  createAddressCheck({
    allow: privateRanges,
    ownPorts: () => [8085],
    resolve: (host) => {
      const found = names[host];
      return found === undefined ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve(found);
    },
    ...rules,
  }).check(address);

describe("an address", () => {
  it.each([
    ["127.0.0.1:3000", "127.0.0.1", 3000],
    ["worker:3000", "10.1.2.3", 3000],
    ["worker-6:65535", "fd00::5", 65_535],
    ["[::1]:3000", "::1", 3000],
    // Written in other ways: what is checked is what is dialled.
    ["[::ffff:10.0.0.1]:3000", "10.0.0.1", 3000],
    ["2130706433:3000", "127.0.0.1", 3000],
    ["0x7f000001:3000", "127.0.0.1", 3000],
    ["10.1:3000", "10.0.0.1", 3000],
  ])("%s is dialled as %s, port %i", async (address, ip, port) => {
    expect(await check(address)).toMatchObject({ ip, port });
  });

  it.each([
    "",
    "worker",
    "worker:",
    ":3000",
    "worker:0",
    "worker:65536",
    "worker:99999999999",
    "worker:-1",
    "worker:3000:4000",
    "worker:3000/path",
    "worker:3000?query",
    "worker:3000#fragment",
    "user@worker:3000",
    "user:secret@worker:3000",
    "http://worker:3000",
    "unix:/run/docker.sock",
    "unix:/run/docker.sock:3000",
    "unix-abstract:name:3000",
    "dns:worker:3000",
    "dns:///worker:3000",
    "ipv4:127.0.0.1:3000",
    "xds:///worker:3000",
    "wor ker:3000",
    "worker :3000",
    " worker:3000",
    "worker:3000 ",
    "worker:3000\n",
    "worker\r\nHost: x:3000",
    "worker,other:3000",
    "-worker:3000",
    "worker-:3000",
    "::1:3000",
    "[::1:3000",
    "[worker]:3000",
    "[fe80::1%eth0]:3000",
    "[]:3000",
    "wörker:3000",
    "worker\u0000:3000",
    "unknown-host:3000",
    `${"a".repeat(300)}:3000`,
  ])("%j is no address", async (address) => {
    await expect(check(address)).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
  });

  it.each([
    ["8.8.8.8:3000", "WORKER_ALLOW"],
    ["134744072:3000", "WORKER_ALLOW"],
    ["rebound.example.com:3000", "WORKER_ALLOW"],
    ["mixed:3000", "8.8.8.8"],
    ["[2001:4860:4860::8888]:3000", "WORKER_ALLOW"],
    ["[::ffff:8.8.8.8]:3000", "WORKER_ALLOW"],
    ["169.254.169.254:80", "linkLocal"],
    ["metadata:80", "linkLocal"],
    ["[fe80::1]:80", "linkLocal"],
    ["[::ffff:169.254.169.254]:80", "linkLocal"],
    ["0.0.0.0:3000", "unspecified"],
    ["[::]:3000", "unspecified"],
    ["224.0.0.1:3000", "multicast"],
    ["[ff02::1]:3000", "multicast"],
    ["255.255.255.255:3000", "broadcast"],
    ["127.0.0.1:8085", "own"],
    ["[::1]:8085", "own"],
  ])("%s is not dialled: %s", async (address, reason) => {
    await expect(check(address)).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: expect.stringContaining(reason) as string,
    });
  });

  it("is refused in the forbidden ranges, even if they are allowed", async () => {
    const allow = ["0.0.0.0/0", "::/0"];
    await expect(check("169.254.169.254:80", { allow })).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(check("0.0.0.0:3000", { allow })).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(await check("8.8.8.8:3000", { allow })).toMatchObject({ ip: "8.8.8.8" });
  });

  it("is refused for a port that this manager listens on later", async () => {
    const ports: number[] = [];
    const checked = createAddressCheck({ allow: privateRanges, ownPorts: () => ports });
    expect(await checked.check("127.0.0.1:40000")).toMatchObject({ port: 40_000 });
    ports.push(40_000);
    await expect(checked.check("127.0.0.1:40000")).rejects.toThrow("own");
  });

  it("is refused for this manager's own port on each of its interfaces", async () => {
    const own = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .filter(({ family, address }) => family === "IPv4" && !address.startsWith("169.254."));
    for (const { address } of own) {
      await expect(check(`${address}:8085`, { allow: ["0.0.0.0/0"] })).rejects.toMatchObject({
        code: "FORBIDDEN",
      });
    }
    expect(own.length).toBeGreaterThan(0);
  });

  it("names an invalid range", () => {
    expect(() => createAddressCheck({ allow: ["10.0.0.0"], ownPorts: () => [] })).toThrow(
      "'10.0.0.0' is not a range",
    );
  });
});
