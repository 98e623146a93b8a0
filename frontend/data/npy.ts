/** NumPy's files of one array (NEP 1; `numpy/lib/format.py`). */
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import { type ArrayLike, asArray, type NdArray } from "../core/index.ts";
import { transpose } from "../lax/movement.ts";
import { ByteReader, type BytesLike, bytesFrom, latin1, quoted } from "./bytes.ts";
import { arrayOf, arrayOf64, bytesOfArray, checkedSize, type Int64Option } from "./elements.ts";

const MAGIC = "\x93NUMPY";

/** What a header may describe, by kind and width. */
const DTYPES: Readonly<Record<string, DType | "int64" | "uint64">> = {
  b1: "bool",
  i1: "int8",
  u1: "uint8",
  i2: "int16",
  u2: "uint16",
  i4: "int32",
  u4: "uint32",
  i8: "int64",
  u8: "uint64",
  f2: "float16",
  f4: "float32",
  f8: "float64",
};

const DESCRIPTIONS: Readonly<Record<DType, string>> = {
  bool: "|b1",
  int8: "|i1",
  uint8: "|u1",
  int16: "<i2",
  uint16: "<u2",
  int32: "<i4",
  uint32: "<u4",
  float16: "<f2",
  float32: "<f4",
  float64: "<f8",
};

/**
 * The array of an .npy file (`numpy.load`), of all three versions of the format, in C or Fortran order, little or big
 * endian. 64-bit integers become 32 bits wide if they fit.
 *
 * Throws WeftValueError saying what is wrong and at which byte: no such file, cut off or longer than it says, and dtypes
 * that Weft has not (complex, dates, text, structures, pickled objects).
 */
export function readNpy(source: BytesLike, options: Int64Option = {}): NdArray {
  return parseNpy(bytesFrom("readNpy", source), options, "npy file");
}

