/** Parameters, state and keys inside of transformed functions (`haiku/_src/base.py`). */
import type { DType } from "../../compiler/types/dtype.ts";
import { formatShape, type NdArray, WeftValueError } from "../core/index.ts";
import { stack } from "../numpy/index.ts";
import type { KeyLike } from "../random/index.ts";
import { currentFrame, type Frame, MissingRNGError } from "./frame.ts";

/** Makes parameters: a function of shape and dtype, or one of `hk.initializers`. They draw keys by `nextRngKey`. */
export type Initializer =
  | ((shape: readonly number[], dtype: DType) => NdArray)
  | { call(shape: readonly number[], dtype: DType): NdArray };

export function initialize(init: Initializer, shape: readonly number[], dtype: DType): NdArray {
  return typeof init === "function" ? init(shape, dtype) : init.call(shape, dtype);
}

/** Options of `getParameter`. */
export interface ParameterOptions {
  /** Default float32. */
  readonly dtype?: DType;
  readonly init?: Initializer;
}

/**
 * A parameter of the module that runs (`haiku.get_parameter`): made in init, looked up in apply. Throws WeftValueError where
 * it is missing, or has another shape.
 */
export function getParameter(
  name: string,
  shape: readonly number[],
  options: ParameterOptions = {},
): NdArray {
  const { dtype = "float32", init } = options;
  const frame = currentFrame("get_parameter");
  const { bundle } = frame;
  let param: NdArray | undefined = frame.params[bundle]?.[name];
  if (param === undefined) {
    if (frame.frozen) {
      throw new WeftValueError(
        `Unable to retrieve parameter '${name}' for module '${bundle}' All parameters must be created as part of \`init\`.`,
      );
    }
    if (init === undefined) throw new WeftValueError("Initializer must be specified.");
    param = initialize(init, shape, dtype);
    frame.params[bundle] ??= {};
    frame.params[bundle][name] = param;
  }
  if (formatShape(param.shape) !== formatShape(shape)) {
    throw new WeftValueError(
      `'${bundle}/${name}' with retrieved shape ${formatShape(param.shape)} does not match shape=${formatShape(shape)} dtype=${dtype}`,
    );
  }
  return param;
}

/** Options of `getState`. */
export interface StateOptions extends ParameterOptions {
  readonly shape?: readonly number[];
}

/** A value of the state of the module that runs (`haiku.get_state`). Throws WeftValueError where it is missing, without init. */
export function getState(name: string, options: StateOptions = {}): NdArray {
  const frame = currentFrame("get_state");
  const { bundle } = frame;
  const found = frame.state.get(bundle)?.get(name);
  if (found !== undefined) return found.current;
  const { shape, dtype = "float32", init } = options;
  if (init === undefined) {
    throw new WeftValueError(`No value for '${name}' in '${bundle}', perhaps set an init function?`);
  }
  if (shape === undefined) {
    throw new WeftValueError(`Must provide shape and dtype to initialize '${name}' in '${bundle}'.`);
  }
  const value = initialize(init, shape, dtype);
  put(frame, name, value);
  return value;
}

/** Changes the state of the module that runs (`haiku.set_state`). init returns the first values, apply the last. */
export function setState(name: string, value: NdArray): void {
  put(currentFrame("set_state"), name, value);
}

function put(frame: Frame, name: string, value: NdArray): void {
  const values = frame.state.get(frame.bundle) ?? new Map();
  frame.state.set(frame.bundle, values);
  values.set(name, { initial: values.get(name)?.initial ?? value, current: value });
}

/** A new key (`haiku.next_rng_key`). Throws MissingRNGError where init or apply was given none. */
export function nextRngKey(): KeyLike {
  return sequence("next_rng_key").next();
}

/** Several new keys, uint32[count, 2] (`haiku.next_rng_keys`). */
export function nextRngKeys(count: number): NdArray {
  const keys = sequence("next_rng_keys").take(count);
  return stack(keys.map((key) => ("keyData" in key ? key.keyData : key)));
}

/** A new key, or null where there is none (`haiku.maybe_next_rng_key`). */
export function maybeNextRngKey(): KeyLike | null {
  return currentFrame("maybe_next_rng_key").rng?.next() ?? null;
}

function sequence(caller: string) {
  const { rng } = currentFrame(caller);
  if (rng !== null) return rng;
  throw new MissingRNGError(
    "You must pass a non-None PRNGKey to init and/or apply if you make use of random numbers.",
  );
}

/** Whether this is init (`haiku.running_init`). */
export function runningInit(): boolean {
  return !currentFrame("running_init").frozen;
}
