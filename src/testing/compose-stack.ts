// Runs services of docker-compose.yml without Docker: each with its command, environment and files as the compose file has
// them. What a container would provide is replaced:
// - a path in a container becomes a path in a folder of the service, with copies of its mounted files;
// - `service:port`, and the service's own `0.0.0.0:port`, `127.0.0.1:port`, `localhost:port` and `bind :port`, become
//   127.0.0.1 with a free port.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  imageEnvironment,
  mountsOf,
  readComposeFile,
  readDockerfile,
  repository,
  type ComposeService,
} from "./compose.js";
import { freePort } from "./postgres-server.js";
import { startProcess, type RunningProcess } from "./processes.js";

/** The services of the compose file, outside Docker. */
export interface ComposeStack {
  /** Starts the command of a service; `extraArgs` are appended unchanged. */
  start(service: string, options?: ServiceOptions): Promise<RunningProcess>;
  /** Runs the health check of a service once; resolves with whether it passed. */
  isHealthy(service: string): Promise<boolean>;
  /** Returns the address on this machine of a port of a service, as host:port. */
  address(service: string, port: number): Promise<string>;
  /** Returns the path on this machine of a path in the container of a service. */
  path(service: string, containerPath: string): string;
  /** Kills every process and removes every file. */
  remove(): Promise<void>;
}

/** Settings of `start`. */
export interface ServiceOptions {
  readonly extraArgs?: readonly string[];
  /** Variables of the operator's environment, as for `docker compose`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Changes the copy of a mounted file, by its path in the container. */
  readonly edit?: Readonly<Record<string, (text: string) => string>>;
}

/** Creates the stack; `addresses` replaces services that run elsewhere, as `postgres:5432` by host:port. */
export function createComposeStack(addresses: Readonly<Record<string, string>>): ComposeStack {
  const root = mkdtempSync(join(tmpdir(), "indexer-compose-"));
  const names = Object.keys(readComposeFile().services);
  const ports = new Map<string, Promise<string>>();
  const running: RunningProcess[] = [];

  const address = (service: string, port: number): Promise<string> => {
    const key = `${service}:${port}`;
    const given = addresses[key];
    const found =
      given === undefined
        ? (ports.get(key) ?? freePort().then((free) => `127.0.0.1:${free}`))
        : Promise.resolve(given);
    ports.set(key, found);
    return found;
  };

  const localAddresses = async (service: string, text: string): Promise<string> => {
    const own = /(?:\b(?:0\.0\.0\.0|127\.0\.0\.1|localhost)|(?<=\bbind )):(\d+)/g;
    const others = new RegExp(`\\b(${names.join("|")}):(\\d+)`, "g");
    let result = text;
    for (const [found, name = "", port] of text.matchAll(others))
      result = result.replaceAll(found, await address(name, Number(port)));
    // What is replaced already is skipped: its text no longer occurs in the original.
    for (const [found, port] of text.matchAll(own))
      result = result.replaceAll(new RegExp(`${found}\\b`, "g"), await address(service, Number(port)));
    return result;
  };

  const path = (service: string, containerPath: string): string => join(root, service, containerPath);

  /** Replaces absolute paths that exist in the container's folder. */
  const localPaths = (service: string, text: string): string =>
    text.replace(/(?<![\w.:/])\/[\w./-]+/g, (found) =>
      existsSync(path(service, found)) ? path(service, found) : found,
    );

  const local = async (service: string, text: string): Promise<string> =>
    localPaths(service, await localAddresses(service, text));

  const prepareFiles = async (
    name: string,
    service: ComposeService,
    edit: ServiceOptions["edit"] = {},
  ): Promise<void> => {
    for (const { source, target, isVolume } of mountsOf(service)) {
      const inContainer = path(name, target);
      if (existsSync(inContainer)) continue;
      mkdirSync(dirname(inContainer), { recursive: true });
      if (isVolume) {
        const volume = join(root, "volumes", source);
        mkdirSync(volume, { recursive: true });
        symlinkSync(volume, inContainer);
      } else {
        cpSync(join(repository, source), inContainer, { recursive: true });
      }
    }
    for (const { target, isVolume } of mountsOf(service)) {
      if (isVolume) continue;
      for (const file of filesIn(path(name, target))) {
        const change = edit[file.slice(join(root, name).length)] ?? ((text: string) => text);
        writeFileSync(file, await localAddresses(name, change(readFileSync(file, "utf8"))));
      }
    }
  };

  return {
    address,
    path,
    start: async (name, { extraArgs = [], variables = {}, edit } = {}) => {
      const service = serviceOf(name, variables);
      await prepareFiles(name, service, edit);
      const [executable = "", ...args] = commandOf(service);
      const env: Record<string, string> = service.build === undefined ? {} : imageEnvironment();
      for (const [key, value] of Object.entries(service.environment)) env[key] = await local(name, value);
      const started = startProcess({
        executable,
        args: [...(await Promise.all(args.map((each) => local(name, each)))), ...extraArgs],
        env,
        cwd: repository,
      });
      running.push(started);
      return started;
    },
    isHealthy: async (name) => {
      const [kind, executable = "", ...args] = serviceOf(name).healthcheck?.test ?? [];
      if (kind !== "CMD") throw new Error(`The service ${name} has no health check of the form CMD.`);
      const local = await Promise.all(args.map((each) => localAddresses(name, each)));
      const check = startProcess({ executable, args: local });
      return (await check.ended()) === 0;
    },
    remove: async () => {
      await Promise.all(running.map((each) => each.kill()));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function serviceOf(name: string, variables: Readonly<Record<string, string>> = {}): ComposeService {
  const service = readComposeFile(variables).services[name];
  if (service === undefined) throw new Error(`The compose file has no service ${name}.`);
  return service;
}

/** The command line of a service: its own entry point, else the image's, then its command. */
function commandOf({ build, entrypoint, command }: ComposeService): readonly string[] {
  const ofImage = build === undefined ? [] : (readDockerfile().find(isEntryPoint)?.args ?? []);
  return [...(entrypoint ?? ofImage), ...(command ?? [])];
}

function isEntryPoint({ name }: { readonly name: string }): boolean {
  return name === "ENTRYPOINT";
}

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesIn(join(path, name)));
}
