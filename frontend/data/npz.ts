/** NumPy's files of several arrays: zip archives of .npy files. */
import { type ArrayLike, type NdArray, WeftTypeError } from "../core/index.ts";
import { type BytesLike, bytesFrom, quoted } from "./bytes.ts";
import type { Int64Option } from "./elements.ts";
import { parseNpy, writeNpy } from "./npy.ts";
import { readZip, writeZip } from "./zip.ts";

/**
 * The arrays of an .npz file by name (`numpy.load`), stored or compressed. Throws WeftValueError as `readNpy` does, and
 * where the archive is damaged.
 */
export async function readNpz(
  source: BytesLike,
  options: Int64Option = {},
): Promise<Record<string, NdArray>> {
  const files = await readZip(bytesFrom("readNpz", source));
  return Object.fromEntries(
    [...files].map(([file, bytes]) => {
      const name = file.endsWith(".npy") ? file.slice(0, -4) : file;
      return [name, parseNpy(bytes, options, `npz file: array ${quoted(name)}`)];
    }),
  );
}

/** Options of `writeNpz`. */
export interface WriteNpzOptions {
  /** Whether arrays are deflated, as by `numpy.savez_compressed`. Default false. */
  readonly compressed?: boolean;
}

/** The bytes of an .npz file of arrays by name (`numpy.savez`). Equal arrays give equal bytes. */
export async function writeNpz(
  arrays: Readonly<Record<string, ArrayLike>>,
  options: WriteNpzOptions = {},
): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [name, array] of Object.entries(arrays)) {
    if (name === "") throw new WeftTypeError("writeNpz: an array needs a name");
    files.set(`${name}.npy`, await writeNpy(array));
  }
  return writeZip(files, options.compressed ?? false);
}
