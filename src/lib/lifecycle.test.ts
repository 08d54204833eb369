import { expect, it } from "vitest";
import { createLifecycle } from "./lifecycle.js";

it("calls the stop functions in reverse order, each after the end of the one before", async () => {
  const lifecycle = createLifecycle();
  const calls: string[] = [];
  for (const name of ["store", "server"]) {
    lifecycle.onStop(name, async () => {
      calls.push(`${name} stops`);
      await Promise.resolve();
      calls.push(`${name} stopped`);
    });
  }
  await lifecycle.stop();
  expect(calls).toEqual(["server stops", "server stopped", "store stops", "store stopped"]);
});

it("aborts its signal before the first stop function", async () => {
  const lifecycle = createLifecycle();
  expect(lifecycle.signal.aborted).toBe(false);
  let aborted = false;
  lifecycle.onStop("server", () => void (aborted = lifecycle.signal.aborted));
  await lifecycle.stop();
  expect(aborted).toBe(true);
  expect(lifecycle.signal.reason).toBeInstanceOf(Error);
});

it("stops once for several calls", async () => {
  const lifecycle = createLifecycle();
  let calls = 0;
  lifecycle.onStop("server", () => void (calls += 1));
  const first = lifecycle.stop();
  expect(lifecycle.stop()).toBe(first);
  await first;
  await lifecycle.stop();
  expect(calls).toBe(1);
});

it("continues after a failed stop function, and throws all failures at the end", async () => {
  const lifecycle = createLifecycle();
  const broken = new Error("broken");
  let stopped = false;
  lifecycle.onStop("store", () => void (stopped = true));
  lifecycle.onStop("server", () => Promise.reject(broken));
  lifecycle.onStop("metrics", () => {
    throw broken;
  });
  const error = await lifecycle.stop().catch((thrown: unknown) => thrown);
  expect(stopped).toBe(true);
  expect(error).toBeInstanceOf(AggregateError);
  const { message, errors } = error as AggregateError;
  expect(message).toBe("Stopping metrics failed. Stopping server failed.");
  expect(errors).toMatchObject([
    { message: "Stopping metrics failed.", cause: broken },
    { message: "Stopping server failed.", cause: broken },
  ]);
});
