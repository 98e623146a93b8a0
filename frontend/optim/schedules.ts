/** Learning rates by step (`optax.schedules`). A schedule takes the number of steps done, an int32 scalar or a number. */
import { type ArrayLike, asArray, convert, type NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { less, where } from "../numpy/logic.ts";
import { add, clip, divide, floor, maximum, minimum, multiply, power, subtract } from "../numpy/ufuncs.ts";
import type { Schedule } from "./base.ts";

/** A schedule as these functions give it: also of plain numbers, float32 scalars or of the shape of `count`. */
export type CountSchedule = (count: ArrayLike) => NdArray;

function steps(count: ArrayLike): NdArray {
  return convert(asArray(count), "float32");
}

/** Always the same value (`optax.constant_schedule`). */
export function constantSchedule(value: ArrayLike): (count: ArrayLike) => ArrayLike {
  return () => value;
}

/** The value at every step: what optax makes of a schedule without steps. */
function constant(value: number): CountSchedule {
  return () => convert(asArray(value), "float32");
}

/** From one value to another along a power of the remaining way (`optax.polynomial_schedule`). */
export function polynomialSchedule(
  initValue: number,
  endValue: number,
  exponent: number,
  transitionSteps: number,
  options: { transitionBegin?: number } = {},
): CountSchedule {
  const transitionBegin = Math.max(options.transitionBegin ?? 0, 0);
  if (transitionSteps <= 0) return constant(initValue);
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
): CountSchedule {
  return polynomialSchedule(initValue, endValue, 1, transitionSteps, options);
}

/** Options of `exponentialDecay` and `warmupExponentialDecaySchedule`. */
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
): CountSchedule {
  const { staircase = false, endValue = null } = options;
  const transitionBegin = Math.max(options.transitionBegin ?? 0, 0);
  if (transitionSteps <= 0 || decayRate === 0) return constant(initValue);
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
): CountSchedule {
  const { alpha = 0, exponent = 1 } = options;
  if (!(decaySteps > 0)) {
    throw new WeftValueError(
      `The cosine_decay_schedule requires positive decay_steps, got decay_steps=${decaySteps}.`,
    );
  }
  return (count) => {
    const done = minimum(steps(count), decaySteps);
    const cosine = multiply(add(lax.cos(divide(multiply(done, Math.PI), decaySteps)), 1), 0.5);
    return multiply(add(multiply(power(cosine, exponent), 1 - alpha), alpha), initValue);
  };
}

/** Boundaries in order, with their factors. Throws WeftValueError for a negative factor. */
function sortedBoundaries(
  name: string,
  boundariesAndScales: Readonly<Record<number, number>>,
): (readonly [step: number, factor: number])[] {
  const boundaries = Object.entries(boundariesAndScales).map(
    ([step, factor]) => [Number(step), factor] as const,
  );
  if (boundaries.some(([, factor]) => !(factor >= 0))) {
    throw new WeftValueError(`\`${name}\` expects non-negative scale factors`);
  }
  return boundaries.sort(([a], [b]) => a - b);
}

/** initValue times all scales whose step is past: `{ 1000: 0.1, 2000: 0.1 }` (`optax.piecewise_constant_schedule`). */
export function piecewiseConstantSchedule(
  initValue: number,
  boundariesAndScales: Readonly<Record<number, number>> = {},
): CountSchedule {
  const boundaries = sortedBoundaries("piecewise_constant_schedule", boundariesAndScales);
  return (count) => {
    let value = constant(initValue)(count);
    for (const [step, factor] of boundaries) {
      value = multiply(value, where(less(count, step), 1, factor));
    }
    return value;
  };
}

/**
 * From value to value, each the one before times its scale, linearly or along a cosine
 * (`optax.piecewise_interpolate_schedule`): `{ 1000: 10, 5000: 0.1 }` goes up tenfold in 1000 steps, then down again.
 */
export function piecewiseInterpolateSchedule(
  interpolateType: "linear" | "cosine",
  initValue: number,
  boundariesAndScales: Readonly<Record<number, number>> = {},
): CountSchedule {
  if (interpolateType !== "linear" && interpolateType !== "cosine") {
    throw new WeftValueError("`interpolate_type` must be either 'cosine' or 'linear'");
  }
  const boundaries = sortedBoundaries("piecewise_interpolate_schedule", boundariesAndScales);
  // As optax: products in float32.
  let last = Math.fround(initValue);
  let begin = 0;
  const pieces = boundaries.map(([end, factor]) => {
    const piece = { begin, end, from: last, to: Math.fround(last * Math.fround(factor)) };
    begin = end;
    last = piece.to;
    return piece;
  });
  const lastFirst = pieces.reverse();
  return (count) => {
    let value = constant(last)(count);
    for (const { begin, end, from, to } of lastFirst) {
      const done = divide(subtract(steps(count), begin), Math.max(end - begin, 1));
      const way =
        interpolateType === "linear"
          ? add(multiply(done, Math.fround(to - from)), from)
          : add(multiply(add(lax.cos(multiply(done, Math.PI)), 1), Math.fround(from - to) / 2), to);
      value = where(less(count, end), way, value);
    }
    return value;
  };
}

