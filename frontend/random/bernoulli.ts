import { isFloating } from "../../compiler/types/dtype.ts";
import type { Shape } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { canonicalizeShape } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { indexInDim } from "../lax/movement.ts";
import { broadcastTo, numberAs } from "../lax/operands.ts";
import { finfo } from "../numpy/dtypes.ts";
import { checkShape, uniform } from "./bits.ts";
import type { KeyLike } from "./keys.ts";

type Size = number | Shape;

/** Options of `bernoulli`. */
export interface BernoulliOptions {
  /** "high" compares with twice as many bits, so that probabilities near 0 are met more exactly. Default "low". */
  readonly mode?: "high" | "low";
}

/** true with probability p: bool of the shape, or of the shape of p (`jax.random.bernoulli`). */
export function bernoulli(
  key: KeyLike,
  p: ArrayLike = 0.5,
  shape: Size | null = null,
  options: BernoulliOptions = {},
): NdArray {
  const { mode = "low" } = options;
  if (mode !== "high" && mode !== "low") {
    throw new WeftValueError(`got mode='${String(mode)}', expected 'high' or 'low'`);
  }
  const chance = p instanceof NdArray ? p : numberAs(p, "float32");
  if (!isFloating(chance.dtype)) {
    throw new WeftTypeError(`bernoulli probability \`p\` must have a floating dtype, got ${chance.dtype}.`);
  }
  const sizes = shape === null ? chance.shape : canonicalizeShape(shape);
  checkShape("bernoulli", sizes, chance.shape);
  const spread = broadcastTo(chance, sizes);
  const { dtype } = chance;
  if (mode === "low") return lax.lt(uniform(key, sizes, { dtype }), spread);
  const drawn = uniform(key, [2, ...sizes], { dtype });
  const [high, low] = [0, 1].map((i) => indexInDim(drawn, i, { keepdims: false }));
  return lax.lt(lax.mul(low, 2 ** -finfo(dtype).nmant), lax.sub(spread, high));
}
