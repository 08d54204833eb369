// PostgreSQL behind the store's SQL port: one pool, shared with Prisma's client.
// Imports only lib, domain and the port.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { IndexerError } from "../domain/errors.js";
import { toError } from "../lib/error-message.js";
import type { Logger } from "../lib/logger.js";
import { databaseFailure, isEnded } from "./failures.js";
import type { Database, SqlTransaction, Statement } from "./sql.js";

/** Options of the PostgreSQL connection pool. */
export interface PostgresOptions {
  readonly url: string;
  /** Connections at most. */
  readonly poolSize: number;
  /** Milliseconds for a statement outside of a transaction. */
  readonly readTimeoutMs: number;
  readonly logger: Logger;
}

const int8 = 20;
const connectTimeoutMs = 5_000;
/** The driver's own choice, typed: what it parses to is unknown here. */
const parserOf: (oid: number, format: "text" | "binary") => (value: string) => unknown =
  pg.types.getTypeParser;

/** Connects lazily; a connection that breaks is replaced by the next statement. */
export function createPostgres({ url, poolSize, readTimeoutMs, logger }: PostgresOptions): Database {
  const { connectionString, schema, options } = readUrl(url);
  const pool = new pg.Pool({
    connectionString,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    application_name: "indexer",
    // Prepared statements would use a generic plan after five executions, which is slow for lists and ranges.
    options: [
      options,
      "-c plan_cache_mode=force_custom_plan",
      // Compiling a page's plan takes a hundred times as long as running it.
      "-c jit=off",
      `-c statement_timeout=${readTimeoutMs}`,
      ...(schema === undefined ? [] : [`-c search_path=${escapeOption(`"${schema}"`)}`]),
    ].join(" "),
    types: { getTypeParser: typeParser },
  });
  pool.on("error", (error) => logger.warn({ error }, "An idle database connection broke."));
  // A connection may break before its caller attaches a listener, and an unhandled error event would end the process.
  // The next statement on the connection fails instead.
  pool.on("connect", (client) => void client.on("error", () => {}));

  /**
   * Begins a transaction on a pooled connection. An idle connection that was ended may fail only here, before any work: then
   * the next one is tried, until no idle connection is left.
   */
  async function begin(statementTimeoutMs: number): Promise<pg.PoolClient> {
    for (let idle = poolSize; ; idle -= 1) {
      const client = await pool.connect().catch(throwFailure);
      try {
        await client.query(
          `begin isolation level read committed; set local statement_timeout = ${statementTimeoutMs}`,
        );
        return client;
      } catch (error) {
        client.release(toError(error));
        if (idle === 0 || !isEnded(error)) throw databaseFailure(error);
      }
    }
  }

  const transaction: Database["transaction"] = async (
    work,
    { statementTimeoutMs } = { statementTimeoutMs: 60_000 },
  ) => {
    const client = await begin(statementTimeoutMs);
    // A connection that breaks between two statements emits an error that has no other listener.
    let broken: Error | undefined;
    const onError = (error: Error): void => void (broken = error);
    client.on("error", onError);
    try {
      const result = await work(createSqlTransaction(client));
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback").catch((failure: unknown) => (broken ??= toError(failure)));
      throw databaseFailure(error);
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  };

  return {
    kind: "postgres",
    query: (statement) => run(pool, statement),
    transaction,
    prismaAdapter: new PrismaPg(pool, {
      ...(schema !== undefined && { schema }),
      onPoolError: () => {},
      onConnectionError: (error) => logger.warn({ error }, "A database connection broke."),
    }),
    close: () => pool.end(),
  };
}

function createSqlTransaction(client: pg.PoolClient): SqlTransaction {
  return {
    query: (statement) => run(client, statement),
    copy: async (into, lines) => {
      await pipeline(Readable.from(chunksOf(lines)), client.query(copyFrom(`copy ${into} from stdin`))).catch(
        throwFailure,
      );
    },
    script: async (text) => void (await client.query(text).catch(throwFailure)),
  };
}

async function run<Row extends object>(
  target: pg.Pool | pg.PoolClient,
  { text, values, name }: Statement,
): Promise<readonly Row[]> {
  try {
    const config = {
      text,
      values: values === undefined ? [] : [...values],
      ...(name !== undefined && { name }),
    };
    return (await target.query<Row>(config)).rows;
  } catch (error) {
    throw databaseFailure(error);
  }
}

/** A single write of the whole text would be copied once per partial socket write. */
function* chunksOf(lines: string): Generator<Buffer> {
  const bytes = Buffer.from(lines);
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

function typeParser(oid: number, format: "text" | "binary" = "text"): (value: string) => unknown {
  return oid === int8 ? BigInt : parserOf(oid, format);
}

/** `schema` is Prisma's own URL parameter; `options` would replace our options if it stayed in the URL. */
function readUrl(url: string): { connectionString: string; schema: string | undefined; options: string } {
  if (!URL.canParse(url)) {
    throw new IndexerError(
      "BAD_USER_INPUT",
      "DATABASE_URL is not a URL. Write it as postgresql://user:password@host:5432/database.",
    );
  }
  const parsed = new URL(url);
  const schema = parsed.searchParams.get("schema") ?? undefined;
  const options = parsed.searchParams.get("options") ?? "";
  parsed.searchParams.delete("schema");
  parsed.searchParams.delete("options");
  return { connectionString: parsed.toString(), schema, options };
}

function escapeOption(value: string): string {
  return value.replace(/[\\ ]/g, "\\$&");
}

function throwFailure(error: unknown): never {
  throw databaseFailure(error);
}
