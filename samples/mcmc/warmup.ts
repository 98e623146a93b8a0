/**
 * Adaptation during warm-up, on Stan's schedule (Stan reference manual, "HMC algorithm parameters"): the step size all
 * the time, the mass matrix at the end of windows that double in length.
 */
import { lax, type NdArray, numpy as np } from "weft";
import { type DualAveraging, startDualAveraging, updateDualAveraging } from "./dual-averaging.ts";
import { regularizedVariance, startWelford, updateWelford, type Welford } from "./welford.ts";

/** From the first to the last step of a window. */
export type Window = readonly [start: number, end: number];

/**
 * The windows of a warm-up: a start without the mass matrix, windows of 25, 50, 100, … steps that each end with a new
 * one, and an end that only adapts the step size to the last.
 */
export function adaptationSchedule(steps: number): Window[] {
  if (steps < 20) return [[0, steps - 1]];
  let [start, end, size] = [75, 50, 25];
  if (start + end + size > steps) {
    start = Math.trunc(0.15 * steps);
    end = Math.trunc(0.1 * steps);
    size = steps - start - end;
  }
  const windows: Window[] = [[0, start - 1]];
  const last = steps - end;
  for (let at = start; at < last; ) {
    // A window that would leave less than two of its size takes the rest.
    const fits = 3 * size <= last - at;
    const next = fits ? at + size : last;
    windows.push([at, next - 1]);
    at = next;
    if (fits) size *= 2;
  }
  windows.push([last, steps - 1]);
  return windows;
}

export interface Adaptation {
  readonly stepSize: NdArray;
  /** The estimated variances of the position: f[d]. */
  readonly inverseMass: NdArray;
  readonly averaging: DualAveraging;
  readonly variances: Welford;
  readonly window: NdArray;
}

export interface WarmupOptions {
  readonly numWarmup: number;
  /** The acceptance probability that the step size aims at. */
  readonly targetAcceptance: number;
}

export function startAdaptation(position: NdArray, stepSize: NdArray): Adaptation {
  return {
    stepSize,
    inverseMass: np.onesLike(position),
    averaging: startDualAveraging(stepSize),
    variances: startWelford(position),
    window: np.array(0, { dtype: "int32" }),
  };
}

/** The adaptation after warm-up step `i`, which ended at `position`. */
export function adapt(
  state: Adaptation,
  i: NdArray,
  acceptance: NdArray,
  position: NdArray,
  { numWarmup, targetAcceptance }: WarmupOptions,
): Adaptation {
  const windows = adaptationSchedule(numWarmup);
  const averaging = updateDualAveraging(state.averaging, np.subtract(targetAcceptance, acceptance));
  const { tiny, max } = np.finfo(acceptance.dtype);
  const isLastStep = i.equal(numWarmup - 1);
  const stepSize = np.clip(
    np.exp(np.where(isLastStep, averaging.logStepAverage, averaging.logStep)),
    tiny,
    max,
  );

  const isMiddle = np.logicalAnd(state.window.greater(0), state.window.less(windows.length - 1));
  const variances = lax.cond(
    isMiddle,
    updateWelford,
    (unchanged: Welford) => unchanged,
    state.variances,
    position,
  );
  const ends = np.array(
    windows.map(([, end]) => end),
    { dtype: "int32" },
  );
  const isWindowEnd = i.equal(lax.dynamicIndexInDim(ends, state.window, { keepdims: false }));
  const adapted: Adaptation = {
    stepSize,
    inverseMass: state.inverseMass,
    averaging,
    variances,
    window: np.where(isWindowEnd, state.window.add(1), state.window),
  };
  return lax.cond(
    np.logicalAnd(isWindowEnd, isMiddle),
    (current: Adaptation): Adaptation => ({
      ...current,
      inverseMass: regularizedVariance(current.variances),
      variances: startWelford(current.variances.mean),
      averaging: startDualAveraging(current.stepSize),
    }),
    (current: Adaptation) => current,
    adapted,
  );
}
