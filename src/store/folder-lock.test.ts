import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lockFolder } from "./folder-lock.js";

describe("the lock of the embedded database's folder", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "indexer-lock-"));
    file = join(folder, "lock.json");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const startOf = (pid: number): string =>
    readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[19]!;

  it("is acquired once, released and acquired again, and leaves no file", () => {
    const unlock = lockFolder(folder);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
    expect(() => lockFolder(folder)).toThrow(new RegExp(`in use by process ${process.pid} .*DATABASE_URL`));
    unlock();
    lockFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("of a running process is not acquired: the error names the process and the next step", () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    try {
      const start = process.platform === "linux" ? startOf(other.pid!) : "";
      writeFileSync(file, JSON.stringify({ pid: other.pid, host: hostname(), began: start }));
      expect(() => lockFolder(folder)).toThrow(new RegExp(`in use by process ${other.pid} `));
    } finally {
      other.kill("SIGKILL");
    }
  });

  it("of an ended process is replaced", async () => {
    const other = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => other.once("exit", resolve));
    writeFileSync(file, JSON.stringify({ pid: other.pid, host: hostname(), began: "1" }));
    lockFolder(folder)();
  });

  it.runIf(process.platform === "linux")("with a reused process id is replaced", () => {
    writeFileSync(file, JSON.stringify({ pid: process.ppid, host: hostname(), began: "1" }));
    lockFolder(folder)();
  });

  it("of an earlier process with this process id is replaced, as after the restart of a container", () => {
    writeFileSync(file, JSON.stringify({ pid: process.pid, host: hostname(), began: "1" }));
    lockFolder(folder)();
  });

  it("of another machine is not acquired, because its process cannot be checked", () => {
    writeFileSync(file, JSON.stringify({ pid: 1, host: "elsewhere", began: "" }));
    expect(() => lockFolder(folder)).toThrow(/process 1 on elsewhere.*delete .*lock\.json/);
  });

  it("in a file that is not JSON is replaced", () => {
    writeFileSync(file, "{");
    lockFolder(folder)();
  });

  it("of a process of another user is not acquired", () => {
    const kill = vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("not permitted"), { code: "EPERM" });
    });
    try {
      const began = process.platform === "linux" ? startOf(process.ppid) : "";
      writeFileSync(file, JSON.stringify({ pid: process.ppid, host: hostname(), began }));
      expect(() => lockFolder(folder)).toThrow(new RegExp(`in use by process ${process.ppid} `));
    } finally {
      kill.mockRestore();
    }
  });

  it("is one lock for all spellings of the folder's path", () => {
    const unlock = lockFolder(folder);
    expect(() => lockFolder(relative(process.cwd(), folder))).toThrow(/in use by process/);
    unlock();
  });
});
