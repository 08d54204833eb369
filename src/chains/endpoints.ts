// Several endpoints of one chain as one: the fastest well one is asked, a failing one rests, a wrong one is refused.
// Imports only domain and lib; generic over the endpoint's client.
// Never knows a protocol: clients say by EndpointError what is wrong, any other error is the answer.
import { setMaxListeners } from "node:events";
import { chainName, type ChainRef, type ChainHead } from "../domain/chain.js";
import { TaskFailure } from "../domain/task.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import { EndpointError } from "./endpoint-error.js";
import { defaultHeadLimits, headFault, type HeadLimits, type SeenHead } from "./head-check.js";
import { createPace, type Pace } from "./pace.js";
import { withinTime } from "./time-limit.js";

/** One endpoint: its name for logs and messages (a URL without credentials) and the client that asks it. */
export interface Endpoint<C> {
  readonly name: string;
  readonly client: C;
}

export interface EndpointsOptions<C> {
  readonly chain: ChainRef;
  readonly endpoints: readonly Endpoint<C>[];
  /** Reads the chain id that an endpoint serves; asked before its first use and after each outage. */
  readonly identify?: (client: C, signal: AbortSignal) => Promise<string>;
  /** Milliseconds for one attempt. */
  readonly timeoutMs: number;
  /** Requests a second to each endpoint at most; found by itself where absent. */
  readonly requestsPerSecond?: number;
  /** Milliseconds that one call may wait for resting endpoints before it fails; 5,000 by default. */
  readonly patienceMs?: number;
  readonly headLimits?: HeadLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: () => number;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  /** How many requests the call counts as, for the requests a second; 1 by default. */
  readonly weight?: number;
  /** How many requests of it are asked one after the other: each has the whole time limit; 1 by default. */
  readonly rounds?: number;
}

/** How one endpoint is doing. */
export interface EndpointStatus {
  readonly name: string;
  readonly latencyMs?: number;
  readonly requestsPerSecond: number;
  /** Milliseconds until it is asked again; 0 while it is well. */
  readonly restMs: number;
  readonly lastFault?: string;
}

export interface Endpoints<C> {
  /**
   * Asks the best endpoint, then others, a few attempts in all. Where none answers, rejects with a TaskFailure: `same-worker`
   * with `retryAfterMs` where rate limits are the reason, else `other-worker`, or what a lacking endpoint named.
   */
  call<T>(use: (client: C, signal: AbortSignal) => Promise<T>, options: CallOptions): Promise<T>;
  /** The newest block by `read`, from an endpoint whose answer can be. */
  head(read: (client: C, signal: AbortSignal) => Promise<ChainHead>, signal: AbortSignal): Promise<ChainHead>;
  status(): readonly EndpointStatus[];
}

interface State<C> {
  readonly endpoint: Endpoint<C>;
  readonly pace: Pace;
  identified: boolean;
  /** Under way: whoever calls meanwhile waits for the one answer. */
  identifying?: Promise<void>;
  /** Smoothed milliseconds of its answers; 0 until one was measured, so that each is tried. */
  latencyMs: number;
  measuredAt: number;
  /** The latency is so old that the next answer replaces it. */
  stale: boolean;
  failures: number;
  failedAt: number;
  restUntil: number;
  lastError?: EndpointError;
  head?: SeenHead;
}

const rest = { first: 500, max: 60_000 };
const defaultPatienceMs = 5_000;
/** Attempts beyond one for each endpoint. */
const extraAttempts = 2;
/** A slow endpoint is asked again after this time: it may have become fast. */
const remeasureMs = 60_000;

