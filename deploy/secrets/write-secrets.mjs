// Writes the secrets of docker-compose.yml at its first start: random ones, each to the folder of the services that need it.
// Files that exist stay as they are. Usage: node write-secrets.mjs FOLDER DATABASE_HOST:PORT
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const [folder, databaseAddress] = process.argv.slice(2);
if (folder === undefined || databaseAddress === undefined) {
  process.stderr.write("Usage: node write-secrets.mjs FOLDER DATABASE_HOST:PORT\n");
  process.exit(2);
}

writeOnce("workers/token", random);
writeOnce("grafana/password", random);
writeOnce("database/password", random);
const password = readFileSync(join(folder, "database/password"), "utf8");
writeOnce("database/url", () => `postgresql://indexer:${password}@${databaseAddress}/indexer`);

/** The volume of a file limits who can read it; the services in it run as different users, hence the mode. */
function writeOnce(name, content) {
  const path = join(folder, name);
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  // Renamed, so that no service reads a part of it.
  writeFileSync(`${path}.new`, content(), { mode: 0o444 });
  renameSync(`${path}.new`, path);
  process.stdout.write(`Wrote ${path}.\n`);
}

function random() {
  return randomBytes(24).toString("base64url");
}
