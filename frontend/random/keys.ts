/** Keys of the random numbers: made from seeds, split, and combined with data (`jax.random`). */
import { isInteger } from "../../compiler/types/dtype.ts";
import { type Shape, sizeOf } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  arrayFromData,
  convert,
  describeValue,
  formatShape,
  full,
  NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeShape } from "../lax/axes.ts";
import { bitwiseXor } from "../lax/elementwise.ts";
import { concatenate, expandDims, indexInDim, iota, reshape } from "../lax/movement.ts";
import { threefry2x32, threefryCounters } from "../lax/random-bits.ts";
import { registerPytreeNode } from "../tree/tree.ts";
import { config } from "./config.ts";

/**
 * A typed key, or an array of them (`jax.random.key`): what it holds cannot be mistaken for numbers. A node of trees
 * with its data as the only leaf, so that it passes through jit, vmap and scan.
 */
export class PRNGKeyArray {
  constructor(
    /** uint32[..., 2] */
    readonly keyData: NdArray,
  ) {}

  /** Shape of the array of keys; [] of a single key. */
  get shape(): Shape {
    return this.keyData.shape.slice(0, -1);
  }
  get ndim(): number {
    return this.keyData.ndim - 1;
  }
  get size(): number {
    return sizeOf(this.shape);
  }
  /** Extent of the first axis. Throws TypeError for a single key. */
  get length(): number {
    if (this.ndim === 0) throw new TypeError("len() of unsized object: a single key");
    return this.shape[0];
  }

  /** Key `i` of the first axis; negative ones count from the end. */
  get(i: number): PRNGKeyArray {
    return new PRNGKeyArray(indexInDim(this.keyData, i, { keepdims: false }));
  }

  *[Symbol.iterator](): Generator<PRNGKeyArray, void, undefined> {
    const { length } = this;
    for (let i = 0; i < length; i++) yield this.get(i);
  }

  toString(): string {
    return `Array(${formatShape(this.shape)}, dtype=key<fry>) overlaying:\n${this.keyData}`;
  }
}

registerPytreeNode(
  PRNGKeyArray,
  (key) => ({ children: [key.keyData], keys: ["keyData"] }),
  // Trees are rebuilt with whatever stands for an array: types and axes too.
  ([data]) => new PRNGKeyArray(data as NdArray),
);

/** A key as functions take it: typed, or uint32[2] as `PRNGKey` gives. */
export type KeyLike = NdArray | { readonly keyData: NdArray };

/** The words of a key, or keys. Throws WeftTypeError for what is none. */
export function wordsOf(key: KeyLike): NdArray {
  const data = key instanceof NdArray ? key : key?.keyData;
  if (!(data instanceof NdArray)) throw new WeftTypeError(`unexpected PRNG key type ${describeValue(key)}`);
  if (data.ndim < 1 || data.shape[data.ndim - 1] !== 2) {
    throw new WeftTypeError(
      `encountered invalid PRNG key data: expected key_data.shape to end with (2,); got shape=${formatShape(data.shape)}`,
    );
  }
  if (data.dtype !== "uint32") {
    throw new WeftTypeError(
      `encountered invalid PRNG key data: expected key_data.dtype = uint32; got dtype=${data.dtype}. ` +
        "Make a key with random.key(seed) or random.PRNGKey(seed).",
    );
  }
  return data;
}

/** The two words of one key. Throws WeftValueError for an array of keys. */
export function singleKey(name: string, key: KeyLike): [NdArray, NdArray] {
  const words = wordsOf(key);
  if (words.ndim !== 1) {
    throw new WeftValueError(
      `${name} accepts a single key, but was given a key array of shape ${formatShape(words.shape.slice(0, -1))} != (). ` +
        "Use vmap for batching.",
    );
  }
  return [indexInDim(words, 0, { keepdims: false }), indexInDim(words, 1, { keepdims: false })];
}

/** Words of the key that a seed gives: [0, seed mod 2³²], as JAX without 64-bit integers. */
function seedWords(name: string, seed: ArrayLike): NdArray {
  const given: unknown = seed;
  if (given instanceof PRNGKeyArray) {
    throw new WeftTypeError(`${name} accepts a scalar seed, but was given a PRNG key.`);
  }
  if (!(seed instanceof NdArray)) {
    if (typeof seed !== "number" || !Number.isSafeInteger(seed)) {
      throw new WeftTypeError(`PRNG key seed must be an integer; got ${String(seed)}`);
    }
    return arrayFromData([0, ((seed % 2 ** 32) + 2 ** 32) % 2 ** 32], "uint32", [2]);
  }
  if (seed.ndim !== 0) {
    throw new WeftTypeError(
      `${name} accepts a scalar seed, but was given an array of shape ${formatShape(seed.shape)} != (). ` +
        "Use vmap for batching",
    );
  }
  if (!isInteger(seed.dtype) && !seed.weakType) {
    throw new WeftTypeError(`PRNG key seed must be an integer; got an array of dtype ${seed.dtype}`);
  }
  const low = convert(convert(seed, seed.dtype === "uint32" ? "uint32" : "int32"), "uint32");
  return concatenate([full(0, "uint32", [1]), expandDims(low, [0])], 0);
}

