/** NumPy's files from and to reference tensors, as `weft/data` reads and writes them. */
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { toBytes } from "../../compiler/interpret/tensors.ts";
import { npyHeader, readNpy } from "../data/npy.ts";

/** The array of a file. Throws WeftValueError that says why where it is none. */
export function parseNpy(bytes: Uint8Array): RefTensor {
  const array = readNpy(bytes);
  return { type: array.aval.type, data: Float64Array.from(array.dataSync()) };
}

/** At once, where `writeNpy` waits for the array's device. */
export function formatNpy(tensor: RefTensor): Uint8Array {
  const header = npyHeader(tensor.type);
  const data = toBytes(tensor);
  const file = new Uint8Array(header.length + data.length);
  file.set(header);
  file.set(data, header.length);
  return file;
}
