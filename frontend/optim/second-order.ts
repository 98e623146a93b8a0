/** Second derivatives of losses (`optax.second_order`), over parameters as one vector. */
import { full, type NdArray, WeftValueError } from "../core/index.ts";
import { ravelPytree } from "../flatten-util/index.ts";
import { eye } from "../numpy/creation.ts";
import { sum } from "../numpy/reductions.ts";
import { multiply, square } from "../numpy/ufuncs.ts";
import { grad, jvp } from "../transforms/gradient.ts";
import { vmap } from "../transforms/vmap.ts";

/** A loss of parameters on examples: a scalar. */
export type LossFunction<P> = (params: P, inputs: NdArray, targets: NdArray) => NdArray;

/** The loss as a function of the vector of all parameters, and that vector. */
function onVector<P>(
  loss: LossFunction<P>,
  params: P,
  inputs: NdArray,
  targets: NdArray,
): { f: (vector: NdArray) => NdArray; vector: NdArray } {
  const [vector, unravel] = ravelPytree(params);
  return { f: (x) => loss(unravel(x), inputs, targets), vector };
}

/**
 * The Hessian of the loss times a vector, without the Hessian (`optax.second_order.hvp`; Pearlmutter 1994). v: [n], of all
 * parameters in the order of `ravelPytree`; the result has that shape. Throws WeftValueError for another size.
 */
export function hvp<P>(
  loss: LossFunction<P>,
  v: NdArray,
  params: P,
  inputs: NdArray,
  targets: NdArray,
): NdArray {
  const { f, vector } = onVector(loss, params, inputs, targets);
  if (v.ndim !== 1 || v.size !== vector.size) {
    throw new WeftValueError(
      `hvp: v must be a vector of the ${vector.size} parameters, got shape [${v.shape.join(", ")}]`,
    );
  }
  return jvp(grad(f), [vector], [v])[1];
}

/** The diagonal of the Hessian (`optax.second_order.hessian_diag`): [n]. Takes as many products as there are parameters. */
export function hessianDiag<P>(loss: LossFunction<P>, params: P, inputs: NdArray, targets: NdArray): NdArray {
  const { vector } = onVector(loss, params, inputs, targets);
  const entry = (v: NdArray): NdArray => sum(multiply(v, hvp(loss, v, params, inputs, targets)));
  if (vector.size === 0) return full(0, vector.dtype, [0]);
  return vmap(entry)(eye(vector.size, null, { dtype: vector.dtype }));
}

/** The squared gradient, the diagonal of the empirical Fisher matrix (`optax.second_order.fisher_diag`): [n]. */
export function fisherDiag<P>(
  negativeLogLikelihood: LossFunction<P>,
  params: P,
  inputs: NdArray,
  targets: NdArray,
): NdArray {
  const { f, vector } = onVector(negativeLogLikelihood, params, inputs, targets);
  return square(grad(f)(vector));
}