/** The generator of random bits. JAX's others (rbg, unsafe_rbg, philox…) give bits that depend on the device, or are experimental. */
export type KeyImpl = "threefry2x32";

/** Options of `PRNGKey`, `key` and `wrapKeyData`. */
export interface KeyOptions {
  /** Default "threefry2x32", the only one. */
  readonly impl?: KeyImpl | null;
}

/** Throws WeftValueError for an implementation that is not here. */
function checkImpl({ impl = null }: KeyOptions): void {
  if (impl === null || impl === "threefry2x32") return;
  throw new WeftValueError(
    `unrecognized PRNG implementation "${String(impl)}". Did you mean one of: "threefry2x32"?`,
  );
}

/** A key as uint32[2] from an integer seed (`jax.random.PRNGKey`). */
export function PRNGKey(seed: ArrayLike, options: KeyOptions = {}): NdArray {
  checkImpl(options);
  return seedWords("PRNGKey", seed);
}

/** A typed key from an integer seed (`jax.random.key`). */
export function key(seed: ArrayLike, options: KeyOptions = {}): PRNGKeyArray {
  checkImpl(options);
  return new PRNGKeyArray(seedWords("key", seed));
}

/** The words of a typed key: uint32[..., 2] (`jax.random.key_data`). */
export function keyData(keys: KeyLike): NdArray {
  return wordsOf(keys);
}

/** The name of the generator a key is for (`jax.random.key_impl`). */
export function keyImpl(keys: KeyLike): KeyImpl {
  wordsOf(keys);
  return "threefry2x32";
}

/** The dtype of typed keys as JAX prints it: `key<fry>` (`jax.random.key_dtype`). */
export function keyDtype(impl: KeyImpl | null = null): string {
  checkImpl({ impl });
  return "key<fry>";
}

/** A typed key from its words (`jax.random.wrap_key_data`). */
export function wrapKeyData(data: NdArray, options: KeyOptions = {}): PRNGKeyArray {
  checkImpl(options);
  return new PRNGKeyArray(wordsOf(data));
}

/** 0, 1, … at the places of a shape, as the two words of 64-bit counters. */
export function counters(shape: Shape): [high: NdArray, low: NdArray] {
  const size = sizeOf(shape);
  return [full(0, "uint32", shape), reshape(iota("uint32", size), shape)];
}

/** Words of `shape` new keys. */
export function splitWords(name: string, from: KeyLike, shape: Shape): NdArray {
  const [k1, k2] = singleKey(name, from);
  if (!config.threefryPartitionable) {
    return reshape(threefryCounters(k1, k2, iota("uint32", 2 * sizeOf(shape))), [...shape, 2]);
  }
  const [high, low] = counters(shape);
  const [x, y] = threefry2x32(k1, k2, high, low);
  return concatenate([expandDims(x, [shape.length]), expandDims(y, [shape.length])], shape.length);
}

/** New independent keys, of the kind of the given one; two of them unless told otherwise (`jax.random.split`). */
export function split(from: NdArray, num?: number | Shape): NdArray;
export function split(from: PRNGKeyArray, num?: number | Shape): PRNGKeyArray;
export function split(from: KeyLike, num?: number | Shape): NdArray | PRNGKeyArray;
export function split(from: KeyLike, num: number | Shape = 2): NdArray | PRNGKeyArray {
  const words = splitWords("split", from, canonicalizeShape(num));
  return from instanceof NdArray ? words : new PRNGKeyArray(words);
}

/** A new key from a key and an integer (`jax.random.fold_in`). */
export function foldIn(from: NdArray, data: ArrayLike): NdArray;
export function foldIn(from: PRNGKeyArray, data: ArrayLike): PRNGKeyArray;
export function foldIn(from: KeyLike, data: ArrayLike): NdArray | PRNGKeyArray;
export function foldIn(from: KeyLike, data: ArrayLike): NdArray | PRNGKeyArray {
  const [k1, k2] = singleKey("foldIn", from);
  if (data instanceof NdArray && data.ndim !== 0) {
    throw new WeftTypeError(
      `foldIn accepts a scalar, but was given an array of shape ${formatShape(data.shape)} != (). Use vmap for batching.`,
    );
  }
  const words = threefryCounters(k1, k2, seedWords("foldIn", data));
  return from instanceof NdArray ? words : new PRNGKeyArray(words);
}

/** Words of bits: 32 for every place of a shape. */
export function bits32(k1: NdArray, k2: NdArray, shape: Shape): NdArray {
  if (!config.threefryPartitionable) {
    return reshape(threefryCounters(k1, k2, iota("uint32", sizeOf(shape))), shape);
  }
  const [high, low] = counters(shape);
  const [x, y] = threefry2x32(k1, k2, high, low);
  return bitwiseXor(x, y);
}

/** The same key (`jax.random.clone`); keys are not consumed here. */
export function clone<K extends KeyLike>(from: K): K {
  wordsOf(from);
  return from;
}
