// A real browser for tests.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext } from "playwright-core";

const executable = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);

/** Whether a browser is installed. Under CI, a missing browser is a failure. */
export const hasChromium = executable !== undefined;
if (!hasChromium && process.env["CI"] === "true") {
  throw new Error("Chromium is not installed, and CI skips no tests. Install it.");
}

/** Starts a browser without background network traffic. `close` deletes its profile. */
export async function openBrowser(): Promise<{ readonly context: BrowserContext; close(): Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), "indexer-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable ?? "chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
