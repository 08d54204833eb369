// The page at `/`: links to all paths, and the state of each chain, read through GraphQL. Imports nothing.
// Never loads anything from other servers.
import { createHash } from "node:crypto";

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.3rem 0.8rem 0.3rem 0; border-bottom: 1px solid #8884; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
`;

const script = `
const query = "{ chains { network chainId head { height time } networkHead { height } lag workers { state } } }";
const cell = (text, className) => {
  const td = document.createElement("td");
  td.textContent = text ?? "–";
  if (className) td.className = className;
  return td;
};
async function refresh() {
  const status = document.getElementById("status");
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = await response.json();
    if (errors) throw new Error(errors[0].message);
    document.getElementById("chains").replaceChildren(...data.chains.map((chain) => {
      const row = document.createElement("tr");
      const online = chain.workers.filter(({ state }) => state === "ONLINE").length;
      row.append(
        cell(chain.network + " / " + chain.chainId),
        cell(chain.head?.height, "number"),
        cell(chain.networkHead?.height, "number"),
        cell(chain.lag, "number"),
        cell(online + " of " + chain.workers.length, "number"),
        cell(chain.head?.time),
      );
      return row;
    }));
    status.textContent = data.chains.length === 0 ? "No chains yet. Start a worker to add one." : "";
  } catch (error) {
    status.textContent = "The table is out of date: " + error.message;
  }
}
refresh();
setInterval(refresh, 5000);
`;

function sourceHash(source: string): string {
  return `'sha256-${createHash("sha256").update(source).digest("base64")}'`;
}

/** The content security policy of the page: its own script and style, and requests to this service. */
export const homePolicy = [
  "default-src 'none'",
  `script-src ${sourceHash(script)}`,
  `style-src ${sourceHash(style)}`,
  "connect-src 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** The HTML of the page. */
export const homePage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>indexer</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>indexer</h1>
<p>Query blocks and transactions in <a href="/graphql">GraphiQL</a>, or send queries to <code>/graphql</code>.</p>
<h2>Chains</h2>
<table>
<thead><tr><th>Chain</th><th class="number">Stored up to</th><th class="number">Network</th><th class="number">Behind</th><th class="number">Workers online</th><th>Newest block</th></tr></thead>
<tbody id="chains"></tbody>
</table>
<p id="status" role="status">Loading…</p>
<h2>More</h2>
<ul>
<li><a href="/schema.graphql">/schema.graphql</a>, the schema</li>
<li><a href="/health/ready">/health/ready</a>, whether the manager can serve requests, and why not</li>
<li><a href="/get_workers">/get_workers</a>, the workers in the legacy format</li>
</ul>
</main>
<script>${script}</script>
</body>
</html>
`;
