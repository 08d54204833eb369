// Several endpoints of one chain as one: selects the fastest healthy one, cools down failing ones. Large: one state machine.
// Imports only domain and lib; generic over the endpoint's client.
// Never knows a protocol: clients report faults by EndpointError; any other error ends the call.
import { setMaxListeners } from "node:events";
import { chainName, type ChainRef, type ChainHead } from "../domain/chain.js";
import { TaskFailure } from "../domain/task.js";
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import { backoffDelay } from "../lib/retry.js";
import { EndpointError } from "./endpoint-error.js";
import { defaultHeadLimits, implausibleHead, type HeadLimits, type ObservedHead } from "./head-check.js";
import { createRateLimiter, type RateLimiter } from "./rate-limiter.js";
import { runWithTimeout } from "./timeout.js";

/** One endpoint: its name for logs and messages (a URL without credentials) and its client. */
export interface Endpoint<C> {
  readonly name: string;
  readonly client: C;
}

/** Options of `createEndpoints`. */
export interface EndpointsOptions<C> {
  readonly chain: ChainRef;
  readonly endpoints: readonly Endpoint<C>[];
  /** Reads the chain id that an endpoint serves; runs before its first call and after each outage. */
  readonly identify?: (client: C, signal: AbortSignal) => Promise<string>;
  /** Time limit of one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** Maximum requests per second to each endpoint; unlimited until the first rate limit if absent. */
  readonly requestsPerSecond?: number;
  /** Milliseconds that a call may wait for endpoints that cool down before it fails; 5,000 by default. */
  readonly maxCooldownWaitMs?: number;
  readonly headLimits?: HeadLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: () => number;
}

/** Options of one call. */
export interface CallOptions {
  readonly signal: AbortSignal;
  /** Number of requests that the call counts as for the rate limit; 1 by default. */
  readonly weight?: number;
  /** Number of its sequential requests: each has the whole time limit; 1 by default. */
  readonly rounds?: number;
}

/** The state of one endpoint. */
export interface EndpointStatus {
  readonly name: string;
  readonly latencyMs?: number;
  readonly requestsPerSecond: number;
  /** Milliseconds until the next call may use it; 0 if it is healthy. */
  readonly cooldownMs: number;
  readonly lastFault?: string;
}

/** The endpoints of one chain. */
export interface Endpoints<C> {
  /**
   * Calls the best endpoint, then others, with at most two attempts more than there are endpoints. If all fail, rejects with
   * a TaskFailure: `same-worker` with `retryAfterMs` for rate limits, the failure that the endpoints named if the data is
   * missing on all of them, else `other-worker`.
   */
  call<T>(use: (client: C, signal: AbortSignal) => Promise<T>, options: CallOptions): Promise<T>;
  /** Returns the newest block by `read`, from an endpoint whose result is plausible. */
  head(read: (client: C, signal: AbortSignal) => Promise<ChainHead>, signal: AbortSignal): Promise<ChainHead>;
  /** Returns the state of each endpoint, in the configured order. */
  status(): readonly EndpointStatus[];
}

interface State<C> {
  readonly endpoint: Endpoint<C>;
  readonly rateLimiter: RateLimiter;
  identified: boolean;
  /** The identification in flight; concurrent calls share it. */
  identifying?: Promise<void>;
  /** Smoothed latency in milliseconds; 0 until the first measurement, so that each endpoint is tried. */
  latencyMs: number;
  measuredAt: number;
  /** The latency is outdated: the next measurement replaces it. */
  stale: boolean;
  failures: number;
  failedAt: number;
  coolingDownUntil: number;
  lastError?: EndpointError;
  head?: ObservedHead;
}

const cooldown = { first: 500, max: 60_000 };
const defaultMaxCooldownWaitMs = 5_000;
/** Attempts of one call beyond one for each endpoint. */
const attemptsBeyondEndpoints = 2;
/** A slow endpoint is measured again after this many milliseconds: it may have become fast. */
const remeasureMs = 60_000;

