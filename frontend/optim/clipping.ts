/** Updates kept small (optax's `transforms/_clipping.py`). */
import { type ArrayLike, convert, formatShape, type NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { tensordot } from "../numpy/linalg.ts";
import { nanToNum, where } from "../numpy/logic.ts";
import { broadcastTo } from "../numpy/movement.ts";
import { mean, sum } from "../numpy/reductions.ts";
import { clip as clipArray, divide, maximum, minimum, multiply, square } from "../numpy/ufuncs.ts";
import type { Result } from "../transforms/types.ts";
import { vmap } from "../transforms/vmap.ts";
import { type GradientTransformation, stateless, statelessWithTreeMap, withParams } from "./base.ts";
import { globalNorm } from "./norms.ts";
import { arraysOf, mapParts, mapTree } from "./trees.ts";

/** Every element kept within ±maxDelta (`optax.clip`). */
export function clip(maxDelta: ArrayLike): GradientTransformation {
  // A number stays one, exact in the dtype of the updates.
  const least = typeof maxDelta === "number" ? -maxDelta : multiply(maxDelta, -1);
  return statelessWithTreeMap((g) => clipArray(g, least, maxDelta));
}

/** Each leaf shortened so that its root mean square is at most `threshold` (`optax.clip_by_block_rms`). */
export function clipByBlockRms(threshold: ArrayLike): GradientTransformation {
  return statelessWithTreeMap((g) => divide(g, maximum(divide(lax.sqrt(mean(square(g))), threshold), 1)));
}

/** Updates shortened so that their global norm is at most maxNorm (`optax.clip_by_global_norm`; Pascanu et al. 2012). */
export function clipByGlobalNorm(maxNorm: ArrayLike): GradientTransformation {
  return stateless((updates) => {
    const norm = globalNorm(updates);
    const inside = lax.lt(norm, maxNorm);
    return mapTree((g) => where(inside, g, multiply(divide(g, convert(norm, g.dtype)), maxNorm)), updates);
  });
}

/** Axes to be reduced: one or several. */
export type NormAxes = number | readonly number[];

/**
 * The norm of each output unit, in the shape of x (`optax.transforms.unitwise_norm`): of vectors over all, of matrices
 * over axis 0, of convolution kernels over all axes but the last.
 */
export function unitwiseNorm(x: NdArray, axis?: NormAxes | null): NdArray {
  let axes = axis ?? null;
  if (axes === null) {
    const long = x.shape.filter((n) => n !== 1).length;
    if (long <= 1) axes = x.shape.map((_, i) => i);
    else if (x.ndim <= 3) axes = [0];
    else if (x.ndim <= 5) axes = x.shape.slice(1).map((_, i) => i);
    else {
      throw new WeftValueError(
        `Expected parameter with shape in [1, 2, 3, 4, 5], got ${formatShape(x.shape)}. Use axis parameter to specify ` +
          "reduction axes for other shapes.",
      );
    }
  }
  return broadcastTo(lax.sqrt(sum(square(x), { axis: axes, keepdims: true })), x.shape);
}

/** Gradients shortened where their norm is not below maxNorm, elementwise (`optax.transforms.unitwise_clip`). */
export function unitwiseClip(
  gNorm: NdArray,
  maxNorm: NdArray,
  grad: NdArray,
  divEps: ArrayLike = 1e-6,
): NdArray {
  const clipped = multiply(grad, divide(maxNorm, maximum(gNorm, divEps)));
  return where(lax.lt(gNorm, maxNorm), grad, clipped);
}

/** Options of `adaptiveGradClip`. */
export interface AdaptiveGradClipOptions {
  /** Least norm of the parameters. Default 1e-3. */
  readonly eps?: ArrayLike;
  /** Axes of the norms, in place of those of `unitwiseNorm`. */
  readonly axis?: NormAxes | null;
}

/**
 * Units of updates shortened to `clipping` times the norm of their parameters (`optax.adaptive_grad_clip`; Brock et al.
 * 2021). Needs the parameters.
 */
export function adaptiveGradClip(
  clipping: ArrayLike,
  options: AdaptiveGradClipOptions = {},
): GradientTransformation {
  const { eps = 1e-3, axis } = options;
  return withParams("adaptiveGradClip", (g, p) =>
    unitwiseClip(unitwiseNorm(g, axis), multiply(maximum(unitwiseNorm(p, axis), eps), clipping), g),
  );
}

function checkBatched(name: string, grads: unknown): readonly NdArray[] {
  const arrays = arraysOf(grads);
  if (arrays.every((g) => g.ndim > 0 && g.shape[0] === arrays[0].shape[0])) return arrays;
  throw new WeftValueError(
    `Unlike other transforms, \`${name}\` expects \`grads\` to have a batch dimension in the 0th axis; got shapes: ` +
      `${arrays.map((g) => formatShape(g.shape)).join(", ")}.`,
  );
}

/**
 * Gradients per example, each shortened to a global norm, then summed; and how many were
 * (`optax.per_example_global_norm_clip`; Abadi et al. 2016). Leaves have a leading batch axis, which the sums have not.
 */
export function perExampleGlobalNormClip<G>(
  grads: G,
  l2NormClip: ArrayLike,
): [clipped: Result<G>, numClipped: NdArray] {
  checkBatched("perExampleGlobalNormClip", grads);
  const norms = vmap((g: unknown) => globalNorm(g))(grads);
  const multipliers = nanToNum(minimum(divide(l2NormClip, norms), 1), { nan: 1 });
  const clipped = mapTree<Result<G>>((g) => tensordot(multipliers, g, 1), grads);
  return [clipped, sum(lax.lt(multipliers, 1))];
}

/**
 * The same with a norm per leaf (`optax.per_example_layer_norm_clip`; McMahan et al. 2018): equal shares of the global
 * norm, or with `uniform: false` shares by size.
 */
export function perExampleLayerNormClip<G>(
  grads: G,
  globalL2NormClip: ArrayLike,
  options: { readonly uniform?: boolean } = {},
): [clipped: Result<G>, numClipped: Result<G>] {
  const { uniform = true } = options;
  const leaves = checkBatched("perExampleLayerNormClip", grads);
  const sizes = leaves.map((g) => g.size / g.shape[0]);
  const total = sizes.reduce((a, b) => a + b, 0);
  let at = 0;
  const pairs = mapParts((g) => {
    const share = uniform ? 1 / leaves.length : sizes[at++] / total;
    return perExampleGlobalNormClip(g, multiply(globalL2NormClip, Math.sqrt(share)));
  }, grads);
  const pick = (place: number) =>
    mapParts((_, pair) => (Array.isArray(pair) ? pair[place] : pair), grads, pairs) as Result<G>;
  return [pick(0), pick(1)];
}
