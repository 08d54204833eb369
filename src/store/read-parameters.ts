// Collects the values of one statement as numbered parameters. A caller's input is never part of the statement's text.
import { cleanText } from "./clean-text.js";
import { arrayLiteral } from "./sql.js";

/** The numbered parameters of one statement. */
export interface Parameters {
  readonly values: readonly unknown[];
  /** Adds a number and returns its placeholder. */
  int8(value: number | bigint): string;
  int4(value: number): string;
  /** Cleans text as the writer does, because PostgreSQL rejects NUL characters. */
  text(value: string): string;
  texts(values: readonly string[]): string;
}

/** Starts the values of a statement. */
export function createParameters(): Parameters {
  const values: unknown[] = [];
  const add = (value: unknown, type: string): string => {
    values.push(value);
    return `$${values.length}::${type}`;
  };
  return {
    values,
    int8: (value) => add(value, "int8"),
    int4: (value) => add(value, "int4"),
    text: (value) => add(cleanText(value), "text"),
    texts: (list) => add(arrayLiteral([...new Set(list.map((each) => cleanText(each)))]), "text[]"),
  };
}