function checkTransitionSteps(name: string, transitionSteps: number): void {
  if (transitionSteps > 0) return;
  throw new WeftValueError(`A ${name} schedule was set with a non-positive \`transition_steps\``);
}

/** Options of `linearOnecycleSchedule` and `cosineOnecycleSchedule`. */
export interface OnecycleOptions {
  /** Part of the steps that go up. Default 0.3. */
  readonly pctStart?: number;
  /** The peak over the first value. Default 25. */
  readonly divFactor?: number;
  /** The first value over the last. Default 10⁴. */
  readonly finalDivFactor?: number;
}

/** Up, down again until `pctFinal`, 0.85 by default, then close to 0 (`optax.linear_onecycle_schedule`; Smith & Topin 2017). */
export function linearOnecycleSchedule(
  transitionSteps: number,
  peakValue: number,
  options: OnecycleOptions & { readonly pctFinal?: number } = {},
): CountSchedule {
  const { pctStart = 0.3, pctFinal = 0.85, divFactor = 25, finalDivFactor = 1e4 } = options;
  checkTransitionSteps("linear onecycle", transitionSteps);
  return piecewiseInterpolateSchedule("linear", peakValue / divFactor, {
    [Math.trunc(pctStart * transitionSteps)]: divFactor,
    [Math.trunc(pctFinal * transitionSteps)]: 1 / divFactor,
    [transitionSteps]: 1 / finalDivFactor,
  });
}

/** Up and down along cosines (`optax.cosine_onecycle_schedule`; Smith & Topin 2017). */
export function cosineOnecycleSchedule(
  transitionSteps: number,
  peakValue: number,
  options: OnecycleOptions = {},
): CountSchedule {
  const { pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 } = options;
  checkTransitionSteps("cosine onecycle", transitionSteps);
  return piecewiseInterpolateSchedule("cosine", peakValue / divFactor, {
    [Math.trunc(pctStart * transitionSteps)]: divFactor,
    [Math.trunc(transitionSteps)]: 1 / (divFactor * finalDivFactor),
  });
}

/** Schedules one after the other; each counts from where it begins (`optax.join_schedules`). */
export function joinSchedules(schedules: readonly Schedule[], boundaries: readonly number[]): CountSchedule {
  if (schedules.length !== boundaries.length + 1) {
    throw new WeftValueError(
      `join_schedules takes one boundary between two schedules, got ${boundaries.length} for ${schedules.length}`,
    );
  }
  return (count) => {
    const n = asArray(count);
    let value = asArray(schedules[0](n));
    for (const [i, boundary] of boundaries.entries()) {
      value = where(less(n, boundary), value, schedules[i + 1](subtract(n, boundary)));
    }
    return value;
  };
}

/** Up in equal steps, then the same (`optax.warmup_constant_schedule`). */
export function warmupConstantSchedule(
  initValue: number,
  peakValue: number,
  warmupSteps: number,
): CountSchedule {
  return linearSchedule(initValue, peakValue, warmupSteps);
}

/** Up in equal steps, then down along a cosine (`optax.warmup_cosine_decay_schedule`). decaySteps counts both. */
export function warmupCosineDecaySchedule(
  initValue: number,
  peakValue: number,
  warmupSteps: number,
  decaySteps: number,
  options: { endValue?: number; exponent?: number } = {},
): CountSchedule {
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
): CountSchedule {
  return joinSchedules(
    [
      linearSchedule(initValue, peakValue, warmupSteps),
      exponentialDecay(peakValue, transitionSteps, decayRate, options),
    ],
    [warmupSteps],
  );
}

/** The arguments of `warmupCosineDecaySchedule` by name. */
export interface CosineCycle {
  readonly initValue: number;
  readonly peakValue: number;
  readonly warmupSteps: number;
  /** Of the cycle, warmup included. */
  readonly decaySteps: number;
  readonly endValue?: number;
  readonly exponent?: number;
}

/** Cosine decays with warm restarts, one after the other (`optax.sgdr_schedule`; Loshchilov & Hutter 2016). */
export function sgdrSchedule(cycles: readonly CosineCycle[]): CountSchedule {
  if (cycles.length === 0) throw new WeftValueError("sgdrSchedule: there are no cycles");
  let step = 0;
  const boundaries = cycles.slice(0, -1).map(({ decaySteps }) => {
    step += decaySteps;
    return step;
  });
  return joinSchedules(
    cycles.map(({ initValue, peakValue, warmupSteps, decaySteps, ...options }) =>
      warmupCosineDecaySchedule(initValue, peakValue, warmupSteps, decaySteps, options),
    ),
    boundaries,
  );
}
