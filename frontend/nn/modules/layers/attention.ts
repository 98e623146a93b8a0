/** Attention (`flax/linen/attention.py`). */
import { DTYPE_INFO, type DType } from "../../../../compiler/types/dtype.ts";
import { convert, formatShape, full, NdArray, WeftValueError } from "../../../core/index.ts";
import { dynamicUpdateSlice } from "../../../lax/dynamic.ts";
import { iota } from "../../../lax/movement.ts";
import { broadcastTo } from "../../../lax/operands.ts";
import type { PrecisionOptions } from "../../../lax/precision.ts";
import { einsum } from "../../../numpy/einsum.ts";
import { lessEqual } from "../../../numpy/logic.ts";
import { where } from "../../../numpy/where.ts";
import { bernoulli, type KeyLike } from "../../../random/index.ts";
import { softmax } from "../../functions.ts";
import type { Initializer } from "../../initializers.ts";
import { mergeParam } from "../core/merge-param.ts";
import { Module } from "../core/module.ts";
import { DenseGeneral } from "./dense-general.ts";
import { promoteDtype } from "./dtypes.ts";
import { combineMasks } from "./masks.ts";
import { LayerNorm } from "./normalization.ts";
import {
  defaultBiasInit,
  defaultKernelInit,
  isOptionsObject,
  type KernelOptions,
  withPositional,
} from "./options.ts";

/** Options of `dotProductAttentionWeights`. */
export interface AttentionWeightsOptions extends PrecisionOptions {
  /** Added to the scores [...batch, heads, queries, keys]. */
  readonly bias?: NdArray | null;
  /** Where scores count; of their shape, or to be broadcast to it. */
  readonly mask?: NdArray | null;
  /** Whether all examples and heads lose the same weights. Default true. */
  readonly broadcastDropout?: boolean;
  readonly dropoutRng?: KeyLike | null;
  /** Probability that a weight is dropped. Default 0. */
  readonly dropoutRate?: number;
  readonly deterministic?: boolean;
  readonly dtype?: DType | null;
  /** Whether the softmax is computed in float32, whatever the dtype. Default false. */
  readonly forceFp32ForSoftmax?: boolean;
  /** Sows the weights into "intermediates", as "attention_weights". */
  readonly module?: Module | null;
}

/**
 * The weights of scaled dot-product attention (`flax.linen.dot_product_attention_weights`): query [...batch, queries, heads,
 * depth], key [...batch, keys, heads, depth] → [...batch, heads, queries, keys]. Throws WeftValueError where shapes differ.
 */
export function dotProductAttentionWeights(
  query: NdArray,
  key: NdArray,
  options: AttentionWeightsOptions = {},
): NdArray {
  const { bias = null, mask = null, dropoutRate = 0, deterministic = false, dropoutRng = null } = options;
  const [q, k] = promoteDtype([query, key] as const, options.dtype ?? null);
  const { dtype } = q;
  const agree = (what: string, a: unknown, b: unknown): void => {
    if (a !== b) {
      throw new WeftValueError(
        `q, k ${what} must match: query has shape ${formatShape(query.shape)}, key ${formatShape(key.shape)}`,
      );
    }
  };
  agree("rank", q.ndim, k.ndim);
  agree("batch dims", q.shape.slice(0, -3).join(), k.shape.slice(0, -3).join());
  agree("num_heads", q.shape.at(-2), k.shape.at(-2));
  agree("depths", q.shape.at(-1), k.shape.at(-1));
  const depth = q.shape[q.ndim - 1];
  const { precision } = options;
  let weights = einsum("...qhd,...khd->...hqk", q.div(full(Math.sqrt(depth), dtype)), k, { precision });
  if (bias !== null) weights = weights.add(bias);
  // The least number of the dtype rather than −∞: a row without keys gives the mean, not NaN.
  if (mask !== null) weights = where(mask, weights, full(DTYPE_INFO[dtype].min, weights.dtype));
  if ((options.forceFp32ForSoftmax ?? false) && dtype !== "float32") {
    weights = softmax(convert(weights, "float32"), -1);
  } else weights = convert(softmax(weights, -1), dtype);
  options.module?.sow("intermediates", "attention_weights", weights);
  if (deterministic || dropoutRate === 0) return weights;
  if (dropoutRng === null) throw new WeftValueError("attention with dropout needs a key: dropoutRng");
  const shape = [...weights.shape];
  if (options.broadcastDropout ?? true) shape.fill(1, 0, -2);
  const keep = 1 - dropoutRate;
  const kept = convert(bernoulli(dropoutRng, keep, shape), dtype).div(full(keep, dtype));
  return weights.mul(kept);
}

/** What a module of attention computes attention with. */
export type AttentionFunction = (
  query: NdArray,
  key: NdArray,
  value: NdArray,
  options: AttentionWeightsOptions,
) => NdArray;

