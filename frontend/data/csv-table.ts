/** CSV files as columns of numbers. */
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import { arrayFromData, type NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { stack } from "../numpy/joining.ts";
import { type BytesLike, bytesFrom } from "./bytes.ts";
import { type CsvOptions, type CsvRow, parseCsvRows } from "./csv.ts";

/** What a column may be read as. */
export type ColumnType = DType | "string";

/** A column: numbers, or text with null where it is missing. */
export type Column = NdArray | readonly (string | null)[];

/** Options of `readCsv`. */
export interface ReadCsvOptions extends CsvOptions {
  /** Whether the first row has the names of the columns, or the names. Default true. */
  readonly header?: boolean | readonly string[];
  /** The columns wanted, by name, in this order. Default all. */
  readonly columns?: readonly string[] | null;
  /** Types of columns by name; the others are inferred. */
  readonly dtypes?: Readonly<Record<string, ColumnType>>;
  /** Fields that stand for a missing value. Default "", NA, N/A, NaN, nan, null, NULL and None. */
  readonly missing?: readonly string[];
}

const MISSING: readonly string[] = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"];

/** A table by columns. */
export class CsvTable {
  constructor(
    /** The names of the columns in order. */
    readonly names: readonly string[],
    /** The columns by name, all of one length. */
    readonly columns: Readonly<Record<string, Column>>,
    /** How many rows there are. */
    readonly length: number,
  ) {}

  /** A column of numbers or booleans. Throws WeftValueError where there is none of this name, or it is text. */
  array(name: string): NdArray {
    const column = this.#column(name);
    if (!isText(column)) return column;
    throw new WeftValueError(`CSV: column "${name}" is text: it cannot be an array`);
  }

  /** A column of text. Throws WeftValueError where there is none of this name, or it is numbers. */
  text(name: string): readonly (string | null)[] {
    const column = this.#column(name);
    if (isText(column)) return column;
    throw new WeftValueError(
      `CSV: column "${name}" is ${column.dtype}, no text: read it with dtypes: { "${name}": "string" }`,
    );
  }

  /** Columns of numbers side by side, [rows, columns]; all of them by default. */
  matrix(names: readonly string[] = this.names): NdArray {
    if (names.length === 0) throw new WeftValueError("CSV: a matrix needs columns");
    return stack(
      names.map((name) => this.array(name)),
      1,
    );
  }

  #column(name: string): Column {
    if (Object.hasOwn(this.columns, name)) return this.columns[name];
    throw new WeftValueError(`CSV: there is no column "${name}"; there are ${this.names.join(", ")}`);
  }
}

function isText(column: Column): column is readonly (string | null)[] {
  return Array.isArray(column);
}

/**
 * The columns of a CSV file, given as text or as the bytes of a UTF-8 file.
 *
 * A column of integers becomes int32, of other numbers float32, of true and false bool, anything else text. Where values
 * are missing numbers are float32 with NaN, text has null.
 *
 * Throws WeftValueError with the line where rows have more or fewer fields than the header, a field is not of the type
 * wanted, or quotes do not match; and where columns have no or equal names.
 */
export function readCsv(source: string | BytesLike, options: ReadCsvOptions = {}): CsvTable {
  const text = typeof source === "string" ? source : decoded(bytesFrom("readCsv", source));
  const { header = true, columns = null, dtypes = {}, missing = MISSING, ...parsing } = options;
  const rows = parseCsvRows(text, parsing);
  const names = namesOf(header, rows);
  const body = header === true ? rows.slice(1) : rows;
  const duplicate = names.find((name, i) => names.indexOf(name) !== i);
  if (duplicate !== undefined) throw new WeftValueError(`CSV: two columns are called "${duplicate}"`);
  for (const { fields, line } of body) {
    if (fields.length !== names.length) {
      throw new WeftValueError(
        `CSV line ${line}: ${fields.length} field${fields.length === 1 ? "" : "s"}, expected ${names.length}: ` +
          names.join(", "),
      );
    }
  }
  for (const name of [...(columns ?? []), ...Object.keys(dtypes)]) {
    if (!names.includes(name)) {
      throw new WeftValueError(`CSV: there is no column "${name}"; there are ${names.join(", ")}`);
    }
  }
  const absent = new Set(missing);
  const wanted = columns ?? names;
  const read = wanted.map((name) => {
    const at = names.indexOf(name);
    const type = Object.hasOwn(dtypes, name) ? dtypes[name] : null;
    return [name, columnOf(name, body, at, type, absent)] as const;
  });
  return new CsvTable([...wanted], Object.fromEntries(read), body.length);
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new WeftValueError("CSV: the bytes are no UTF-8 text: decode them first");
  }
}

function namesOf(header: boolean | readonly string[], rows: readonly CsvRow[]): readonly string[] {
  if (typeof header !== "boolean") return header;
  const first = rows[0];
  if (first === undefined) {
    if (header) throw new WeftValueError("CSV: the file is empty: it has no header");
    return [];
  }
  return header ? first.fields : first.fields.map((_, i) => `${i}`);
}

const INTEGER = /^[+-]?\d{1,10}$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const BOOLEANS: Readonly<Record<string, number>> = {
  true: 1,
  false: 0,
  True: 1,
  False: 0,
  TRUE: 1,
  FALSE: 0,
};

/** The number that a field is, or null. */
function numberOf(field: string): number | null {
  const text = field.trim();
  if (NUMBER.test(text)) return Number(text);
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  return null;
}

function inferred(fields: readonly string[], absent: ReadonlySet<string>): ColumnType {
  const present = fields.filter((field) => !absent.has(field));
  const complete = present.length === fields.length;
  // Of nothing but missing values: numbers, all NaN.
  if (present.length === 0) return "float32";
  if (complete && present.every((field) => Object.hasOwn(BOOLEANS, field.trim()))) return "bool";
  if (!present.every((field) => numberOf(field) !== null)) return "string";
  const { min, max } = DTYPE_INFO.int32;
  const whole = (field: string): boolean =>
    INTEGER.test(field.trim()) && Number(field) >= min && Number(field) <= max;
  return complete && present.every(whole) ? "int32" : "float32";
}

function columnOf(
  name: string,
  rows: readonly CsvRow[],
  at: number,
  given: ColumnType | null,
  absent: ReadonlySet<string>,
): Column {
  const fields = rows.map((row) => row.fields[at]);
  const type = given ?? inferred(fields, absent);
  if (type === "string") return fields.map((field) => (absent.has(field) ? null : field));
  const info = DTYPE_INFO[type];
  if (info === undefined) throw new WeftTypeError(`CSV: column "${name}" cannot be ${String(type)}`);
  const values = new Float64Array(fields.length);
  for (const [i, field] of fields.entries()) {
    const fail = (problem: string): never => {
      throw new WeftValueError(
        `CSV line ${rows[i].line}, column "${name}": ${JSON.stringify(field)} ${problem}`,
      );
    };
    if (absent.has(field)) {
      if (info.kind !== "float") fail(`is missing, which ${type} cannot be: read it as float32`);
      values[i] = NaN;
      continue;
    }
    const truth = BOOLEANS[field.trim()];
    const value = numberOf(field) ?? truth ?? fail(`is no number of dtype ${type}`);
    if (info.kind === "bool" && value !== 0 && value !== 1) fail("is no boolean");
    if (
      (info.kind === "int" || info.kind === "uint") &&
      !(Number.isInteger(value) && value >= info.min && value <= info.max)
    ) {
      fail(`is no ${type}`);
    }
    values[i] = value;
  }
  return arrayFromData(values, type, [fields.length]);
}