/** Creates the endpoints of one chain; nothing is asked before the first call. */
export function createEndpoints<C>(options: EndpointsOptions<C>): Endpoints<C> {
  const { chain, identify, timeoutMs, clock, random } = options;
  const logger = options.logger.child({ chain: chainName(chain) });
  const patienceMs = options.patienceMs ?? defaultPatienceMs;
  const limits = options.headLimits ?? defaultHeadLimits;
  const ceiling = options.requestsPerSecond;
  const states = options.endpoints.map((endpoint): State<C> => ({
    endpoint,
    pace: createPace({ clock, ...(ceiling !== undefined && { ceiling }) }),
    identified: identify === undefined,
    latencyMs: 0,
    measuredAt: -Infinity,
    stale: false,
    failures: 0,
    failedAt: -Infinity,
    restUntil: 0,
  }));

  /** The endpoint to ask next: well ones by expected time, else the one that rests shortest. */
  function pick(lacking: ReadonlySet<State<C>>): State<C> | undefined {
    const now = clock.monotonic();
    const cost = (state: State<C>): number =>
      state.restUntil > now
        ? Number.MAX_SAFE_INTEGER / 2 + (state.restUntil - now)
        : state.pace.delay + (now - state.measuredAt > remeasureMs ? 0 : state.latencyMs);
    return states
      .filter((state) => !lacking.has(state))
      .reduce<State<C> | undefined>(
        (best, state) => (best === undefined || cost(state) < cost(best) ? state : best),
        undefined,
      );
  }

  function succeeded(state: State<C>, startedAt: number, took: number): void {
    const known = state.latencyMs > 0 && !state.stale;
    state.latencyMs = known ? state.latencyMs * 0.8 + took * 0.2 : took;
    state.stale = false;
    state.pace.faster();
    if (startedAt < state.failedAt) return;
    if (state.failures > 0) logger.info({ endpoint: state.endpoint.name }, "An endpoint is well again.");
    state.failures = 0;
    delete state.lastError;
  }

  function failed(state: State<C>, error: EndpointError, startedAt: number): void {
    if (error.fault === "lacking") return;
    if (error.fault === "rate-limited" || error.fault === "timeout") state.pace.slower();
    else state.identified = identify === undefined;
    state.lastError = error;
    const now = clock.monotonic();
    // Calls that were under way when the endpoint began to fail tell nothing new.
    const isNews = startedAt >= state.failedAt;
    if (isNews) {
      state.failures += 1;
      state.failedAt = now;
    }
    const grown = backoffDelay(rest, error.fault === "refused" ? Infinity : state.failures - 1, random);
    state.restUntil = Math.max(state.restUntil, now + (error.details.retryAfterMs ?? grown));
    state.pace.callOff();
    logger[isNews ? "warn" : "debug"](
      {
        endpoint: state.endpoint.name,
        fault: error.fault,
        reason: error.message,
        restMs: state.restUntil - now,
      },
      "An endpoint failed and rests.",
    );
  }

  const timed = <T>(run: (signal: AbortSignal) => Promise<T>, signal: AbortSignal, rounds = 1): Promise<T> =>
    withinTime(run, { signal, timeoutMs: timeoutMs * rounds, clock });

  /** Asks for the chain id under no caller's signal: others wait for it as well. */
  async function checkChain(
    state: State<C>,
    identify: (client: C, signal: AbortSignal) => Promise<string>,
  ): Promise<void> {
    try {
      const found = await timed(
        (inner) => identify(state.endpoint.client, inner),
        new AbortController().signal,
      );
      if (found !== chain.chainId) {
        throw new EndpointError("refused", `it serves chain id '${found}', not '${chain.chainId}'`);
      }
      state.identified = true;
    } finally {
      delete state.identifying;
    }
  }

  async function identified(state: State<C>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (identify === undefined || state.identified) return;
    const identifying = (state.identifying ??= checkChain(state, identify));
    await timed(() => identifying, signal);
  }

  function failure(troubles: ReadonlyMap<State<C>, EndpointError>): TaskFailure {
    const known = states.map((state) => ({ state, error: troubles.get(state) ?? state.lastError }));
    const errors = known.flatMap(({ error }) => (error === undefined ? [] : [error]));
    const lacking = errors.find(({ fault }) => fault === "lacking");
    if (lacking?.details.failure !== undefined && errors.every(({ fault }) => fault === "lacking")) {
      return lacking.details.failure;
    }
    const words = known.map(({ state, error }) => `${state.endpoint.name}: ${error?.message ?? "not asked"}`);
    const message = `No endpoint of ${chainName(chain)} could answer. ${words.join("; ")}.`;
    const cause = { cause: errors[0] };
    if (errors.some(({ fault }) => fault === "rate-limited")) {
      const restMs = Math.min(...states.map(({ restUntil }) => restUntil - clock.monotonic()));
      const retryAfterMs = Math.max(Math.ceil(restMs), rest.first);
      return new TaskFailure(message, "same-worker", { type: "rate_limited", retryAfterMs }, cause);
    }
    const refused = errors.length > 0 && errors.every(({ fault }) => fault === "refused");
    return new TaskFailure(message, "other-worker", { type: refused ? "wrong_chain" : "unavailable" }, cause);
  }

  async function call<T>(
    use: (client: C, signal: AbortSignal, state: State<C>) => Promise<T>,
    { signal, weight = 1, rounds = 1 }: CallOptions,
  ): Promise<T> {
    // Node warns of a leak beyond ten listeners; many calls under one task's signal are no leak.
    setMaxListeners(0, signal);
    const troubles = new Map<State<C>, EndpointError>();
    const lacking = new Set<State<C>>();
    const deadline = clock.monotonic() + patienceMs;
    for (let tries = 0; tries < states.length + extraAttempts;) {
      signal.throwIfAborted();
      const state = pick(lacking);
      if (state === undefined || state.restUntil > deadline) break;
      const restMs = state.restUntil - clock.monotonic();
      // Others wait as well, and the first of them may meet the same trouble: after each wait it is looked again whom to ask.
      if (restMs > 0) {
        await clock.sleep(restMs, signal);
        continue;
      }
      if (!(await state.pace.take(weight, signal))) continue;
      if (state.restUntil > clock.monotonic()) {
        state.pace.giveBack(weight);
        continue;
      }
      tries += 1;
      const startedAt = clock.monotonic();
      state.stale ||= startedAt - state.measuredAt > remeasureMs;
      state.measuredAt = startedAt;
      try {
        await identified(state, signal);
        // What it takes to connect is the identification's: a latency with it would hide a fast endpoint behind a warm one.
        const askedAt = clock.monotonic();
        const result = await timed((inner) => use(state.endpoint.client, inner, state), signal, rounds);
        succeeded(state, startedAt, clock.monotonic() - askedAt);
        return result;
      } catch (error) {
        if (!(error instanceof EndpointError)) throw error;
        failed(state, error, startedAt);
        troubles.set(state, error);
        if (error.fault === "lacking") lacking.add(state);
      }
    }
    throw failure(troubles);
  }

  return {
    call,
    head: (read, signal) =>
      call(
        async (client, inner, state) => {
          const head = await read(client, inner);
          const now = clock.monotonic();
          const others = states
            .flatMap((each) => (each !== state && each.head !== undefined ? [each.head] : []))
            .sort((a, b) => a.height - b.height)[0];
          const history = {
            ...(state.head !== undefined && { own: state.head }),
            ...(others !== undefined && { others }),
          };
          const fault = headFault(head, history, { now, limits });
          if (fault !== undefined) throw new EndpointError("refused", `it ${fault}`);
          state.head = { height: head.height, at: now };
          return head;
        },
        { signal },
      ),
    status: () =>
      states.map(({ endpoint, latencyMs, pace, restUntil, lastError }) => ({
        name: endpoint.name,
        requestsPerSecond: pace.rate,
        restMs: Math.max(0, restUntil - clock.monotonic()),
        ...(latencyMs > 0 && { latencyMs }),
        ...(lastError !== undefined && { lastFault: lastError.message }),
      })),
  };
}
