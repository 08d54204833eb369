// The numbers of the protocol, in one place: milliseconds, bytes and counts.

/** Milliseconds. */
export const times = {
  ping: 5_000,
  /** Without any message for so long a session is over: three pings. */
  silence: 15_000,
  /** A task without a message for so long is asked again of another worker. */
  idle: 30_000,
  /** A worker that works but has nothing to send says so this often. */
  heartbeat: 10_000,
  /** A manager that pings and then does not for so long has left its stream. */
  left: 30_000,
  /** A second that took so much longer was no second of waiting: this process stood still. */
  standstill: 3_000,
  offline: 30_000,
  forgotten: 600_000,
  /** How long a task waits for a known worker that is not there. */
  grace: 5_000,
  /** How long reading a legacy peer may rest because its answers are not taken. */
  pause: 5_000,
  drain: 30_000,
  register: 10_000,
} as const;

/** Waiting before a worker is dialled again. */
export const dialBackoff = { first: 500, max: 10_000 } as const;
/** Waiting before a task is asked again of the only worker there is. */
export const retryBackoff = { first: 200, max: 5_000 } as const;

/** Bytes. */
export const sizes = {
  /** The largest message either side of ours takes. */
  message: 16 * 1024 * 1024,
  /** Beyond it the transport gives up the stream; between both only the task of the message fails. */
  transport: 64 * 1024 * 1024,
  /** What a legacy peer takes. */
  legacyMessage: 4 * 1024 * 1024,
  batch: 256 * 1024,
  /** Answers that wait in a manager for those who asked. */
  waiting: 32 * 1024 * 1024,
  /** One task's heights that are not whole yet. */
  unfinished: 128 * 1024 * 1024,
} as const;

/** Counts. */
export const counts = {
  credit: 16,
  batchTransactions: 100,
  batchHeights: 100,
  capacity: 8,
  workerQueue: 64,
  /** Ends without progress, in a row, after which a task fails. */
  emptyEnds: 3,
  /** Workers lost in a row, without progress, after which a task fails: it may be what kills them. */
  losses: 6,
  /** Waits that a worker asked for, in a row, without progress. */
  waits: 10,
  text: 256,
  workers: 256,
  networks: 32,
  registrationsPerMinute: 10,
} as const;
