/** Functions with modules as pairs of pure functions (`haiku/_src/transform.py`). */
import { describeValue, WeftTypeError, WeftValueError } from "../core/index.ts";
import { isKey } from "../nn/modules/core/scope.ts";
import type { KeyLike } from "../random/index.ts";
import { isPlainObject } from "../tree/treedef.ts";
import { Frame, type HaikuTree, type MutableHaikuTree, PRNGSequence, withFrame } from "./frame.ts";

type AnyFunction = (...args: never[]) => unknown;
/** A key or a seed; null where no random numbers are drawn. */
export type HaikuRng = KeyLike | number | null;

/** The pair of functions of `transform` (`haiku.Transformed`). */
export interface Transformed<F extends AnyFunction> {
  /** The parameters, made by running the function. */
  init(rng: HaikuRng, ...args: Parameters<F>): HaikuTree;
  /** The function with these parameters. */
  apply(params: HaikuTree, rng: HaikuRng, ...args: Parameters<F>): ReturnType<F>;
}

/** That of `transformWithState` (`haiku.TransformedWithState`). */
export interface TransformedWithState<F extends AnyFunction> {
  init(rng: HaikuRng, ...args: Parameters<F>): [params: HaikuTree, state: HaikuTree];
  apply(
    params: HaikuTree,
    state: HaikuTree | null,
    rng: HaikuRng,
    ...args: Parameters<F>
  ): [out: ReturnType<F>, state: HaikuTree];
}

/** State is used where only parameters are expected (`haiku.NonEmptyStateError`). */
export class NonEmptyStateError extends WeftValueError {
  override name = "NonEmptyStateError";
}

const RNG_ERROR = (f: string, position: string, signature: string): string =>
  `${f} must be called with an RNG as the ${position} argument, the required signature is: \`${signature}\``;

/**
 * A function that makes modules as a pair of pure functions (`haiku.transform`):
 *
 *     const net = hk.transform((x: NdArray) => new hk.nets.MLP([300, 100, 10]).call(x));
 *     const params = net.init(random.PRNGKey(0), x);
 *     const logits = net.apply(params, null, x);
 *
 * Throws NonEmptyStateError where the function uses state.
 */
export function transform<F extends AnyFunction>(f: F): Transformed<F> {
  const { init, apply } = transformWithState(f);
  const withoutState = <T>([result, state]: [T, HaikuTree]): T => {
    if (Object.keys(state).length === 0) return result;
    throw new NonEmptyStateError(
      "If your transformed function uses `hk.{get,set}_state` then use `hk.transform_with_state`.",
    );
  };
  return {
    init: (rng, ...args) => withoutState(init(rng, ...args)),
    apply: (params, rng, ...args) => {
      checkRng(rng, RNG_ERROR("Apply", "second", "apply(params, rng, ...args)"));
      return withoutState(apply(params, null, rng, ...args));
    },
  };
}

/** The same with state, which apply takes and returns (`haiku.transform_with_state`). */
export function transformWithState<F extends AnyFunction>(f: F): TransformedWithState<F> {
  if (typeof f !== "function")
    throw new WeftTypeError(`hk.transform takes a function, got ${describeValue(f)}`);
  return {
    init: (rng, ...args) => {
      const keys = checkRng(rng, RNG_ERROR("Init", "first", "init(rng, ...args)"));
      const frame = new Frame({}, false, keys);
      withFrame(frame, () => f(...args));
      return [frame.params, frame.stateTree("initial")];
    },
    apply: (params, state, rng, ...args) => {
      checkTree("params", params);
      if (state !== null) checkTree("state", state);
      const keys = checkRng(rng, RNG_ERROR("Apply", "third", "apply(params, state, rng, ...args)"));
      const frame = new Frame(params as MutableHaikuTree, true, keys);
      for (const [module, values] of Object.entries(state ?? {})) {
        const pairs = Object.entries(values).map(([name, x]) => [name, { initial: x, current: x }] as const);
        frame.state.set(module, new Map(pairs));
      }
      const out = withFrame(frame, () => f(...args)) as ReturnType<F>;
      return [out, frame.stateTree("current")];
    },
  };
}

/** Keys from what was given for them. Throws WeftValueError for what is none. */
function checkRng(rng: HaikuRng, problem: string): PRNGSequence | null {
  if (rng === null) return null;
  if (typeof rng === "number" || isKey(rng)) return new PRNGSequence(rng);
  throw new WeftValueError(`${problem}. It was ${describeValue(rng)}`);
}

function checkTree(name: string, tree: unknown): void {
  if (isPlainObject(tree)) return;
  throw new WeftTypeError(
    `${name} argument does not appear valid. It should be a mapping but is ${describeValue(tree)}. For reference the ` +
      "parameters for apply are `apply(params, rng, ...)` for `hk.transform` and `apply(params, state, rng, ...)` for " +
      "`hk.transform_with_state`.",
  );
}
