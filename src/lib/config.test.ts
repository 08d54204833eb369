import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError, flagOf, readConfigFile, resolveSettings, type Settings } from "./config.js";
import { duration, flag, hostPort, list, oneOf, anyText, urls, boundedInteger } from "./setting-types.js";

const settings = {
  address: { name: "ADDRESS", schema: hostPort, fallback: "0.0.0.0:8085", description: "Address." },
  databaseUrl: { name: "DATABASE_URL", schema: urls("postgresql"), description: "Database.", secret: true },
  interval: { name: "INTERVAL", schema: duration(1000), fallback: "30s", description: "Interval." },
  level: { name: "LEVEL", schema: oneOf("info", "debug"), fallback: "info", description: "Level." },
} satisfies Settings;
const none = { flags: {}, environment: {}, file: {} };

describe("settings", () => {
  it("resolve from flags, then environment, then file, then defaults, and record the source of each value", () => {
    const { values, origins } = resolveSettings(settings, {
      flags: { ADDRESS: "127.0.0.1:1" },
      environment: { ADDRESS: "127.0.0.1:2", INTERVAL: "5m" },
      file: { ADDRESS: "127.0.0.1:3", INTERVAL: "6m", LEVEL: "debug" },
    });
    expect(values).toEqual({ address: { host: "127.0.0.1", port: 1 }, interval: 300_000, level: "debug" });
    expect(origins).toEqual({
      address: "flag",
      databaseUrl: "default",
      interval: "environment",
      level: "file",
    });
  });

  it("treat an empty text as absent", () => {
    expect(resolveSettings(settings, { ...none, environment: { LEVEL: "" } }).values.level).toBe("info");
  });

  it("report every wrong setting with its value and the allowed values, and mask secrets", () => {
    const wrong = { ADDRESS: "here", DATABASE_URL: "mysql://root:secret@db", INTERVAL: "0s", LEVEL: "loud" };
    expect(() => resolveSettings(settings, { ...none, environment: wrong })).toThrow(ConfigError);
    const message = (() => {
      try {
        resolveSettings(settings, { ...none, environment: wrong });
        return "";
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(message).toContain('ADDRESS (environment) is "here": must be host:port');
    expect(message).toContain('INTERVAL (environment) is "0s": must be a duration of at least 1000 ms');
    expect(message).toContain('LEVEL (environment) is "loud": must be one of info, debug.');
    expect(message).toContain("DATABASE_URL (environment) is ***: must be URLs of postgresql");
    expect(message).not.toContain("secret");
  });

  it("derive their flags from their names", () => {
    expect(flagOf(settings.databaseUrl)).toBe("--database-url");
  });

  it("are read from a file, which must contain only known settings", () => {
    const file = join(mkdtempSync(join(tmpdir(), "indexer-config-")), "config.json");
    writeFileSync(file, JSON.stringify({ LEVEL: "debug", INTERVAL: "10s" }));
    expect(readConfigFile(file, settings)).toEqual({ LEVEL: "debug", INTERVAL: "10s" });
    writeFileSync(file, JSON.stringify({ LEVLE: "debug" }));
    expect(() => readConfigFile(file, settings)).toThrow("unknown settings: LEVLE");
    writeFileSync(file, "[");
    expect(() => readConfigFile(file, settings)).toThrow(file);
    expect(() => readConfigFile(join(file, "missing"), settings)).toThrow("cannot be read");
  });
});

describe("setting types", () => {
  it.each([
    [hostPort, ":80", { host: "0.0.0.0", port: 80 }],
    [hostPort, "[::1]:80", { host: "::1", port: 80 }],
    [hostPort, "db.example:0", { host: "db.example", port: 0 }],
    [hostPort, "80", undefined],
    [hostPort, "a:70000", undefined],
    [hostPort, "http://a:80", undefined],
    [flag, "YES", true],
    [flag, "maybe", undefined],
    [boundedInteger(1, 10), "10", 10],
    [boundedInteger(1, 10), "11", undefined],
    [boundedInteger(0), "1e3", undefined],
    [duration(), "1h", 3_600_000],
    [duration(), "1", undefined],
    [list, " a, ,b ", ["a", "b"]],
    [urls("http", "https"), "http://a:1,https://b", ["http://a:1", "https://b"]],
    [urls("http"), "ftp://a", undefined],
    [anyText, "x", "x"],
  ])("parse or reject case %#: %s", (schema, input, expected) => {
    const result = schema.safeParse(input);
    expect(result.success ? result.data : undefined).toEqual(expected);
  });
});
