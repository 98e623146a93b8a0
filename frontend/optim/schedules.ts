/** Learning rates by step (`optax.schedules`). A schedule takes the number of steps done, an int32 scalar or a number. */
import { type ArrayLike, asArray, convert, type NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { less, where } from "../numpy/logic.ts";
import { add, clip, divide, floor, maximum, minimum, multiply, power, subtract } from "../numpy/ufuncs.ts";
import type { Schedule } from "./base.ts";

function steps(count: ArrayLike): NdArray {
  return convert(asArray(count), "float32");
}

/** Always the same value (`optax.constant_schedule`). */
export function constantSchedule(value: ArrayLike): Schedule {
  return () => value;
}

/** From one value to another along a power of the remaining way (`optax.polynomial_schedule`). */
export function polynomialSchedule(
  initValue: number,
  endValue: number,
  exponent: number,
  transitionSteps: number,
  options: { transitionBegin?: number } = {},
): Schedule {
  const { transitionBegin = 0 } = options;
  if (transitionSteps <= 0) return constantSchedule(initValue);
  return (count) => {
    const done = clip(subtract(steps(count), transitionBegin), 0, transitionSteps);
    const left = subtract(1, divide(done, transitionSteps));
    return add(multiply(power(left, exponent), initValue - endValue), endValue);
  };
}

/** From one value to another in equal steps (`optax.linear_schedule`). */
export function linearSchedule(
  initValue: number,
  endValue: number,
  transitionSteps: number,
  options: { transitionBegin?: number } = {},
): Schedule {
  return polynomialSchedule(initValue, endValue, 1, transitionSteps, options);
}

export interface ExponentialDecayOptions {
  /** Steps before the decay begins. Default 0. */
  readonly transitionBegin?: number;
  /** Whether the value changes only at whole transitions. */
  readonly staircase?: boolean;
  /** Where the decay ends. */
  readonly endValue?: number | null;
}

/** initValue · decayRate^(count / transitionSteps) (`optax.exponential_decay`). */
export function exponentialDecay(
  initValue: number,
  transitionSteps: number,
  decayRate: number,
  options: ExponentialDecayOptions = {},
): Schedule {
  const { transitionBegin = 0, staircase = false, endValue = null } = options;
  if (transitionSteps <= 0 || decayRate === 0) return constantSchedule(initValue);
  return (count) => {
    const done = subtract(steps(count), transitionBegin);
    const ratio = divide(done, transitionSteps);
    const exponent = staircase ? floor(ratio) : ratio;
    const decayed = where(lax.le(done, 0), initValue, multiply(lax.pow(decayRate, exponent), initValue));
    if (endValue === null) return decayed;
    return decayRate < 1 ? maximum(decayed, endValue) : minimum(decayed, endValue);
  };
}

/** Half a cosine from initValue to alpha · initValue (`optax.cosine_decay_schedule`; Loshchilov & Hutter 2016). */
export function cosineDecaySchedule(
  initValue: number,
  decaySteps: number,
  options: { alpha?: number; exponent?: number } = {},
): Schedule {
  const { alpha = 0, exponent = 1 } = options;
  if (!(decaySteps > 0)) {
    throw new WeftValueError(
      `The cosine_decay_schedule requires positive decay_steps, got decay_steps=${decaySteps}.`,
    );
  }
  return (count) => {
    const done = minimum(steps(count), decaySteps);
    const cosine = multiply(add(lax.cos(multiply(done, Math.PI / decaySteps)), 1), 0.5);
    return multiply(add(multiply(power(cosine, exponent), 1 - alpha), alpha), initValue);
  };
}

/** initValue times all scales whose step is past: `{ 1000: 0.1, 2000: 0.1 }` (`optax.piecewise_constant_schedule`). */
export function piecewiseConstantSchedule(
  initValue: number,
  boundariesAndScales: Readonly<Record<number, number>> = {},
): Schedule {
  const boundaries = Object.entries(boundariesAndScales).map(
    ([step, factor]) => [Number(step), factor] as const,
  );
  if (boundaries.some(([, factor]) => factor < 0)) {
    throw new WeftValueError("`piecewise_constant_schedule` expects non-negative scale factors");
  }
  return (count) => {
    let value: ArrayLike = initValue;
    for (const [step, factor] of boundaries) {
      value = multiply(value, where(less(count, step), 1, factor));
    }
    return value;
  };
}

/** Schedules one after the other; each counts from where it begins (`optax.join_schedules`). */
export function joinSchedules(schedules: readonly Schedule[], boundaries: readonly number[]): Schedule {
  if (schedules.length !== boundaries.length + 1) {
    throw new WeftValueError(
      `join_schedules takes one boundary between two schedules, got ${boundaries.length} for ${schedules.length}`,
    );
  }
  return (count) => {
    let value = schedules[0](count);
    for (const [i, boundary] of boundaries.entries()) {
      value = where(less(count, boundary), value, schedules[i + 1](subtract(count, boundary)));
    }
    return value;
  };
}

/** Up in equal steps, then down along a cosine (`optax.warmup_cosine_decay_schedule`). decaySteps counts both. */
export function warmupCosineDecaySchedule(
  initValue: number,
  peakValue: number,
  warmupSteps: number,
  decaySteps: number,
  options: { endValue?: number; exponent?: number } = {},
): Schedule {
  const { endValue = 0, exponent = 1 } = options;
  const alpha = peakValue === 0 ? 0 : endValue / peakValue;
  return joinSchedules(
    [
      linearSchedule(initValue, peakValue, warmupSteps),
      cosineDecaySchedule(peakValue, decaySteps - warmupSteps, { alpha, exponent }),
    ],
    [warmupSteps],
  );
}

/** Up in equal steps, then an exponential decay (`optax.warmup_exponential_decay_schedule`). */
export function warmupExponentialDecaySchedule(
  initValue: number,
  peakValue: number,
  warmupSteps: number,
  transitionSteps: number,
  decayRate: number,
  options: ExponentialDecayOptions = {},
): Schedule {
  return joinSchedules(
    [
      linearSchedule(initValue, peakValue, warmupSteps),
      exponentialDecay(peakValue, transitionSteps, decayRate, options),
    ],
    [warmupSteps],
  );
}
