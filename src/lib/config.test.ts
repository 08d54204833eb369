import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  ConfigError,
  flagOf,
  readConfigFile,
  reportSettings,
  resolveSettings,
  type Settings,
} from "./config.js";
import {
  addressText,
  duration,
  flag,
  hostPort,
  list,
  nonNegativeNumber,
  oneOf,
  path,
  anyText,
  url,
  urls,
  boundedInteger,
} from "./setting-types.js";

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

  it("come from a file as texts of plain values only", () => {
    const file = join(mkdtempSync(join(tmpdir(), "indexer-config-")), "config.json");
    const read = (content: unknown): unknown => {
      writeFileSync(file, JSON.stringify(content));
      return readConfigFile(file, settings);
    };
    expect(read({ LEVEL: true, INTERVAL: 5, ADDRESS: "x" })).toEqual({
      LEVEL: "true",
      INTERVAL: "5",
      ADDRESS: "x",
    });
    expect(read({})).toEqual({});
    for (const wrong of [{ LEVEL: { a: 1 } }, { LEVEL: null }, { LEVEL: ["debug"] }, ["debug"], 5, null]) {
      expect(() => read(wrong)).toThrow(ConfigError);
      expect(() => read(wrong)).toThrow(`${file} must contain one JSON object`);
    }
    expect(() => read({ A: 1, LEVEL: "debug", B: 2 })).toThrow("unknown settings: A, B.");
    expect(() => read({ A: 1 })).toThrow(ConfigError);
    writeFileSync(file, "[");
    const broken = (): unknown => readConfigFile(file, settings);
    expect(broken).toThrow(ConfigError);
    expect(broken).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) as unknown }));
  });

  it("skip an empty text for the next source", () => {
    const { values, origins } = resolveSettings(settings, {
      flags: { LEVEL: "" },
      environment: { LEVEL: "" },
      file: { LEVEL: "debug" },
    });
    expect([values.level, origins.level]).toEqual(["debug", "file"]);
  });

  it("name several wrong values on one line each", () => {
    const wrong = { INTERVAL: "0s", LEVEL: "loud" };
    expect(() => resolveSettings(settings, { ...none, flags: wrong })).toThrow(
      /^INTERVAL \(flag\) [^\n]+\nLEVEL \(flag\) [^\n]+$/,
    );
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
    [hostPort, "db.example:65535", { host: "db.example", port: 65_535 }],
    [hostPort, "db.example:65536", undefined],
    [hostPort, "db.example:000080", undefined],
    [hostPort, "db.example:", undefined],
    [hostPort, "db.example:80x", undefined],
    [hostPort, "db.example:x", undefined],
    [hostPort, "x[::1]:80", undefined],
    [hostPort, "[::ffff:127.0.0.1]:80", { host: "::ffff:127.0.0.1", port: 80 }],
    [hostPort, "[::g]:80", undefined],
    [hostPort, "::1:80", undefined],
    [hostPort, "a b:80", undefined],
    [hostPort, "root@a:80", undefined],
    [hostPort, "a/b:80", undefined],
    [hostPort, "", undefined],
    [hostPort, "[]:80", undefined],
    [hostPort, "[a]:80", undefined],
    [hostPort, "[x]:80", undefined],
    [hostPort, "a]:80", undefined],
    [flag, "YES", true],
    [flag, "true", true],
    [flag, "1", true],
    [flag, "False", false],
    [flag, "0", false],
    [flag, "no", false],
    [flag, "", undefined],
    [flag, "maybe", undefined],
    [boundedInteger(1, 10), "10", 10],
    [boundedInteger(1, 10), "11", undefined],
    [boundedInteger(1, 10), "1", 1],
    [boundedInteger(1, 10), "0", undefined],
    [boundedInteger(0), "1e3", undefined],
    [boundedInteger(0), "0x10", undefined],
    [boundedInteger(0), "", undefined],
    [boundedInteger(0), " 5", undefined],
    [boundedInteger(0), "5 ", undefined],
    [boundedInteger(0), "9007199254740991", 9_007_199_254_740_991],
    [boundedInteger(0), "9007199254740992", undefined],
    [nonNegativeNumber, "0", 0],
    [nonNegativeNumber, "12", 12],
    [nonNegativeNumber, "0.25", 0.25],
    [nonNegativeNumber, "12.75", 12.75],
    [nonNegativeNumber, "-1", undefined],
    [nonNegativeNumber, "1.", undefined],
    [nonNegativeNumber, ".5", undefined],
    [nonNegativeNumber, "1e3", undefined],
    [nonNegativeNumber, "1 ", undefined],
    [nonNegativeNumber, "", undefined],
    [nonNegativeNumber, "9".repeat(400), undefined],
    [duration(), "500ms", 500],
    [duration(), "10s", 10_000],
    [duration(), "2m", 120_000],
    [duration(), "2d", 172_800_000],
    [duration(), "0ms", undefined],
    [duration(), "1ms", 1],
    [duration(0), "0s", 0],
    [duration(5), "5ms", 5],
    [duration(5), "4ms", undefined],
    [duration(), "1w", undefined],
    [duration(), "1.5s", undefined],
    [duration(), "x1s", undefined],
    [duration(), "1sx", undefined],
    [duration(), "s", undefined],
    [duration(), "9007199254740992ms", undefined],
    [duration(), "1h", 3_600_000],
    [duration(), "1", undefined],
    [list, " a, ,b ", ["a", "b"]],
    [urls("http", "https"), "http://a:1,https://b", ["http://a:1", "https://b"]],
    [list, "", []],
    [urls("http"), "ftp://a", undefined],
    [urls("http"), "http://a,ftp://b", undefined],
    [urls("http"), "http://a,not a URL", undefined],
    [url("http", "https"), "https://a/b", "https://a/b"],
    [url("http"), "ftp://a", undefined],
    [url("http"), "not a URL", undefined],
    [path, "/etc/x", "/etc/x"],
    [oneOf("a", "b"), "b", "b"],
    [oneOf("a", "b"), "c", undefined],
    [anyText, "x", "x"],
  ])("case %#: %s", (schema, given, expected) => {
    const result = schema.safeParse(given);
    expect(result.success ? result.data : undefined).toEqual(expected);
  });

  it.each([
    [flag, "maybe", "must be true or false."],
    [boundedInteger(1, 10), "11", "must be a whole number from 1 to 10."],
    [nonNegativeNumber, "x", "must be a number of 0 or more."],
    [duration(5), "x", "must be a duration of at least 5 ms, such as 500ms, 30s, 5m or 1h."],
    [hostPort, "x", "must be host:port, for example 0.0.0.0:8085."],
    [urls("http", "https"), "x", "must be URLs of http or https, separated by commas."],
    [url("http", "https"), "x", "must be a URL of http or https."],
    [oneOf("a", "b"), "c", "must be one of a, b."],
  ])("report the allowed texts, once: case %#", (schema, given, message) => {
    const messages = schema.safeParse(given).error?.issues.map((issue) => issue.message);
    expect(messages).toEqual([message]);
  });

  it.each([
    [{ host: "db.example", port: 80 }, "db.example:80"],
    [{ host: "::1", port: 80 }, "[::1]:80"],
  ])("format an address as host:port: %j", (address, formatted) => {
    expect(addressText(address)).toBe(formatted);
  });
});

