// The deployment files as values: docker-compose.yml with its variables replaced, and the Dockerfile's instructions.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DockerfileParser, type JSONInstruction } from "dockerfile-ast";
import { parse } from "yaml";
import { z } from "zod";

/** The root of the repository, without a slash at its end. */
export const repository = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

const texts = z.array(z.string());
const serviceSchema = z.object({
  image: z.string(),
  build: z.string().optional(),
  profiles: texts.default([]),
  user: z.string().optional(),
  entrypoint: texts.optional(),
  command: texts.optional(),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: texts.default([]),
  tmpfs: texts.default([]),
  ports: texts.default([]),
  networks: texts.default(["default"]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.object({ test: texts.optional(), disable: z.boolean().default(false) }).optional(),
  restart: z.string(),
  read_only: z.boolean(),
  cap_drop: texts,
  cap_add: texts.default([]),
  privileged: z.boolean().default(false),
  security_opt: texts,
  mem_limit: z.string(),
  stop_grace_period: z.string().optional(),
});
const composeSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.unknown()),
  networks: z.record(z.string(), z.unknown()),
});

/** One service of the compose file. */
export type ComposeService = z.output<typeof serviceSchema>;

/** The compose file. */
export type ComposeFile = z.output<typeof composeSchema>;

/** A mount of a service: a file or folder of the repository, or a named volume. */
export interface ComposeMount {
  readonly source: string;
  readonly target: string;
  readonly isVolume: boolean;
}

/** Reads docker-compose.yml with anchors and variables resolved; only the listed variables are set. */
export function readComposeFile(variables: Readonly<Record<string, string>> = {}): ComposeFile {
  const text = readFileSync(join(repository, "docker-compose.yml"), "utf8");
  const content: unknown = parse(text, { merge: true });
  return composeSchema.parse(replaceVariables(content, variables));
}

/** Replaces `${NAME:-default}` and `${NAME}` in every text, as compose does: `:-` also replaces an empty value. */
function replaceVariables(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === "string") {
    return value.replace(
      /\$\{(\w+)(?::-([^}]*))?\}/g,
      (_, name: string, fallback = "") => variables[name] || String(fallback),
    );
  }
  if (Array.isArray(value)) return value.map((each) => replaceVariables(each, variables));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, replaceVariables(each, variables)]),
  );
}

/** Returns the mounts of a service. */
export function mountsOf({ volumes }: ComposeService): ComposeMount[] {
  return volumes.map((text) => {
    const [source = "", target = ""] = text.split(":");
    return { source, target, isVolume: !source.startsWith(".") };
  });
}

/** One instruction of the Dockerfile. */
export interface DockerInstruction {
  readonly name: string;
  /** Its arguments; those of the JSON form without brackets and quotes. */
  readonly args: readonly string[];
  readonly flags: readonly string[];
}

/** Reads the instructions of the Dockerfile in order. */
export function readDockerfile(): DockerInstruction[] {
  const text = readFileSync(join(repository, "Dockerfile"), "utf8");
  return DockerfileParser.parse(text)
    .getInstructions()
    .map((instruction) => {
      const json = "getJSONStrings" in instruction ? (instruction as JSONInstruction).getJSONStrings() : [];
      const flags = "getFlags" in instruction ? (instruction as JSONInstruction).getFlags() : [];
      return {
        name: instruction.getKeyword(),
        args:
          json.length > 0
            ? json.map((each) => JSON.parse(each.getValue()) as string)
            : instruction.getArguments().map((each) => each.getValue()),
        flags: flags.map((each) => each.toString()),
      };
    });
}

/** Returns the environment that the image sets. */
export function imageEnvironment(): Record<string, string> {
  const pairs = readDockerfile()
    .filter(({ name }) => name === "ENV")
    .flatMap(({ args }) => args.map((each) => each.split(/=(.*)/s)));
  return Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value]));
}
