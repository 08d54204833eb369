// What `indexer dev` says first: what it set up, where it is, and one query to paste.

export interface Welcome {
  readonly url: string;
  readonly database: string;
  readonly folder: string;
}

export function welcome({ url, database, folder }: Welcome): string[] {
  const stored =
    database === "pglite"
      ? `the embedded database in ${folder}/ (set DATABASE_URL for PostgreSQL)`
      : "PostgreSQL";
  return [
    "",
    `  Stores in   ${stored}`,
    `  GraphiQL    ${url}/graphql`,
    `  Overview    ${url}/`,
    `  Health      ${url}/health/ready`,
    `  Metrics     ${url}/metrics`,
    "",
  ];
}

/** A query that has an answer as soon as the first blocks are stored. */
export function firstQuery(network: string): string {
  return [
    "  Paste this into GraphiQL:",
    "",
    `    { transactions(first: 3, filter: { network: "${network}" }) { nodes { hash height types senders fee { text } } } }`,
    "",
  ].join("\n");
}
