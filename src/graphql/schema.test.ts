import { existsSync, readFileSync } from "node:fs";
import {
  buildSchema,
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLInterfaceType,
  GraphQLObjectType,
  GraphQLUnionType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLArgument,
  type GraphQLNamedType,
  type GraphQLSchema,
} from "graphql";
import { describe, expect, it } from "vitest";
import { fixturePath } from "../testing/shared-fixtures.js";
import { printedSchema, schema } from "./schema.js";

/** The types and fields of the contract that this schema does not have yet. */
const untilLater = {
  types: [
    "Account",
    "ActivityPoint",
    "BalanceDay",
    "BlockAdded",
    "BlockProof",
    "BlockRemoved",
    "ChainChange",
    "ChangeProgress",
    "Currency",
    "Delegation",
    "ImportPayload",
    "ImportTransactionsInput",
    "LedgerEntry",
    "LedgerKind",
    "ProofStatus",
    "Quarantined",
    "QuarantineConnection",
    "QuarantineEdge",
    "Reconciliation",
    "RewardDay",
    "ServiceLimit",
    "StatementConnection",
    "StatementEdge",
    "StatementEntry",
    "TimeStep",
    "TypeCount",
    "ValidatorReward",
  ],
  fields: [
    "Block.events",
    "Block.ledger",
    "Block.proof",
    "Chain.activity",
    "Chain.currency",
    "Chain.quarantine",
    "Chain.verified",
    "FetchFinal.quarantined",
    "FinalStatus.PARTIAL",
    "Manager.limits",
    "Mutation.importTransactions",
    "Query.account",
    "Subscription.changes",
    "Transaction.ledger",
    "Transaction.maxFee",
  ],
};

const contractPath = fixturePath("..", "design", "schema.graphql");
const hasContract = existsSync(contractPath);
if (!hasContract) {
  process.stderr.write("Skipping the comparison with the contract: its file is not beside this checkout.\n");
}

/** The names, types, nullability and defaults of a schema, one line for each. */
function contractLines(source: GraphQLSchema): Map<string, string> {
  const lines = new Map<string, string>();
  for (const type of Object.values(source.getTypeMap())) {
    if (type.name.startsWith("__") || isSpecifiedScalarType(type)) continue;
    lines.set(type.name, kindOf(type));
    if (type instanceof GraphQLEnumType) {
      for (const value of type.getValues()) lines.set(`${type.name}.${value.name}`, "value");
    }
    if (type instanceof GraphQLUnionType) {
      for (const member of type.getTypes()) lines.set(`${type.name}.${member.name}`, "member");
    }
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        lines.set(
          `${type.name}.${field.name}`,
          `${String(field.type)} = ${JSON.stringify(field.defaultValue)}`,
        );
      }
    }
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        lines.set(`${type.name}.${field.name}`, String(field.type));
        for (const argument of field.args) {
          lines.set(`${type.name}.${field.name}(${argument.name})`, argumentText(argument));
        }
      }
    }
  }
  return lines;
}

function argumentText({ type, defaultValue }: GraphQLArgument): string {
  return `${String(type)} = ${JSON.stringify(defaultValue)}`;
}

function kindOf(type: GraphQLNamedType): string {
  if (type instanceof GraphQLInputObjectType) return type.isOneOf ? "oneOf input" : "input";
  if (type instanceof GraphQLObjectType || type instanceof GraphQLInterfaceType) {
    return [
      type.constructor.name,
      ...type
        .getInterfaces()
        .map(({ name }) => name)
        .sort(),
    ].join(" ");
  }
  return type.constructor.name;
}

describe("the schema", () => {
  it.skipIf(!hasContract)(
    "contains the contract, except the types and fields that are not implemented yet",
    () => {
      const later = (line: string): boolean =>
        untilLater.types.includes(line.split(/[.(]/)[0] ?? "") ||
        untilLater.fields.some((field) => line === field || line.startsWith(`${field}(`));
      const served = contractLines(schema);
      const broken = [...contractLines(buildSchema(readFileSync(contractPath, "utf8")))]
        .filter(([line]) => !later(line))
        .filter(([line, text]) => served.get(line) !== text)
        .map(([line, text]) => `${line}: ${text}, not ${served.get(line) ?? "there"}`);
      expect(broken).toEqual([]);
    },
  );

  it.skipIf(!hasContract)("contains no type or field that is listed as missing", () => {
    const served = contractLines(schema);
    expect([...untilLater.types, ...untilLater.fields].filter((line) => served.has(line))).toEqual([]);
  });

  it("describes every type, field, argument and value", () => {
    const silent: string[] = [];
    const check = (name: string, description: string | null | undefined): void => {
      if ((description ?? "").trim() === "") silent.push(name);
    };
    for (const type of Object.values(schema.getTypeMap())) {
      if (type.name.startsWith("__") || isSpecifiedScalarType(type)) continue;
      check(type.name, type.description);
      if (type instanceof GraphQLEnumType) {
        for (const value of type.getValues()) check(`${type.name}.${value.name}`, value.description);
      }
      if (isObjectType(type) || isInterfaceType(type)) {
        for (const field of Object.values(type.getFields())) {
          check(`${type.name}.${field.name}`, field.description);
          for (const each of field.args) check(`${type.name}.${field.name}(${each.name})`, each.description);
        }
      }
      if (isInputObjectType(type)) {
        for (const field of Object.values(type.getFields()))
          check(`${type.name}.${field.name}`, field.description);
      }
    }
    expect(silent).toEqual([]);
  });

  it("equals schema.graphql", () => {
    const path = new URL("../../schema.graphql", import.meta.url);
    expect(readFileSync(path, "utf8")).toBe(printedSchema());
  });
});
