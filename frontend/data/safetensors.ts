/** Hugging Face's files of named tensors (https://github.com/huggingface/safetensors, format of version 0.7). */
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import { type ArrayLike, asArray, type NdArray, WeftTypeError } from "../core/index.ts";
import { ByteReader, type BytesLike, bytesFrom, formatError, quoted } from "./bytes.ts";
import {
  arrayOf,
  arrayOf64,
  arrayOfBfloat16,
  bytesOfArray,
  checkedSize,
  type Int64Option,
} from "./elements.ts";
import { joined } from "./zip.ts";

const FORMAT = "safetensors file";
/** The reference implementation's limit, against headers that are made to exhaust the memory. */
const HEADER_AT_MOST = 100_000_000;

const DTYPES: Readonly<Record<string, DType | "int64" | "uint64" | "bfloat16">> = {
  BOOL: "bool",
  U8: "uint8",
  I8: "int8",
  I16: "int16",
  U16: "uint16",
  F16: "float16",
  BF16: "bfloat16",
  I32: "int32",
  U32: "uint32",
  F32: "float32",
  F64: "float64",
  I64: "int64",
  U64: "uint64",
};

/** The names in the order in which the reference implementation sorts tensors, the last first. */
const NAMES: Readonly<Record<DType, string>> = {
  bool: "BOOL",
  uint8: "U8",
  int8: "I8",
  int16: "I16",
  uint16: "U16",
  float16: "F16",
  int32: "I32",
  uint32: "U32",
  float32: "F32",
  float64: "F64",
};
const ORDER: readonly string[] = Object.values(NAMES);

/** What a safetensors file holds. */
export interface Safetensors {
  /** The tensors by name, in the order of their data. */
  readonly tensors: Record<string, NdArray>;
  /** What the file says about itself. */
  readonly metadata: Record<string, string>;
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * The tensors of a .safetensors file. bfloat16 becomes float32, exactly; 64-bit integers become 32 bits wide if they fit.
 *
 * Throws WeftValueError saying what is wrong and where: a file that is cut off, a header that is no JSON or lacks
 * something, tensors that overlap, leave gaps, go beyond the data or have another size than their shape.
 */
export function readSafetensors(source: BytesLike, options: Int64Option = {}): Safetensors {
  const bytes = bytesFrom("readSafetensors", source);
  const reader = new ByteReader(FORMAT, bytes);
  const length = reader.u64("the header's length");
  if (length > HEADER_AT_MOST) {
    throw reader.error(`the header is ${length} bytes long, more than ${HEADER_AT_MOST}`, -8);
  }
  const headerAt = reader.offset;
  const header = parseHeader(reader.take(length, "the header"), headerAt);
  const metadata = metadataOf(header, headerAt);
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => entryOf(name, value, headerAt))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

  const dataAt = reader.offset;
  const total = reader.remaining;
  let end = 0;
  for (const [i, entry] of entries.entries()) {
    const fail = (problem: string) =>
      formatError(FORMAT, dataAt + entry.begin, `tensor ${quoted(entry.name)}: ${problem}`);
    if (entry.end > total) {
      throw fail(`its data end at ${entry.end}, but the file has only ${total} bytes of data`);
    }
    if (entry.begin < end) throw fail(`it overlaps tensor ${quoted(entries[i - 1].name)}`);
    if (entry.begin > end) throw fail(`${entry.begin - end} bytes before it belong to no tensor`);
    end = entry.end;
  }
  if (end !== total) {
    throw formatError(FORMAT, dataAt + end, `${total - end} bytes at the end belong to no tensor`);
  }
  const tensors = entries.map((entry) => {
    const data = bytes.subarray(dataAt + entry.begin, dataAt + entry.end);
    return [entry.name, tensorOf(entry, data, dataAt, options)] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

function parseHeader(bytes: Uint8Array, at: number): Record<string, unknown> {
  // The format allows for no white space or byte order mark before the header.
  if (bytes[0] !== 0x7b) throw formatError(FORMAT, at, 'the header does not begin with "{"');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw formatError(FORMAT, at, `the header is no JSON: ${problem}`);
  }
  if (!isRecord(header)) throw formatError(FORMAT, at, "the header is no object");
  return header;
}

function isRecord(x: unknown): x is Record<string, unknown> {
  return typeof x === "object" && x !== null && !Array.isArray(x);
}

function metadataOf(header: Readonly<Record<string, unknown>>, at: number): Record<string, string> {
  if (!Object.hasOwn(header, "__metadata__")) return {};
  const { __metadata__: metadata } = header;
  if (!isRecord(metadata)) throw formatError(FORMAT, at, "__metadata__ must be an object of strings");
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => {
      if (typeof value === "string") return [key, value];
      throw formatError(FORMAT, at, `__metadata__ ${quoted(key)} must be a string, is ${typeof value}`);
    }),
  );
}