/** `readNpy` of bytes; `format` names the file in messages. */
export function parseNpy(bytes: Uint8Array, options: Int64Option, format: string): NdArray {
  const reader = new ByteReader(format, bytes);
  if (latin1(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    throw reader.error(`it does not begin with \\x93NUMPY but with ${quoted(latin1(bytes.subarray(0, 6)))}`);
  }
  reader.take(MAGIC.length, "the magic string");
  const major = reader.u8("the version");
  const minor = reader.u8("the version");
  if (major < 1 || major > 3 || minor !== 0) {
    throw reader.error(`version ${major}.${minor} is unknown: 1.0, 2.0 and 3.0 are`, -2);
  }
  const length = major === 1 ? reader.u16("the header's length") : reader.u32("the header's length");
  const headerAt = reader.offset;
  const text = latin1(reader.take(length, "the header"));
  const { descr, fortranOrder, shape } = new HeaderParser(text, headerAt, format).parse();

  const described = /^([<>|=]?)([a-zA-Z])(\d+)$/.exec(descr);
  const dtype = described === null ? undefined : DTYPES[described[2] + described[3]];
  const fail = (problem: string) => reader.error(problem);
  if (described === null || dtype === undefined) {
    throw fail(`dtype ${quoted(descr)} is none that Weft has: ${explain(descr)}`);
  }
  const littleEndian = described[1] !== ">";
  const wide = dtype === "int64" || dtype === "uint64";
  const size = checkedSize(shape, fail) * (wide ? 8 : DTYPE_INFO[dtype].bytes);
  const data = reader.take(size, `the data of ${descr}[${shape.join(", ")}]`);
  if (reader.remaining > 0) {
    throw fail(`${reader.remaining} bytes follow the ${size} bytes of data`);
  }
  // In Fortran order the axes are stored the other way round.
  const stored = fortranOrder ? shape.toReversed() : shape;
  const array = wide
    ? arrayOf64(data, dtype === "int64", stored, littleEndian, options.int64 ?? "int32", fail)
    : arrayOf(data, dtype, stored, littleEndian, fail);
  return fortranOrder && shape.length > 1
    ? transpose(
        array,
        shape.map((_, i) => shape.length - 1 - i),
      )
    : array;
}

function explain(descr: string): string {
  if (/^[<>|=]?O/.test(descr)) return "object arrays are pickles, which are not read";
  if (/^[<>|=]?c/.test(descr)) return "save the real and the imaginary part";
  if (/^[<>|=]?[mM]/.test(descr)) return "save times as numbers";
  if (/^[<>|=]?[SUV]/.test(descr)) return "text and raw data are no numbers";
  return `known are ${Object.keys(DTYPES).join(", ")}`;
}

interface Header {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: number[];
}

/** The header is a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. */
class HeaderParser {
  readonly #text: string;
  readonly #offset: number;
  readonly #format: string;
  #at = 0;

  constructor(text: string, offset: number, format: string) {
    this.#text = text;
    this.#offset = offset;
    this.#format = format;
  }

  parse(): Header {
    const found: { descr?: string; fortranOrder?: boolean; shape?: number[] } = {};
    this.#expect("{");
    while (!this.#accept("}")) {
      const key = this.#string("a key");
      this.#expect(":");
      if (key === "descr" && found.descr === undefined) found.descr = this.#description();
      else if (key === "fortran_order" && found.fortranOrder === undefined) {
        found.fortranOrder = this.#boolean();
      } else if (key === "shape" && found.shape === undefined) found.shape = this.#shape();
      else this.#fail(`the header has an unexpected or second key ${quoted(key)}`);
      if (!this.#accept(",")) {
        this.#expect("}");
        break;
      }
    }
    this.#space();
    if (this.#at < this.#text.length) this.#fail("the header goes on after its end");
    const { descr, fortranOrder, shape } = found;
    if (descr === undefined || fortranOrder === undefined || shape === undefined) {
      const missing = Object.entries({ descr, fortran_order: fortranOrder, shape });
      this.#fail(
        `the header has no ${missing.flatMap(([name, x]) => (x === undefined ? [name] : [])).join(", ")}`,
      );
    }
    return { descr, fortranOrder, shape };
  }

  #description(): string {
    this.#space();
    if (this.#text[this.#at] === "[") this.#fail("a structured dtype: save each field by itself");
    return this.#string("a dtype");
  }

  #boolean(): boolean {
    if (this.#accept("True")) return true;
    if (this.#accept("False")) return false;
    return this.#fail("expected True or False");
  }

  #shape(): number[] {
    const shape: number[] = [];
    this.#expect("(");
    while (!this.#accept(")")) {
      this.#space();
      const [digits] = /^\d{1,19}/.exec(this.#text.slice(this.#at, this.#at + 20)) ?? [];
      if (digits === undefined) this.#fail("expected the extent of an axis");
      this.#at += digits.length;
      this.#accept("L"); // Python 2 wrote long integers so.
      shape.push(Number(digits));
      if (shape.length > 64) this.#fail("there are more than 64 axes");
      if (!this.#accept(",")) {
        this.#expect(")");
        break;
      }
    }
    return shape;
  }

  #string(what: string): string {
    this.#space();
    const quote = this.#text[this.#at];
    if (quote !== "'" && quote !== '"') return this.#fail(`expected ${what} in quotes`);
    const end = this.#text.indexOf(quote, this.#at + 1);
    if (end < 0) this.#fail("a string does not end");
    const text = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return text;
  }

  #space(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "end")) this.#at++;
  }

  #accept(token: string): boolean {
    this.#space();
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #expect(token: string): void {
    if (this.#accept(token)) return;
    const found = this.#text.slice(this.#at, this.#at + 12);
    this.#fail(`expected "${token}" in the header, found ${found === "" ? "its end" : quoted(found)}`);
  }

  #fail(problem: string): never {
    throw new ByteReader(this.#format, new Uint8Array(), this.#offset + this.#at).error(problem);
  }
}

/** NumPy leaves room for the first axis to grow in place to so many digits. */
const GROWTH_DIGITS = 21;

/**
 * The bytes of an .npy file, those that `numpy.save` writes: version 1.0, C order, little endian.
 *
 *     await writeFile("x.npy", await writeNpy(x));
 */
export async function writeNpy(array: ArrayLike): Promise<Uint8Array> {
  const x = asArray(array);
  const header = npyHeader(x);
  const data = await bytesOfArray(x);
  const file = new Uint8Array(header.length + data.length);
  file.set(header);
  file.set(data, header.length);
  return file;
}

/** What stands before the data in version 1.0. */
export function npyHeader({ dtype, shape }: Pick<NdArray, "dtype" | "shape">): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  let text = `{'descr': '${DESCRIPTIONS[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  if (shape.length > 0) text += " ".repeat(Math.max(GROWTH_DIGITS - `${shape[0]}`.length, 0));
  // Magic, version, length and header together are a multiple of 64; the last byte is a line feed.
  const fixed = MAGIC.length + 4;
  text += `${" ".repeat(63 - ((fixed + text.length) % 64))}\n`;
  const header = new Uint8Array(fixed + text.length);
  for (let i = 0; i < MAGIC.length; i++) header[i] = MAGIC.charCodeAt(i);
  header[6] = 1;
  header[8] = text.length & 255;
  header[9] = text.length >> 8;
  for (let i = 0; i < text.length; i++) header[fixed + i] = text.charCodeAt(i);
  return header;
}
