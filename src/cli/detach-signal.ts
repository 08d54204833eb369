// Ctrl-C of a command that only watches: the first one detaches, a second one exits at once.
// Imports nothing of this project.
// Never stops the work that is watched.

/** Returns a signal that aborts on SIGINT or SIGTERM; a second signal exits with code 130. */
export function createDetachSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new Error("The operator detached."));
    });
  }
  return controller.signal;
}