function entryOf(name: string, value: unknown, at: number): Entry {
  const fail = (problem: string) => formatError(FORMAT, at, `tensor ${quoted(name)}: ${problem}`);
  if (!isRecord(value)) throw fail("its entry in the header is no object");
  const { dtype, shape, data_offsets: offsets, ...others } = value;
  const unknown = Object.keys(others);
  if (unknown.length > 0) throw fail(`its entry has an unknown field ${quoted(unknown[0])}`);
  if (typeof dtype !== "string") throw fail("it has no dtype");
  if (!Array.isArray(shape) || shape.length > 64 || !shape.every(isCount)) {
    throw fail("its shape must be a list of counts");
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw fail("its data_offsets must be two counts");
  }
  const [begin, end] = offsets;
  if (begin > end) throw fail(`its data begin at ${begin}, after their end at ${end}`);
  return { name, dtype, shape, begin, end };
}

function isCount(x: unknown): x is number {
  return Number.isSafeInteger(x) && (x as number) >= 0;
}

function tensorOf(entry: Entry, data: Uint8Array, dataAt: number, options: Int64Option): NdArray {
  const fail = (problem: string) =>
    formatError(FORMAT, dataAt + entry.begin, `tensor ${quoted(entry.name)}: ${problem}`);
  const dtype = Object.hasOwn(DTYPES, entry.dtype) ? DTYPES[entry.dtype] : undefined;
  if (dtype === undefined) {
    throw fail(`dtype ${quoted(entry.dtype)} is none that Weft reads: ${Object.keys(DTYPES).join(", ")}`);
  }
  const width =
    dtype === "bfloat16" ? 2 : dtype === "int64" || dtype === "uint64" ? 8 : DTYPE_INFO[dtype].bytes;
  const size = checkedSize(entry.shape, fail) * width;
  if (size !== data.length) {
    throw fail(
      `${entry.dtype}[${entry.shape.join(", ")}] takes ${size} bytes, its data_offsets are ${data.length} apart`,
    );
  }
  switch (dtype) {
    case "bfloat16":
      return arrayOfBfloat16(data, entry.shape);
    case "int64":
    case "uint64":
      return arrayOf64(data, dtype === "int64", entry.shape, true, options.int64 ?? "int32", fail);
    default:
      return arrayOf(data, dtype, entry.shape, true, fail);
  }
}

/** Options of `writeSafetensors`. */
export interface WriteSafetensorsOptions {
  /** What the file says about itself: strings by name. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of a .safetensors file of arrays by name, those that the reference implementation writes: tensors sorted by
 * dtype, the widest first, then by name, so that all are aligned. For trees of parameters see `flattenNames`.
 */
export async function writeSafetensors(
  tensors: Readonly<Record<string, ArrayLike>>,
  options: WriteSafetensorsOptions = {},
): Promise<Uint8Array> {
  const arrays = Object.entries(tensors).map(([name, x]) => ({ name, array: asArray(x) }));
  if (arrays.some(({ name }) => name === "__metadata__")) {
    throw new WeftTypeError("writeSafetensors: no tensor can be called __metadata__");
  }
  const rank = ({ dtype }: NdArray): number => ORDER.indexOf(NAMES[dtype]);
  arrays.sort((a, b) => rank(b.array) - rank(a.array) || compareBytes(a.name, b.name));

  // Written by hand: an object would put names that look like integers first.
  const entries: string[] = [];
  const { metadata = {} } = options;
  if (Object.keys(metadata).length > 0) {
    const wrong = Object.entries(metadata).find(([, value]) => typeof value !== "string");
    if (wrong !== undefined) {
      throw new WeftTypeError(`writeSafetensors: metadata ${quoted(wrong[0])} must be a string`);
    }
    entries.push(`"__metadata__":${JSON.stringify(metadata)}`);
  }
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { name, array } of arrays) {
    const data = await bytesOfArray(array);
    const entry = { dtype: NAMES[array.dtype], shape: array.shape, data_offsets: [at, at + data.length] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    parts.push(data);
    at += data.length;
  }
  const json = new TextEncoder().encode(`{${entries.join(",")}}`);
  // Spaces behind the header align the data to 8 bytes.
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(json, 8);
  return joined([padded, ...parts]);
}

/** Order of UTF-8 bytes, which is that of code points. */
function compareBytes(a: string, b: string): number {
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i].codePointAt(0) ?? 0) - (y[i].codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}
