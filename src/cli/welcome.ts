// The first output of `indexer dev`: the database, the URLs and an example query.
// Imports nothing.
// Never does I/O.

/** The facts that the welcome text shows. */
export interface Welcome {
  readonly url: string;
  readonly database: string;
  readonly folder: string;
}

/** Returns the lines of the welcome text. */
export function welcomeLines({ url, database, folder }: Welcome): string[] {
  const storage =
    database === "pglite"
      ? `embedded database in ${folder}/ (set DATABASE_URL to use PostgreSQL)`
      : "PostgreSQL";
  return [
    "",
    `  Database    ${storage}`,
    `  GraphiQL    ${url}/graphql`,
    `  Overview    ${url}/`,
    `  Health      ${url}/health/ready`,
    `  Metrics     ${url}/metrics`,
    "",
  ];
}

/** Returns an example query that has results as soon as the first blocks are stored. */
export function firstQuery(network: string): string {
  return [
    "  Example query for GraphiQL:",
    "",
    `    { transactions(first: 3, filter: { network: "${network}" }) { nodes { hash height types senders fee { text } } } }`,
    "",
  ].join("\n");
}
