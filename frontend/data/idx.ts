/** Files of MNIST and its kin (LeCun's IDX format): big endian, often compressed by gzip. */
import { DTYPE_INFO, type DType } from "../../compiler/types/dtype.ts";
import type { NdArray } from "../core/index.ts";
import { ByteReader, type BytesLike, bytesFrom } from "./bytes.ts";
import { gunzip, isGzip } from "./compression.ts";
import { arrayOf, checkedSize } from "./elements.ts";

const FORMAT = "IDX file";

const DTYPES: Readonly<Record<number, DType>> = {
  8: "uint8",
  9: "int8",
  11: "int16",
  12: "int32",
  13: "float32",
  14: "float64",
};

/**
 * The array of an IDX file, as those of MNIST, plain or compressed by gzip. Throws WeftValueError saying what is wrong
 * and at which byte.
 *
 *     const images = await readIdx(await readFile("train-images-idx3-ubyte.gz")); // uint8[60000, 28, 28]
 */
export async function readIdx(source: BytesLike): Promise<NdArray> {
  const given = bytesFrom("readIdx", source);
  const bytes = isGzip(given) ? await gunzip(given) : given;
  const reader = new ByteReader(FORMAT, bytes);
  const zero = reader.u16("the magic number", false);
  const type = reader.u8("the element type");
  const axes = reader.u8("the number of axes");
  const dtype = DTYPES[type];
  if (zero !== 0 || dtype === undefined) {
    throw reader.error(
      `it does not begin as an IDX file: expected 0, 0 and an element type of ` +
        `${Object.keys(DTYPES).join(", ")}, found ${[...bytes.subarray(0, 3)].join(", ")}`,
      -4,
    );
  }
  const fail = (problem: string) => reader.error(problem);
  if (axes > 64) throw fail(`it has ${axes} axes`);
  const shape = Array.from({ length: axes }, (_, i) => reader.u32(`axis ${i}`, false));
  const size = checkedSize(shape, fail) * DTYPE_INFO[dtype].bytes;
  const data = reader.take(size, `the data of ${dtype}[${shape.join(", ")}]`);
  if (reader.remaining > 0) throw fail(`${reader.remaining} bytes follow the ${size} bytes of data`);
  return arrayOf(data, dtype, shape, false, fail);
}
