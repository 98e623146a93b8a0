/** Slow parameters behind fast ones (optax's `_src/lookahead.py`; Zhang et al. 2019). */
import { type ArrayLike, type NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { where } from "../numpy/logic.ts";
import { add, mod, multiply, subtract } from "../numpy/ufuncs.ts";
import { count0, type GradientTransformation } from "./base.ts";
import { oneMinus } from "./moments.ts";
import { checkedState, mapTree, type OptState, sealed } from "./trees.ts";

/** Parameters to train with, and those to evaluate and keep (`optax.LookaheadParams`). */
export interface LookaheadParams<P> {
  readonly fast: P;
  readonly slow: P;
}

/** Both the same: the start of a training (`optax.LookaheadParams.init_synced`). */
export function initSynced<P>(params: P): LookaheadParams<P> {
  return { fast: params, slow: params };
}

/** `optax.LookaheadState`. */
export interface LookaheadState extends OptState {
  readonly fastState: OptState;
  readonly stepsSinceSync: NdArray;
}

/** A transformation of gradients by the fast parameters to updates of both. */
export interface Lookahead {
  init(params: unknown): LookaheadState;
  update<U>(
    updates: U,
    state: LookaheadState,
    params: LookaheadParams<unknown>,
  ): [updates: LookaheadParams<U>, state: LookaheadState];
}

/** Options of `lookahead`. */
export interface LookaheadOptions {
  /** Whether the fast optimizer starts anew after each synchronization. Default false. */
  readonly resetState?: boolean;
}

/**
 * Every `syncPeriod` steps of the fast optimizer the slow parameters go `slowStepSize` of the way to the fast ones, which
 * start again from there (`optax.lookahead`). Throws WeftValueError for a period below 1.
 */
export function lookahead(
  fastOptimizer: GradientTransformation,
  syncPeriod: number,
  slowStepSize: ArrayLike,
  options: LookaheadOptions = {},
): Lookahead {
  const { resetState = false } = options;
  if (!(syncPeriod >= 1)) throw new WeftValueError("Synchronization period must be >= 1.");
  return {
    init: (params) =>
      sealed<LookaheadState>({
        fastState: fastOptimizer.init(isPair(params) ? params.fast : params),
        stepsSinceSync: count0(),
      }),
    update<U>(updates: U, given: LookaheadState, params: LookaheadParams<unknown>) {
      const state = checkedState(given, ["fastState", "stepsSinceSync"]);
      if (!isPair(params)) {
        throw new WeftValueError(
          "lookahead takes parameters { fast, slow }: make them by initSynced(params)",
        );
      }
      const [steps, next] = fastOptimizer.update<unknown>(updates, state.fastState, params.fast);
      const sync = lax.eq(state.stepsSinceSync, syncPeriod - 1);
      const difference = mapTree((f, u, s) => subtract(add(f, u), s), params.fast, steps, params.slow);
      const slow = mapTree<U>((d) => where(sync, multiply(d, slowStepSize), 0), difference);
      const back = oneMinus(slowStepSize);
      const fast = mapTree<U>((u, d) => subtract(u, where(sync, multiply(d, back), 0)), steps, difference);
      const fastState = resetState
        ? mapTree<OptState>(
            (current, first) => where(sync, first, current),
            next,
            fastOptimizer.init(params.fast),
          )
        : next;
      const stepsSinceSync = mod(add(state.stepsSinceSync, 1), syncPeriod);
      return [{ fast, slow }, sealed<LookaheadState>({ fastState, stepsSinceSync })];
    },
  };
}

function isPair(params: unknown): params is LookaheadParams<unknown> {
  return typeof params === "object" && params !== null && "fast" in params && "slow" in params;
}
