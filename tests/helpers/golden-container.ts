/** Reads the containers that tests/golden/make.py writes; tests/golden/container.py describes the format. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import type { DType } from "../../compiler/types/dtype.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { arrayFromBytes, type NdArray } from "../../frontend/core/index.ts";
import { root } from "./paths.ts";

/** An array by its place in the payload. */
export interface StoredArray {
  readonly a: readonly [dtype: DType, shape: readonly number[], offset: number];
}

export type Stored =
  | StoredArray
  | { readonly c: readonly [real: StoredArray, imag: StoredArray] }
  | { readonly k: StoredArray }
  /** `n`: names of the fields of a named tuple. */
  | { readonly t: readonly Stored[]; readonly n?: readonly string[] }
  | { readonly d: Readonly<Record<string, Stored>> }
  /** `f`: the string is the name of a float that JSON has no number for. */
  | { readonly s: number | string | boolean | null; readonly f?: 1 }
  | { readonly r: string };

/** What record.py writes of a case. Leaves are the arrays in arguments and options, in order. */
export interface StoredCase {
  readonly name: string;
  readonly f: string;
  /** `f` is in the table of the family's test. */
  readonly helper?: 1;
  readonly args: readonly Stored[];
  readonly options?: Readonly<Record<string, Stored>>;
  readonly out: Stored;
  /** Leaves that the gradient is of. */
  readonly wrt?: readonly number[];
  readonly grad?: readonly StoredArray[];
  readonly second?: readonly StoredArray[];
  /** Leaves that are mapped, and their elements in the second place of the batch. */
  readonly mapped?: readonly number[];
  readonly lane?: readonly StoredArray[];
  readonly vmap?: readonly StoredArray[];
  readonly tol?: number;
  readonly ulp?: number;
  readonly atol?: number;
  readonly gradTol?: number;
  readonly secondTol?: number;
  readonly exact?: 1;
  readonly nojit?: 1;
  readonly legacy?: 1;
}

export class GoldenContainer<H> {
  readonly header: H;
  readonly #payload: Uint8Array;

  constructor(family: string) {
    const bytes = gunzipSync(readFileSync(path.join(root, "tests/golden/data", `${family}.bin`)));
    const length = bytes.readUInt32LE(0);
    this.header = JSON.parse(bytes.toString("utf8", 4, 4 + length));
    this.#payload = bytes.subarray(4 + length);
  }

  array({ a: [dtype, shape, offset] }: StoredArray): NdArray {
    const type = tensorType(dtype, shape);
    return arrayFromBytes(this.#payload.subarray(offset, offset + type.size * bytesPerElement(dtype)), type);
  }
}

export function bytesPerElement(dtype: DType): number {
  return dtype === "bool" ? 1 : Number(/\d+$/.exec(dtype)) / 8;
}
