// Ending a process in order: what was started last is stopped first.

export interface Lifecycle {
  /** Aborts when the process is to end. */
  readonly signal: AbortSignal;
  /** Registers how to stop something; called in reverse order of registration. */
  onStop(name: string, stop: () => void | Promise<void>): void;
  /** Stops everything, each at most once; failures are collected and thrown together at the end. */
  stop(): Promise<void>;
}

export function createLifecycle(): Lifecycle {
  const controller = new AbortController();
  const steps: { name: string; stop: () => void | Promise<void> }[] = [];
  let stopping: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    controller.abort(new Error("The process is ending."));
    const failures: Error[] = [];
    for (const { name, stop } of steps.reverse()) {
      try {
        await stop();
      } catch (error) {
        failures.push(new Error(`Stopping ${name} failed.`, { cause: error }));
      }
    }
    if (failures.length > 0)
      throw new AggregateError(failures, failures.map((each) => each.message).join(" "));
  };

  return {
    signal: controller.signal,
    onStop: (name, stop) => void steps.push({ name, stop }),
    stop: () => (stopping ??= run()),
  };
}