/** Attention as Flax's modules compute it (`flax.linen.dot_product_attention`). */
export const linenDotProductAttention: AttentionFunction = (query, key, value, options) => {
  const [q, k, v] = promoteDtype([query, key, value] as const, options.dtype ?? null);
  if (k.shape.at(-3) !== v.shape.at(-3)) {
    throw new WeftValueError(
      `k, v lengths must match: key has shape ${formatShape(k.shape)}, value ${formatShape(v.shape)}`,
    );
  }
  const { precision } = options;
  return einsum("...hqk,...khd->...qhd", dotProductAttentionWeights(q, k, options), v, { precision });
};

/** Options of `MultiHeadDotProductAttention` and `SelfAttention`. */
export interface MultiHeadAttentionOptions extends KernelOptions {
  readonly numHeads: number;
  /** Features of queries, keys and values over all heads. Default: those of the queries' input. */
  readonly qkvFeatures?: number | null;
  /** Features of the result. Default: those of the queries' input. */
  readonly outFeatures?: number | null;
  readonly broadcastDropout?: boolean;
  /** Probability that a weight is dropped. Default 0. */
  readonly dropoutRate?: number;
  /** Whether nothing is dropped; needed with a dropoutRate, here or in `call`. */
  readonly deterministic?: boolean | null;
  /** Default kernelInit. */
  readonly outKernelInit?: Initializer | null;
  /** Default biasInit. */
  readonly outBiasInit?: Initializer | null;
  readonly attentionFn?: AttentionFunction;
  /**
   * Whether one query at a time is computed, with the keys and values of those before in the collection "cache". init with
   * an input of the greatest length makes the cache; then apply with `mutable: ["cache"]` advances it.
   */
  readonly decode?: boolean;
  /** Whether queries and keys are normalised (Dehghani et al. 2023). Default false. */
  readonly normalizeQk?: boolean;
  readonly forceFp32ForSoftmax?: boolean;
}

/** Options of `SelfAttention`. */
export interface MultiHeadAttentionCallOptions {
  /** Where queries see keys: [...batch, heads or 1, queries, keys]; see `makeCausalMask`. */
  readonly mask?: NdArray | null;
  readonly deterministic?: boolean | null;
  /** Instead of a key of the sequence "dropout". */
  readonly dropoutRng?: KeyLike | null;
  /** Sows the weights into "intermediates". */
  readonly sowWeights?: boolean;
}

/** Inputs of keys and of values, and options; each may be left out, also those between. */
export type MultiHeadAttentionInputs =
  | [options?: MultiHeadAttentionCallOptions]
  | [inputsK: NdArray | null, options?: MultiHeadAttentionCallOptions]
  | [inputsK: NdArray | null, inputsV: NdArray | null, options?: MultiHeadAttentionCallOptions];

/**
 * Multi-head attention (`flax.linen.MultiHeadDotProductAttention`; Vaswani et al. 2017): queries [...batch, queries, n] over
 * keys and values [...batch, keys, m]. Parameters: query, key, value, each kernel [n, heads, depth] and bias [heads, depth];
 * out, kernel [heads, depth, outFeatures] and bias.
 */
export class MultiHeadDotProductAttention extends Module {
  static readonly moduleName: string = "MultiHeadDotProductAttention";
  readonly options: MultiHeadAttentionOptions;

  constructor(
    numHeads: number | MultiHeadAttentionOptions,
    options: Omit<MultiHeadAttentionOptions, "numHeads"> = {},
  ) {
    const all = withPositional<MultiHeadAttentionOptions, "numHeads">(
      "numHeads",
      numHeads,
      options,
      isOptionsObject,
    );
    super(all);
    this.options = all;
  }

  /** The keys' input is by default that of the queries (self-attention), the values' that of the keys. */
  call(inputsQ: NdArray, ...rest: MultiHeadAttentionInputs): NdArray {
    const last = rest.at(-1);
    const hasOptions = rest.length > 0 && last !== null && last !== undefined && !(last instanceof NdArray);
    const [inputsK = null, inputsV = null] = (hasOptions ? rest.slice(0, -1) : rest) as (
      | NdArray
      | null
      | undefined
    )[];
    return attend(this, this.options, [inputsQ, inputsK, inputsV], hasOptions ? last : {});
  }
}

/** Attention of a sequence to itself (`flax.linen.SelfAttention`): inputs [...batch, n, features]. */
export class SelfAttention extends MultiHeadDotProductAttention {
  static override readonly moduleName: string = "SelfAttention";

  override call(inputs: NdArray, options: MultiHeadAttentionCallOptions = {}): NdArray {
    return attend(this, this.options, [inputs, null, null], options);
  }
}

