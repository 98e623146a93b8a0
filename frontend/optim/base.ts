/** What a gradient transformation is, and the simplest ones (optax's `_src/base.py`). */
import { type ArrayLike, asArray, full, type NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { zerosLike } from "../numpy/creation.ts";
import { checkedState, EMPTY_STATE, mapTree, type OptState, type StateFields, sealed } from "./trees.ts";

/** What some transformations need besides gradients and parameters: line searches, Polyak's step size. */
export interface ExtraArgs {
  /** The loss at the parameters, a scalar. */
  readonly value?: ArrayLike;
  /** The gradient of the loss at the parameters, where the updates are no longer it. */
  readonly grad?: unknown;
  /** The loss as a function of the parameters. */
  readonly valueFn?: (params: never) => NdArray;
  readonly [name: string]: unknown;
}

/** A pair of pure functions (`optax.GradientTransformationExtraArgs`). */
export interface GradientTransformation<S extends OptState = OptState> {
  /** The first state for parameters of this structure. */
  init(params: unknown): S;
  /**
   * What to add to the parameters, from gradients of their structure, and the next state. Some transformations need
   * the parameters too, or some of the extra arguments, and throw WeftValueError without them.
   */
  update<U>(updates: U, state: S, params?: unknown, extra?: ExtraArgs): [updates: U, state: S];
}

/** A value by step: an int32 scalar that counts from 0. */
export type Schedule = (count: NdArray) => ArrayLike;
/** A learning rate, or a function of the number of steps done. */
export type ScalarOrSchedule = number | NdArray | Schedule;

/** The parameters, or optax's error where they were not given. */
export function required(params: unknown, name: string): unknown {
  if (params !== undefined && params !== null) return params;
  throw new WeftValueError(
    `You are using a transformation that requires the current value of parameters (${name}), but you are not passing ` +
      "`params` when calling `update`.",
  );
}

/**
 * A transformation by functions of plain trees, with a state of these fields; where a state lacks one, it belongs to
 * another optimizer.
 */
export function transformation<S extends OptState>(
  fields: readonly (keyof StateFields<S>)[],
  init: (params: unknown) => StateFields<S>,
  update: (updates: unknown, state: S, params: unknown, extra: ExtraArgs) => [unknown, StateFields<S>],
): GradientTransformation<S> {
  return {
    init: (params) => sealed<S>(init(params)),
    update<U>(updates: U, state: S, params?: unknown, extra: ExtraArgs = {}): [U, S] {
      const [result, next] = update(updates, checkedState(state, fields), params, extra);
      return [result as U, sealed<S>(next)];
    },
  };
}

/** A transformation without a state, by a function of the updates and the parameters (`optax.stateless`). */
export function stateless(f: (updates: unknown, params: unknown) => unknown): GradientTransformation {
  return {
    init: () => EMPTY_STATE,
    update: <U>(updates: U, state: OptState, params?: unknown): [U, OptState] => [
      f(updates, params) as U,
      state,
    ],
  };
}

/** The same leaf by leaf (`optax.stateless_with_tree_map`). */
export function statelessWithTreeMap(
  f: (update: NdArray, param: NdArray | undefined) => NdArray,
): GradientTransformation {
  return stateless((updates, params) =>
    params === undefined ? mapTree((g) => f(g, undefined), updates) : mapTree(f, updates, params),
  );
}

/** Leaf by leaf with the parameters, without which it throws. */
export function withParams(
  name: string,
  f: (update: NdArray, param: NdArray) => NdArray,
): GradientTransformation {
  return stateless((updates, params) => mapTree(f, updates, required(params, name)));
}

/** Changes nothing (`optax.identity`). */
export function identity(): GradientTransformation {
  return stateless((updates) => updates);
}

/** All updates 0 (`optax.set_to_zero`). */
export function setToZero(): GradientTransformation {
  return statelessWithTreeMap((g) => zerosLike(g));
}

/** A count of 0. */
export function count0(): NdArray {
  return full(0, "int32");
}

/** The next count; it stays at the greatest of its dtype (`optax.safe_increment`). */
export function safeIncrement(count: ArrayLike): NdArray {
  const n = asArray(count);
  const greatest = GREATEST[n.dtype];
  if (greatest === undefined) {
    throw new WeftValueError(
      `Cannot safely increment count with dtype ${n.dtype}, valid dtypes are subdtypes of "jnp.integer" or "jnp.floating".`,
    );
  }
  return lax.select(lax.lt(n, greatest), lax.add(n, 1), n);
}

const GREATEST: Readonly<Record<string, number>> = {
  int8: 127,
  int16: 32767,
  int32: 2147483647,
  uint8: 255,
  uint16: 65535,
  uint32: 4294967295,
  float16: 65504,
  float32: 3.4028234663852886e38,
  float64: Number.MAX_VALUE,
};
