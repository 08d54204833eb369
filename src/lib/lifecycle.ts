// Stops the parts of a process in reverse order of their start.

/** The stop order of a process. */
export interface Lifecycle {
  /** Aborts when the process stops. */
  readonly signal: AbortSignal;
  /** Registers a stop function; called in reverse order of registration. */
  onStop(name: string, stop: () => void | Promise<void>): void;
  /** Calls all stop functions, each once; throws their failures together at the end. */
  stop(): Promise<void>;
}

/** Creates an empty lifecycle. */
export function createLifecycle(): Lifecycle {
  const controller = new AbortController();
  const steps: { name: string; stop: () => void | Promise<void> }[] = [];
  let stopping: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    controller.abort(new Error("The process is stopping."));
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
