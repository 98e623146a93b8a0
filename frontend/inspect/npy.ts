/** NumPy's `.npy` files from and to reference tensors: https://numpy.org/neps/nep-0001-npy-format.html */
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { toBytes } from "../../compiler/interpret/tensors.ts";
import { float16FromBits } from "../../compiler/kernel/constants.ts";
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Data begin at a multiple of this. */
const ALIGNMENT = 64;

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

interface Reader {
  readonly dtype: DType;
  readonly bytes: number;
  read(view: DataView, at: number, little: boolean): number;
}

/** By kind and width, as `descr` has them behind the byte order. Wider integers come as JAX takes them, with 32 bits. */
const READERS: Readonly<Record<string, Reader>> = {
  b1: { dtype: "bool", bytes: 1, read: (v, at) => (v.getUint8(at) === 0 ? 0 : 1) },
  i1: { dtype: "int8", bytes: 1, read: (v, at) => v.getInt8(at) },
  u1: { dtype: "uint8", bytes: 1, read: (v, at) => v.getUint8(at) },
  i2: { dtype: "int16", bytes: 2, read: (v, at, little) => v.getInt16(at, little) },
  u2: { dtype: "uint16", bytes: 2, read: (v, at, little) => v.getUint16(at, little) },
  i4: { dtype: "int32", bytes: 4, read: (v, at, little) => v.getInt32(at, little) },
  u4: { dtype: "uint32", bytes: 4, read: (v, at, little) => v.getUint32(at, little) },
  i8: {
    dtype: "int32",
    bytes: 8,
    read: (v, at, little) => Number(BigInt.asIntN(32, v.getBigInt64(at, little))),
  },
  u8: {
    dtype: "uint32",
    bytes: 8,
    read: (v, at, little) => Number(BigInt.asUintN(32, v.getBigUint64(at, little))),
  },
  f2: { dtype: "float16", bytes: 2, read: (v, at, little) => float16FromBits(v.getUint16(at, little)) },
  f4: { dtype: "float32", bytes: 4, read: (v, at, little) => v.getFloat32(at, little) },
  f8: { dtype: "float64", bytes: 8, read: (v, at, little) => v.getFloat64(at, little) },
};

/** The array of a file. Throws an Error that says why where it is no such file, or holds what Weft has no dtype for. */
export function parseNpy(bytes: Uint8Array): RefTensor {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw new Error("it does not begin as a NumPy file does");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] >= 2;
  const start = wide ? 12 : 10;
  if (bytes.length < start) throw new Error("it ends within its header");
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, start + length));
  const descr = /'descr'\s*:\s*'([<>|=]?)(\w+)'/.exec(header);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header);
  const extents = /'shape'\s*:\s*\(([^)]*)\)/.exec(header);
  if (!descr || !order || !extents) throw new Error(`its header is none: ${header.slice(0, 80)}`);
  const reader = READERS[descr[2]];
  if (reader === undefined) throw new Error(`there is no dtype for its elements, ${descr[1]}${descr[2]}`);
  const shape = extents[1].split(",").flatMap((text) => (text.trim() === "" ? [] : [Number(text)]));
  const type = tensorType(reader.dtype, shape);
  const data = start + length;
  if (bytes.length - data < type.size * reader.bytes) {
    throw new Error(`it ends before its ${type.size} elements do`);
  }
  const elements = new Float64Array(type.size);
  for (let i = 0; i < type.size; i++)
    elements[i] = reader.read(view, data + i * reader.bytes, descr[1] !== ">");
  return { type, data: order[1] === "True" ? fromColumnMajor(elements, shape) : elements };
}

function fromColumnMajor(data: Float64Array, shape: readonly number[]): Float64Array {
  const out = new Float64Array(data.length);
  const index = shape.map(() => 0);
  for (const x of data) {
    let at = 0;
    for (const [axis, n] of index.entries()) at = at * shape[axis] + n;
    out[at] = x;
    // The first axis moves fastest.
    for (let axis = 0; axis < shape.length && ++index[axis] === shape[axis]; axis++) index[axis] = 0;
  }
  return out;
}

/** The file of an array, row-major and little-endian. */
export function formatNpy(tensor: RefTensor): Uint8Array {
  const { dtype, shape } = tensor.type;
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const dictionary = `{'descr': '${DESCRIPTIONS[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const total = Math.ceil((11 + dictionary.length) / ALIGNMENT) * ALIGNMENT;
  const header = `${dictionary.padEnd(total - 11)}\n`;
  const data = toBytes(tensor);
  const bytes = new Uint8Array(total + tensor.type.size * DTYPE_INFO[dtype].bytes);
  bytes.set([...MAGIC, 1, 0, header.length & 0xff, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(data, total);
  return bytes;
}
