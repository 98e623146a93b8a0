/** Labels between classes (optax's `losses/_smoothing.py`), and losses made of a maximum (`_fenchel_young.py`). */
import { type ArrayLike, formatShape, type NdArray, WeftValueError } from "../../core/index.ts";
import { canonicalizeAxis } from "../../lax/axes.ts";
import { sum } from "../../numpy/reductions.ts";
import { add, divide, multiply, subtract } from "../../numpy/ufuncs.ts";
import { vmap } from "../../transforms/vmap.ts";
import { oneMinus } from "../moments.ts";
import { floating, type LossOptions } from "./checks.ts";

/** Labels drawn towards the uniform distribution (`optax.smooth_labels`; Müller et al. 2019). */
export function smoothLabels(labels: ArrayLike, alpha: ArrayLike, options: LossOptions = {}): NdArray {
  const { axis = -1, where = null } = options;
  const y = floating("smoothLabels", labels);
  const axes = axis === null ? y.shape.map((_, i) => i) : typeof axis === "number" ? [axis] : axis;
  const categories =
    where === null
      ? axes.reduce((n, a) => n * y.shape[canonicalizeAxis(a, y.ndim)], 1)
      : sum(where, { axis, keepdims: true });
  const share =
    typeof alpha === "number" && typeof categories === "number"
      ? alpha / categories
      : divide(alpha, categories);
  return add(multiply(y, oneMinus(alpha)), share);
}

/**
 * The loss maxFun(scores) − ⟨targets, scores⟩ of a function of vectors, as logsumexp or max, along the last axis
 * (`optax.losses.make_fenchel_young_loss`; Blondel et al. 2020).
 */
export function makeFenchelYoungLoss(
  maxFun: (scores: NdArray) => NdArray,
): (scores: ArrayLike, targets: ArrayLike) => NdArray {
  return (scores, targets) => {
    const x = floating("fenchelYoungLoss", scores);
    const leading = x.shape.slice(0, -1);
    const top = leading.reduce((f) => vmap(f), maxFun)(x);
    if (formatShape(top.shape) !== formatShape(leading)) {
      throw new WeftValueError(
        `fenchelYoungLoss: maxFun must return a scalar for each vector of scores: expected shape ${formatShape(leading)}, ` +
          `got ${formatShape(top.shape)}`,
      );
    }
    return subtract(top, sum(multiply(targets, x), { axis: -1 }));
  };
}