/** The computation of a module of attention, with its submodules and variables. */
function attend(
  module: Module,
  options: MultiHeadAttentionOptions,
  [inputsQ, inputsK, inputsV]: readonly [NdArray, NdArray | null, NdArray | null],
  { mask = null, deterministic = null, dropoutRng = null, sowWeights = false }: MultiHeadAttentionCallOptions,
): NdArray {
  if (inputsK === null && inputsV !== null) {
    throw new WeftValueError(
      "`inputs_k` cannot be None if `inputs_v` is not None. To have both `inputs_k` and `inputs_v` be the same value, " +
        "pass in the value to `inputs_k` and leave `inputs_v` as None.",
    );
  }
  const { numHeads, dtype, paramDtype, useBias, dropoutRate = 0, broadcastDropout } = options;
  const {
    kernelInit = defaultKernelInit,
    biasInit = defaultBiasInit,
    attentionFn = linenDotProductAttention,
  } = options;
  const width = inputsQ.shape[inputsQ.ndim - 1];
  const qkvFeatures = options.qkvFeatures ?? width;
  if (qkvFeatures % numHeads !== 0) {
    throw new WeftValueError(
      `Memory dimension (${qkvFeatures}) must be divisible by number of heads (${numHeads}).`,
    );
  }
  const { precision } = options;
  const common = { dtype, paramDtype, useBias, precision };
  const features = [numHeads, qkvFeatures / numHeads];
  const project = (name: string, x: NdArray): NdArray =>
    new DenseGeneral({ ...common, name, features, kernelInit, biasInit }).call(x);
  let query = project("query", inputsQ);
  let key = project("key", inputsK ?? inputsQ);
  let value = project("value", inputsV ?? inputsK ?? inputsQ);
  if (options.normalizeQk ?? false) {
    const normed = (name: string, x: NdArray): NdArray =>
      new LayerNorm({ name, useBias: false, dtype, paramDtype }).call(x);
    query = normed("query_ln", query);
    key = normed("key_ln", key);
  }
  let visible = mask;
  if (options.decode ?? false) {
    const cached = decode(module, query, key, value);
    if (cached !== null) {
      ({ key, value } = cached);
      visible = combineMasks(mask, cached.mask);
    }
  }
  // Only with dropout must it be said whether there is any.
  const fixed = dropoutRate === 0 || mergeParam("deterministic", options.deterministic, deterministic);
  const x = attentionFn(query, key, value, {
    mask: visible,
    dropoutRng: fixed ? dropoutRng : (dropoutRng ?? module.makeRng("dropout")),
    dropoutRate,
    broadcastDropout,
    deterministic: fixed,
    dtype,
    precision,
    forceFp32ForSoftmax: options.forceFp32ForSoftmax,
    module: sowWeights ? module : null,
  });
  return new DenseGeneral({
    ...common,
    name: "out",
    features: options.outFeatures ?? width,
    axis: [-2, -1],
    kernelInit: options.outKernelInit ?? kernelInit,
    biasInit: options.outBiasInit ?? biasInit,
  }).call(x);
}

/** Keys and values of all places so far, with those of this one; null where the cache is only being made. */
function decode(
  module: Module,
  query: NdArray,
  key: NdArray,
  value: NdArray,
): { readonly key: NdArray; readonly value: NdArray; readonly mask: NdArray } | null {
  const isInitialized = module.hasVariable("cache", "cached_key");
  const cachedKey = module.variable("cache", "cached_key", () => full(0, key.dtype, key.shape));
  const cachedValue = module.variable("cache", "cached_value", () => full(0, value.dtype, value.shape));
  const cacheIndex = module.variable("cache", "cache_index", () => full(0, "int32"));
  if (!isInitialized) return null;
  const { shape } = cachedKey.value;
  const batch = shape.slice(0, -3);
  const [length, ...rest] = shape.slice(-3);
  const expected = [...batch, 1, ...rest];
  if (formatShape(expected) !== formatShape(query.shape)) {
    throw new WeftValueError(
      `Autoregressive cache shape error, expected query shape ${formatShape(expected)} instead got ${formatShape(query.shape)}.`,
    );
  }
  const index = cacheIndex.value;
  const starts = [...batch.map(() => 0), index, 0, 0];
  cachedKey.value = dynamicUpdateSlice(cachedKey.value, key, starts);
  cachedValue.value = dynamicUpdateSlice(cachedValue.value, value, starts);
  cacheIndex.value = index.add(1);
  // Places behind this one hold nothing yet.
  const written = lessEqual(iota("int32", length), index);
  const mask = broadcastTo(written, [...batch, 1, 1, length]);
  return { key: cachedKey.value, value: cachedValue.value, mask };
}

/** The same under another name (`flax.linen.MultiHeadAttention`). */
export class MultiHeadAttention extends MultiHeadDotProductAttention {
  static override readonly moduleName: string = "MultiHeadAttention";
}
