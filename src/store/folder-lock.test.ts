import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder } from "./folder-lock.js";

describe("the lock of the embedded database's folder", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "indexer-lock-"));
    file = join(folder, "lock.json");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const beganAt = (pid: number): string =>
    readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[19]!;

  it("is taken once, given back, and taken again; nothing stays in the folder", () => {
    const unlock = lockFolder(folder);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
    expect(() => lockFolder(folder)).toThrow(new RegExp(`in use by process ${process.pid} .*DATABASE_URL`));
    unlock();
    lockFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("of a living process is refused at once, with its id and the next step", () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    try {
      const began = process.platform === "linux" ? beganAt(other.pid!) : "";
      writeFileSync(file, JSON.stringify({ pid: other.pid, host: hostname(), began }));
      expect(() => lockFolder(folder)).toThrow(new RegExp(`in use by process ${other.pid} `));
    } finally {
      other.kill("SIGKILL");
    }
  });

  it("of a dead process is taken over", async () => {
    const other = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => other.once("exit", resolve));
    writeFileSync(file, JSON.stringify({ pid: other.pid, host: hostname(), began: "1" }));
    lockFolder(folder)();
  });

  it.runIf(process.platform === "linux")("with a reused process id is taken over", () => {
    writeFileSync(file, JSON.stringify({ pid: process.ppid, host: hostname(), began: "1" }));
    lockFolder(folder)();
  });

  it("of an earlier process of the same number, as in a container that starts again, is taken over", () => {
    writeFileSync(file, JSON.stringify({ pid: process.pid, host: hostname(), began: "1" }));
    lockFolder(folder)();
  });

  it("of another machine is refused: whether it lives cannot be seen", () => {
    writeFileSync(file, JSON.stringify({ pid: 1, host: "elsewhere", began: "" }));
    expect(() => lockFolder(folder)).toThrow(/process 1 on elsewhere.*delete .*lock\.json/);
  });

  it("that is no lock at all is taken over", () => {
    writeFileSync(file, "{");
    lockFolder(folder)();
  });
});