/** Creates the endpoints of one chain; sends no request before the first call. */
export function createEndpoints<C>(options: EndpointsOptions<C>): Endpoints<C> {
  const { chain, identify, timeoutMs, clock, random } = options;
  const logger = options.logger.child({ chain: chainName(chain) });
  const maxCooldownWaitMs = options.maxCooldownWaitMs ?? defaultMaxCooldownWaitMs;
  const limits = options.headLimits ?? defaultHeadLimits;
  const maxRequestsPerSecond = options.requestsPerSecond;
  const states = options.endpoints.map((endpoint): State<C> => ({
    endpoint,
    rateLimiter: createRateLimiter({
      clock,
      ...(maxRequestsPerSecond !== undefined && { maxRate: maxRequestsPerSecond }),
    }),
    identified: identify === undefined,
    latencyMs: 0,
    measuredAt: -Infinity,
    stale: false,
    failures: 0,
    failedAt: -Infinity,
    coolingDownUntil: 0,
  }));

  /** Selects the healthy endpoint with the lowest expected time, else the one with the shortest cooldown. */
  function selectEndpoint(missing: ReadonlySet<State<C>>): State<C> | undefined {
    const now = clock.monotonic();
    const cost = (state: State<C>): number =>
      state.coolingDownUntil > now
        ? Number.MAX_SAFE_INTEGER / 2 + (state.coolingDownUntil - now)
        : state.rateLimiter.delayMs + (now - state.measuredAt > remeasureMs ? 0 : state.latencyMs);
    return states
      .filter((state) => !missing.has(state))
      .reduce<State<C> | undefined>(
        (best, state) => (best === undefined || cost(state) < cost(best) ? state : best),
        undefined,
      );
  }

  function recordSuccess(state: State<C>, startedAt: number, durationMs: number): void {
    const known = state.latencyMs > 0 && !state.stale;
    state.latencyMs = known ? state.latencyMs * 0.8 + durationMs * 0.2 : durationMs;
    state.stale = false;
    state.rateLimiter.increaseRate();
    if (startedAt < state.failedAt) return;
    if (state.failures > 0) logger.info({ endpoint: state.endpoint.name }, "An endpoint is healthy again.");
    state.failures = 0;
    delete state.lastError;
  }

  function recordFailure(state: State<C>, error: EndpointError, startedAt: number): void {
    if (error.fault === "missing") return;
    if (error.fault === "rate-limited" || error.fault === "timeout") state.rateLimiter.decreaseRate();
    else state.identified = identify === undefined;
    state.lastError = error;
    const now = clock.monotonic();
    // Calls that were in flight at the first failure report the same outage.
    const isNews = startedAt >= state.failedAt;
    if (isNews) {
      state.failures += 1;
      state.failedAt = now;
    }
    const backoffMs = backoffDelay(
      cooldown,
      error.fault === "refused" ? Infinity : state.failures - 1,
      random,
    );
    state.coolingDownUntil = Math.max(
      state.coolingDownUntil,
      now + (error.details.retryAfterMs ?? backoffMs),
    );
    state.rateLimiter.cancelWaiting();
    logger[isNews ? "warn" : "debug"](
      {
        endpoint: state.endpoint.name,
        fault: error.fault,
        reason: error.message,
        cooldownMs: state.coolingDownUntil - now,
      },
      "An endpoint failed and cools down.",
    );
  }

  const runTimed = <T>(
    run: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    rounds = 1,
  ): Promise<T> => runWithTimeout(run, { signal, timeoutMs: timeoutMs * rounds, clock });

  /** Reads the chain id without a caller's signal: other calls wait for it as well. */
  async function checkChain(
    state: State<C>,
    identify: (client: C, signal: AbortSignal) => Promise<string>,
  ): Promise<void> {
    try {
      const found = await runTimed(
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
    await runTimed(() => identifying, signal);
  }

  function failureOf(callErrors: ReadonlyMap<State<C>, EndpointError>): TaskFailure {
    const known = states.map((state) => ({ state, error: callErrors.get(state) ?? state.lastError }));
    const errors = known.flatMap(({ error }) => (error === undefined ? [] : [error]));
    const missing = errors.find(({ fault }) => fault === "missing");
    if (missing?.details.failure !== undefined && errors.every(({ fault }) => fault === "missing")) {
      return missing.details.failure;
    }
    const reasons = known.map(
      ({ state, error }) => `${state.endpoint.name}: ${error?.message ?? "not called"}`,
    );
    const message = `No endpoint of ${chainName(chain)} completed the call. ${reasons.join("; ")}.`;
    const cause = { cause: errors[0] };
    if (errors.some(({ fault }) => fault === "rate-limited")) {
      const cooldownMs = Math.min(
        ...states.map(({ coolingDownUntil }) => coolingDownUntil - clock.monotonic()),
      );
      const retryAfterMs = Math.max(Math.ceil(cooldownMs), cooldown.first);
      return new TaskFailure(message, "same-worker", { type: "rate_limited", retryAfterMs }, cause);
    }
    const refused = errors.length > 0 && errors.every(({ fault }) => fault === "refused");
    return new TaskFailure(message, "other-worker", { type: refused ? "wrong_chain" : "unavailable" }, cause);
  }

  async function call<T>(
    use: (client: C, signal: AbortSignal, state: State<C>) => Promise<T>,
    { signal, weight = 1, rounds = 1 }: CallOptions,
  ): Promise<T> {
    // Node warns about a leak above ten listeners; many calls under one task's signal are not a leak.
    setMaxListeners(0, signal);
    const errors = new Map<State<C>, EndpointError>();
    const missing = new Set<State<C>>();
    const deadline = clock.monotonic() + maxCooldownWaitMs;
    for (let attempts = 0; attempts < states.length + attemptsBeyondEndpoints;) {
      signal.throwIfAborted();
      const state = selectEndpoint(missing);
      if (state === undefined || state.coolingDownUntil > deadline) break;
      const cooldownMs = state.coolingDownUntil - clock.monotonic();
      // Other calls wait as well, and the first may fail again: each selects an endpoint anew after its wait.
      if (cooldownMs > 0) {
        await clock.sleep(cooldownMs, signal);
        continue;
      }
      if (!(await state.rateLimiter.acquire(weight, signal))) continue;
      if (state.coolingDownUntil > clock.monotonic()) {
        state.rateLimiter.refund(weight);
        continue;
      }
      attempts += 1;
      const startedAt = clock.monotonic();
      state.stale ||= startedAt - state.measuredAt > remeasureMs;
      state.measuredAt = startedAt;
      try {
        await identified(state, signal);
        // The identification includes connecting: its time must not count as latency, or a new fast endpoint looks slow.
        const calledAt = clock.monotonic();
        const result = await runTimed((inner) => use(state.endpoint.client, inner, state), signal, rounds);
        recordSuccess(state, startedAt, clock.monotonic() - calledAt);
        return result;
      } catch (error) {
        if (!(error instanceof EndpointError)) throw error;
        recordFailure(state, error, startedAt);
        errors.set(state, error);
        if (error.fault === "missing") missing.add(state);
      }
    }
    throw failureOf(errors);
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
          const fault = implausibleHead(head, history, { now, limits });
          if (fault !== undefined) throw new EndpointError("refused", `it ${fault}`);
          state.head = { height: head.height, at: now };
          return head;
        },
        { signal },
      ),
    status: () =>
      states.map(({ endpoint, latencyMs, rateLimiter, coolingDownUntil, lastError }) => ({
        name: endpoint.name,
        requestsPerSecond: rateLimiter.rate,
        cooldownMs: Math.max(0, coolingDownUntil - clock.monotonic()),
        ...(latencyMs > 0 && { latencyMs }),
        ...(lastError !== undefined && { lastFault: lastError.message }),
      })),
  };
}
