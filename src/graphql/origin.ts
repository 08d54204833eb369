// Which web pages may speak to this service. Imports nothing; never looks at anything but headers.

/** The headers that tell where a request comes from. */
export interface OriginHeaders {
  readonly origin?: string | null | undefined;
  readonly host?: string | null | undefined;
  readonly forwardedHost?: string | null | undefined;
  readonly fetchSite?: string | null | undefined;
}

/** Whether a request comes from no page, from a page of this service, or from an allowed page. */
export type OriginCheck = (headers: OriginHeaders) => boolean;

/**
 * Creates the check. `allowed` holds origins such as `https://dashboard.example.com`, or `*` for any. Browsers cannot be
 * made to leave these headers out or to lie in them; other callers may, and are no danger to anyone but themselves.
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
