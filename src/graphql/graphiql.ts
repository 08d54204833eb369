// GraphiQL as one self-contained page: compressed once, then served from memory. Imports this folder only.
// Never loads anything from other servers.
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** The page in all of its encodings. */
export interface GraphiqlPage {
  readonly etag: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly brotli: Uint8Array<ArrayBuffer>;
}

/** The content security policy of the page: it loads from this service only. */
export const contentSecurityPolicy = [
  "default-src 'self' blob: data:",
  "script-src 'self' 'unsafe-inline' blob:",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
].join("; ");

const defaultQuery = `# This manager serves the whole page. Nothing is loaded from other servers.
# Press Ctrl-Enter to run the operation under the cursor.

query Newest {
  chains {
    network
    chainId
    lag
    head { height time transactionCount }
  }
  transactions(first: 10) {
    nodes { hash height time types senders recipients fee { text } }
    pageInfo { hasNextPage endCursor }
  }
}

# Blocks as any manager stores them:
subscription Live {
  blocks { height hash time transactionCount }
}

# Fetches from the chain through the workers, part by part, then one final:
subscription Fetch {
  fetch(
    chain: { network: "demo", chainId: "demo-1" }
    target: { heights: { from: 1, to: 20 } }
  ) {
    __typename
    ... on FetchAccepted { fetchId tasks workers }
    ... on FetchPart { order worker progress blocks { height } transactions { hash } }
    ... on FetchFinal { status parts blockCount transactionCount durationMs error { code message } }
  }
}
`;

/** Renders and compresses the page. It is large, so call this at the first request only. */
export async function renderPage(endpoint: string): Promise<GraphiqlPage> {
  const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
  const html = renderGraphiQL({
    title: "GraphiQL · indexer",
    endpoint,
    defaultQuery,
    subscriptionsProtocol: "WS",
  });
  const plain = Buffer.from(html);
  const [gzipped, brotli] = await Promise.all([
    promisify(gzip)(plain, { level: 6 }),
    promisify(brotliCompress)(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  ]);
  const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  return { etag, plain, gzip: new Uint8Array(gzipped), brotli: new Uint8Array(brotli) };
}

/** Returns the encoding that the browser accepts, with its headers. */
export function pageFor(
  page: GraphiqlPage,
  headers: { readonly acceptEncoding: string | null; readonly ifNoneMatch: string | null },
): {
  readonly status: 200 | 304;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array<ArrayBuffer> | null;
} {
  const common = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-cache",
    "content-security-policy": contentSecurityPolicy,
    vary: "accept, accept-encoding",
    etag: page.etag,
  };
  if (headers.ifNoneMatch === page.etag) return { status: 304, headers: common, body: null };
  const accepted = headers.acceptEncoding ?? "";
  if (/\bbr\b/.test(accepted)) {
    return { status: 200, headers: { ...common, "content-encoding": "br" }, body: page.brotli };
  }
  if (/\bgzip\b/.test(accepted)) {
    return { status: 200, headers: { ...common, "content-encoding": "gzip" }, body: page.gzip };
  }
  return { status: 200, headers: common, body: page.plain };
}
