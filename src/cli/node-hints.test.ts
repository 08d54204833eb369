import { expect, it } from "vitest";
import { nodeHint } from "./node-hints.js";

it.each([
  ["it serves chain id '7', not '5'", /CHAIN_ID/],
  ["http://n: it limits requests (HTTP 429)", /REQUESTS_PER_SECOND/],
  ["it returned 429, too many requests", /REQUESTS_PER_SECOND/],
  ["it denies access: no token", /credentials/],
  ["the connection failed: ENOTFOUND", /host name/],
  ["the connection failed: ECONNREFUSED", /Start the node/],
  ["it cannot be reached: connect ETIMEDOUT", /Start the node/],
  ["No node returned its chain id. http://n: it limits requests (HTTP 429).", /REQUESTS_PER_SECOND/],
  ["No node returned its chain id. http://n: the connection failed: ECONNREFUSED.", /Start the node/],
  ["it cannot be reached: self-signed certificate in certificate chain", /NODE_EXTRA_CA_CERTS/],
  ["No response within 1.5 s.", /not overloaded/],
  ["it did not respond within 10000 ms", /not overloaded/],
  ["x is neither a Cosmos node's gRPC nor its RPC (as RPC: its response is malformed)", /of this network/],
  ['it returned results for 0 of 1 calls: "<html" is not JSON', /of this network/],
  ["something new", /Check the node/],
])("names the next step for '%s'", (reason, nextStep) => {
  expect(nodeHint(reason)).toMatch(nextStep);
});
