/** Terms added to updates: weight decay, noise (optax's `transforms/_adding.py`). */
import { type ArrayLike, convert, NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { indexInDim } from "../lax/movement.ts";
import { add, divide, multiply, power } from "../numpy/ufuncs.ts";
import { type KeyLike, key as makeKey, split, wordsOf, wrapKeyData } from "../random/keys.ts";
import {
  count0,
  type GradientTransformation,
  required,
  type ScalarOrSchedule,
  type Schedule,
  safeIncrement,
  transformation,
  withParams,
} from "./base.ts";
import { type Mask, masked } from "./masking.ts";
import { randomLike } from "./tree-utils.ts";
import { mapTree, type OptState, scalarDtype } from "./trees.ts";

/** `optax.WeightDecaySchedule`: of a weight decay that is a schedule. */
export interface WeightDecayState extends OptState {
  readonly count: NdArray;
}

/**
 * Updates plus the parameters times a number, or a schedule: weight decay (`optax.add_decayed_weights`; Loshchilov &
 * Hutter 2017). Needs the parameters. With a mask only where it is true.
 */
export function addDecayedWeights(
  weightDecay: ScalarOrSchedule = 0,
  mask: Mask | null = null,
): GradientTransformation {
  const decayed =
    typeof weightDecay === "function" ? scheduledDecay(weightDecay) : constantDecay(weightDecay);
  return mask === null ? decayed : masked(decayed, mask);
}

function constantDecay(weightDecay: ArrayLike): GradientTransformation {
  return withParams("addDecayedWeights", (g, p) =>
    weightDecay === 0 ? g : add(g, multiply(p, weightDecay)),
  );
}

function scheduledDecay(weightDecay: Schedule): GradientTransformation<WeightDecayState> {
  return transformation<WeightDecayState>(
    ["count"],
    () => ({ count: count0() }),
    (updates, { count }, params) => {
      const decay = weightDecay(count);
      return [
        mapTree((g, p) => add(g, multiply(p, decay)), updates, required(params, "addDecayedWeights")),
        { count: safeIncrement(count) },
      ];
    },
  );
}

/** `optax.AddNoiseState`. */
export interface AddNoiseState extends OptState {
  readonly count: NdArray;
  readonly rngKey: KeyLike;
}

/**
 * Updates plus normal noise of variance eta / (step + 1)^gamma (`optax.add_noise`; Neelakantan et al. 2014). `key` is a
 * key, or a seed.
 */
export function addNoise(
  eta: ArrayLike,
  gamma: ArrayLike,
  key: KeyLike | number,
): GradientTransformation<AddNoiseState> {
  return transformation<AddNoiseState>(
    ["count", "rngKey"],
    () => ({ count: count0(), rngKey: typeof key === "number" ? makeKey(key) : key }),
    (updates, state) => {
      const count = safeIncrement(state.count);
      const deviation = lax.sqrt(divide(eta, power(convert(count, scalarDtype(updates)), gamma)));
      const words = wordsOf(split(state.rngKey, 2));
      const [next, sample] = [0, 1].map((i) => indexInDim(words, i, { keepdims: false }));
      const noise = randomLike(sample, updates);
      return [
        mapTree((g, n) => add(g, multiply(n, deviation)), updates, noise),
        { count, rngKey: state.rngKey instanceof NdArray ? next : wrapKeyData(next) },
      ];
    },
  );
}