describe("a report of settings", () => {
  const table = {
    url: { name: "DATABASE_URL", schema: anyText, description: "", secret: true },
    nodes: { name: "NODES", schema: anyText, description: "", fallback: "http://localhost:1" },
    token: { name: "TOKEN", schema: anyText, description: "", secret: true },
    level: { name: "LEVEL", schema: anyText, description: "", fallback: "info" },
    unset: { name: "UNSET", schema: anyText, description: "" },
  } as const;

  it("has the source of each value and masks secrets, credentials and keys", () => {
    const report = reportSettings(table, {
      flags: { LEVEL: "debug" },
      environment: {
        DATABASE_URL: "postgresql://root:secret@db:5432/x?sslmode=require",
        NODES: "https://u:p@node/v3/0123456789abcdef0123456789, https://other/",
      },
      file: { TOKEN: "secret" },
    });
    expect(report).toEqual([
      { name: "DATABASE_URL", value: "postgresql://***@db:5432/x?sslmode=***", origin: "environment" },
      { name: "NODES", value: "https://***@node/v3/***,https://other/", origin: "environment" },
      { name: "TOKEN", value: "***", origin: "file" },
      { name: "LEVEL", value: "debug", origin: "flag" },
      { name: "UNSET", origin: "default" },
    ]);
  });

  it("has the flag of a setting that names its own", () => {
    expect(flagOf({ name: "MANAGER_URL", flag: "--manager" })).toBe("--manager");
    expect(flagOf({ name: "MANAGER_URL" })).toBe("--manager-url");
  });
});
