/** What line searches have in common: their arguments, and the values they leave for the next step. */
import { cond } from "../control/index.ts";
import { type ArrayLike, asArray, convert, type NdArray, WeftValueError } from "../core/index.ts";
import { isfinite } from "../numpy/logic.ts";
import { valueAndGrad } from "../transforms/gradient.ts";
import type { Result } from "../transforms/types.ts";
import { type ExtraArgs, required } from "./base.ts";
import * as states from "./state-utils.ts";
import { arraysOf, mapTree, type OptState } from "./trees.ts";

/** The arguments of a line search, which are all needed. */
export interface LineSearchArgs {
  readonly params: unknown;
  readonly value: NdArray;
  readonly grad: unknown;
  readonly valueFn: (params: unknown) => NdArray;
}

/** Throws WeftValueError where the parameters or one of value, grad and valueFn are missing. */
export function lineSearchArgs(name: string, params: unknown, extra: ExtraArgs): LineSearchArgs {
  const { value, grad, valueFn } = extra;
  const missing = Object.entries({ value, grad, valueFn }).flatMap(([key, x]) =>
    x === undefined ? [key] : [],
  );
  if (value === undefined || valueFn === undefined || missing.length > 0) {
    throw new WeftValueError(
      `${name} needs the extra argument${missing.length > 1 ? "s" : ""} ${missing.join(", ")}: ` +
        "update(grads, state, params, { value, grad, valueFn })",
    );
  }
  const given = required(params, name);
  return {
    params: given,
    value: convert(asArray(value), valueDtype(given)),
    grad,
    valueFn: (p) => convert(asArray(Reflect.apply(valueFn, undefined, [p])), valueDtype(given)),
  };
}

/** The dtype in which values of the loss and step sizes are kept: that of the first parameter. */
export function valueDtype(params: unknown): NdArray["dtype"] {
  const [first] = arraysOf(params);
  if (first === undefined) throw new WeftValueError("a line search needs parameters, got an empty tree");
  return first.dtype;
}

/** Leaves in the dtypes of another tree's: what loops carry must not change its type. */
export function castLike<T>(tree: T, other: unknown): T {
  return mapTree<T>((x, y) => convert(x, y.dtype), tree, other);
}

/** params + stepsize · updates. */
export function stepAlong(params: unknown, stepsize: ArrayLike, updates: unknown): unknown {
  return mapTree((p, u) => convert(asArray(p).add(u.mul(stepsize)), p.dtype), params, updates);
}

/**
 * `valueAndGrad` that takes both from the state where the line search of the step before has left them
 * (`optax.value_and_grad_from_state`): `valueAndGradFromState(loss)(state)(params)`. Throws WeftValueError where the
 * optimizer keeps none.
 *
 *     const valueAndGradient = valueAndGradFromState(loss);
 *     const [value, grad] = valueAndGradient(params, state);
 *     const [updates, next] = lbfgs().update(grad, state, params, { value, grad, valueFn: loss });
 */
export function valueAndGradFromState<P>(
  valueFn: (params: P) => NdArray,
): (params: P, state: OptState) => [value: NdArray, grad: Result<P>] {
  return (params, state) => {
    const value = states.get(state, "value");
    const grad = states.get<Result<P>>(state, "grad");
    if (value === undefined || grad === undefined || grad === null) {
      throw new WeftValueError(
        "Value or gradient not found in the state. Make sure that these values are stored in the state by the optimizer.",
      );
    }
    const [found, gradient] = cond(
      isfinite(value),
      (): [NdArray, unknown] => [value, grad],
      (): [NdArray, unknown] => {
        const [fresh, slope] = valueAndGrad(valueFn as (params: unknown) => NdArray)(params);
        return [convert(fresh, value.dtype), slope];
      },
    );
    return [found, gradient as Result<P>];
  };
}
