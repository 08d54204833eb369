// The values of one statement, numbered as they are named in its text. Nothing a caller gave is ever part of the text.
import { cleanText } from "./clean-text.js";
import { arrayLiteral } from "./sql.js";

export interface Parameters {
  readonly values: readonly unknown[];
  /** Adds a number and answers the words that stand for it. */
  int8(value: number | bigint): string;
  int4(value: number): string;
  /** Text is cleaned as it was when it was stored: PostgreSQL refuses a NUL character. */
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
