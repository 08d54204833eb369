// Which web pages may send requests to this service. Imports nothing. Never reads anything but headers.

/** The headers that identify the origin of a request. */
export interface OriginHeaders {
  readonly origin?: string | null | undefined;
  readonly host?: string | null | undefined;
  readonly forwardedHost?: string | null | undefined;
  readonly fetchSite?: string | null | undefined;
}

/** Returns true if a request comes from outside of a browser page, from a page of this service, or from an allowed page. */
export type OriginCheck = (headers: OriginHeaders) => boolean;

/**
 * Creates the check. `allowed` holds origins such as `https://dashboard.example.com`, or `*` for any. A page cannot make
 * its browser omit or forge these headers. Other callers can, but they hold no credentials of a user.
 */
export function createOriginCheck(allowed: readonly string[]): OriginCheck {
  return ({ origin, host, forwardedHost, fetchSite }) => {
    if (allowed.includes("*")) return true;
    if (origin === undefined || origin === null) return fetchSite !== "cross-site";
    if (allowed.includes(origin)) return true;
    const own = originHost(origin);
    return own !== undefined && (own === host || own === forwardedHost);
  };
}

function originHost(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
