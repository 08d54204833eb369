// The numbers of the protocol, in one place: milliseconds, bytes and counts.

/** Milliseconds. */
export const times = {
  ping: 5_000,
  /** A session ends after this time without any message: three pings. */
  silence: 15_000,
  /** A call ends after this time without a message, and its task is retried on another worker. */
  idle: 30_000,
  /** A worker that executes a task without results to send sends an empty message this often. */
  heartbeat: 10_000,
  /** A worker closes the stream of a manager after this time without a PING. */
  managerSilence: 30_000,
  /** If a sleep of one second takes this much longer, the process itself was stopped. */
  standstill: 3_000,
  offline: 30_000,
  forgotten: 600_000,
  /** A task waits this long for a known worker that is not online. */
  grace: 5_000,
  drain: 30_000,
  register: 10_000,
} as const;

/** Delays before a worker is dialled again. */
export const dialBackoff = { first: 500, max: 10_000 } as const;
/** Delays before a task is retried after repeated failures. */
export const retryBackoff = { first: 200, max: 5_000 } as const;

/** Bytes. */
export const sizes = {
  /** The largest message that this implementation accepts. */
  message: 16 * 1024 * 1024,
  /** A larger message breaks the stream; a message between both limits fails only its task. */
  transport: 64 * 1024 * 1024,
  /** The largest message for a peer that names no limit, gRPC's default. */
  defaultMessage: 4 * 1024 * 1024,
  batch: 256 * 1024,
  /** Results that a manager buffers for the consumers of all tasks. */
  buffered: 32 * 1024 * 1024,
  /** Heights of one call that are not complete, and results of one call that are not consumed. */
  call: 128 * 1024 * 1024,
} as const;

/** Counts. */
export const counts = {
  credit: 16,
  batchTransactions: 100,
  batchHeights: 100,
  capacity: 8,
  workerQueue: 64,
  /** Early or invalid ends in a row without progress after which a task fails. */
  emptyEnds: 3,
  /** Lost sessions in a row without progress after which a task fails: the task may be what kills the workers. */
  losses: 6,
  /** Delays requested by a worker in a row without progress after which a task fails. */
  waits: 10,
  text: 256,
  workers: 256,
  networks: 32,
  registrationsPerMinute: 10,
} as const;
