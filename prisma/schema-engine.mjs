#!/usr/bin/env node
// Prisma's schema engine (its WebAssembly build) behind the command line and JSON-RPC of the native one, so that Prisma's
// CLI works where the native engine cannot be downloaded. Imports nothing of this project; connects only to the
// database of the CLI's arguments.
//
//   schema-engine.mjs [--datamodels FILE]… --datasource JSON            JSON-RPC 2.0 on stdin and stdout, one message per line
//   schema-engine.mjs --datasource JSON cli can-connect-to-database     exit code 0, or 1 and a JSON line on stderr
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { datamodels: { type: "string", multiple: true }, datasource: { type: "string" } },
});
const url = JSON.parse(values.datasource ?? "{}").url ?? "";

if (positionals[0] === "cli") await canConnect();
else await serve();
process.exit();

function adapterFactory() {
  const schema = URL.canParse(url) ? new URL(url).searchParams.get("schema") : null;
  const factory =
    schema === null
      ? new PrismaPg({ connectionString: url })
      : new PrismaPg({ connectionString: url, options: searchPath(schema) }, { schema });
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => asNative(await factory.connect()),
    connectToShadowDb: async () => asNative(await factory.connectToShadowDb()),
  };
}

/** The engine names tables without their schema. */
function searchPath(schema) {
  return `-c search_path=${`"${schema}"`.replace(/[\\ ]/g, "\\$&")}`;
}

/** Adds behaviour of the native engine that the JavaScript adapter lacks. */
function asNative(adapter) {
  // It cuts scripts at every semicolon, those in comments and texts too. In one message they are one transaction.
  adapter.executeScript = async (sql) => void (await adapter.executeRaw({ sql, args: [], argTypes: [] }));
  // It does not know the type "char", which PostgreSQL's catalogue uses often.
  const pool = adapter.underlyingDriver();
  const query = pool.query.bind(pool);
  pool.query = async (...args) => {
    const result = await query(...args);
    for (const field of result.fields ?? []) if (field.dataTypeID === 18) field.dataTypeID = 25;
    return result;
  };
  return adapter;
}

async function canConnect() {
  try {
    const adapter = await adapterFactory().connect();
    await adapter.queryRaw({ sql: "select 1", args: [], argTypes: [] });
  } catch (error) {
    const { code, message } = describe(error);
    // The CLI reads the second line and those after it.
    const fields = { error_code: code ?? "P1001", message };
    process.stderr.write(`\n${JSON.stringify({ level: "ERROR", target: "schema_engine::logger", fields })}`);
    process.exitCode = 1;
  }
}

async function serve() {
  const engine = await createEngine();
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line);
    // A message without a method is the CLI's reply to our "print".
    if (method !== undefined) send({ id, ...(await call(engine, method, params)) });
  }
}

async function call(engine, method, params) {
  try {
    const result = await engine[method](params);
    // The native engine prints by itself; this build leaves it to the caller.
    if (typeof result?.stdout === "string")
      send({ id: "print", method: "print", params: { content: result.stdout } });
    return { result: result ?? null };
  } catch (error) {
    const { code, message, meta } = describe(error);
    return { error: { code: 4466, message, data: { is_panic: false, message, error_code: code, meta } } };
  }
}

async function createEngine() {
  const glue = await import("@prisma/schema-engine-wasm/schema_engine_bg");
  const wasm = fileURLToPath(import.meta.resolve("@prisma/schema-engine-wasm")).replace(/\.js$/, "_bg.wasm");
  const { instance } = await globalThis.WebAssembly.instantiate(readFileSync(wasm), {
    "./schema_engine_bg.js": glue,
  });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  const datamodels = values.datamodels?.map((path) => [path, readFileSync(path, "utf8")]);
  return glue.SchemaEngine.new(
    { datamodels },
    () => {},
    bindMigrationAwareSqlAdapterFactory(adapterFactory()),
  );
}

function describe(error) {
  return { code: error?.code, meta: error?.meta, message: error?.message ?? String(error) };
}

function send(message) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}
