/** Dense constants as text: `dense f32[2,2] [1.0, 2.0, 3.0, 4.0]`, or base64 of their bytes. Never elided. */
import { DenseTensor } from "../graph/graph.ts";
import { readElement, writeElement } from "../kernel/constants.ts";
import { DTYPE_INFO } from "../types/dtype.ts";
import { bytesOf, type TensorType } from "../types/tensor-type.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { Cursor } from "./cursor.ts";
import { formatElement } from "./numbers.ts";

/** Constants of more elements are printed as base64. */
const READABLE_ELEMENTS = 16;

export function formatDense(tensor: DenseTensor): string {
  const head = `dense ${tensor.type.text}`;
  const elements = readableElements(tensor);
  return elements === null
    ? `${head} "${encodeBase64(tensor.bytes)}"`
    : `${head} [${elements.map((x) => formatElement(x, tensor.type.dtype)).join(", ")}]`;
}

/** The elements, or null where there are many or the list would lose bits (a NaN's payload). */
function readableElements(tensor: DenseTensor): number[] | null {
  const { type, bytes } = tensor;
  if (type.size > READABLE_ELEMENTS || bytes.length !== bytesOf(type)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = DTYPE_INFO[type.dtype].bytes;
  const elements = Array.from({ length: type.size }, (_, i) => readElement(view, i * width, type.dtype));
  const again = bytesOfElements(type, elements);
  return again.every((byte, i) => byte === bytes[i]) ? elements : null;
}

function bytesOfElements(type: TensorType, elements: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(bytesOf(type));
  const view = new DataView(bytes.buffer);
  const width = DTYPE_INFO[type.dtype].bytes;
  for (const [i, x] of elements.entries()) writeElement(view, i * width, type.dtype, x);
  return bytes;
}

/** Parses what follows the word `dense`. Nothing is allocated that the text does not hold. */
export function parseDense(cursor: Cursor): DenseTensor {
  const start = cursor.token;
  const type = cursor.tensorType();
  if (cursor.token.kind === "string") {
    const token = cursor.advance();
    const bytes = decodeBase64(token.text);
    if (bytes === null) cursor.fail("the data is not base64", token);
    if (bytes.length !== bytesOf(type)) {
      cursor.fail(`${type.text} needs ${bytesOf(type)} bytes of data, got ${bytes.length}`, token);
    }
    return new DenseTensor(type, bytes);
  }
  cursor.expect("[", " or a base64 string: the data of the dense tensor");
  const elements = cursor.list("]", () => cursor.element(type.dtype));
  if (elements.length !== type.size) {
    cursor.fail(`${type.text} needs ${type.size} elements, got ${elements.length}`, start);
  }
  return new DenseTensor(type, bytesOfElements(type, elements));
}
