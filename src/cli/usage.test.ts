// Help texts, and the messages and exit codes of wrong usage.
import { describe, expect, it } from "vitest";
import { startProcess } from "../testing/processes.js";

async function run(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: unknown; output: string }> {
  const running = startProcess({ args, env });
  const code = await running.ended();
  return { code, output: running.output() };
}

describe("the command line", () => {
  it.each([
    "--help",
    "dev --help",
    "manager --help",
    "worker ethereum --help",
    "db migrate --help",
    "db export --help",
    "sync --help",
    "check --help",
    "doctor --help",
  ])("prints its usage: %s", async (line) => {
    const { code, output } = await run(line.split(" "));
    expect(code).toBe(0);
    expect(output).toContain("Usage: indexer");
  });

  it("names an unknown command or flag and an invalid setting", async () => {
    expect(await run(["fly"])).toMatchObject({
      code: 2,
      output: expect.stringContaining("unknown command 'fly'") as string,
    });
    expect(await run(["manager", "--fly", "1"])).toMatchObject({
      code: 2,
      output: expect.stringContaining("--fly") as string,
    });
    const wrong = await run(["manager", "--address", "here"], {
      DATABASE_URL: "mysql://a:secret@b",
      FOLLOW_INTERVAL: "0s",
    });
    expect(wrong.code).toBe(2);
    expect(wrong.output).toContain('ADDRESS (flag) is "here": must be host:port');
    expect(wrong.output).toContain("DATABASE_URL (environment) is ***");
    expect(wrong.output).toContain('FOLLOW_INTERVAL (environment) is "0s"');
    expect(wrong.output).not.toContain("secret");
  });

  it("reports that the database cannot be reached", async () => {
    const { code, output } = await run(["manager", "--address", "127.0.0.1:0"], {
      DATABASE_URL: "postgresql://nobody@127.0.0.1:1/none",
    });
    expect(code).toBe(1);
    expect(output).toContain("The database cannot be reached");
  });
});
