/**
 * Dual averaging: finds the step size with a wanted acceptance probability (M. D. Hoffman and A. Gelman, "The No-U-Turn
 * Sampler", 2014, section 3.2, after Y. Nesterov, 2009).
 */
import { type NdArray, numpy as np } from "weft";

/** Stabilises the first steps; how fast they are forgotten; how fast it converges. */
const T0 = 10;
const KAPPA = 0.75;
const GAMMA = 0.05;

export interface DualAveraging {
  /** The logarithm of the step size to try next. */
  readonly logStep: NdArray;
  /** Its average, which is the result. */
  readonly logStepAverage: NdArray;
  readonly gradientAverage: NdArray;
  readonly count: NdArray;
  /** The sequence is pulled towards this. */
  readonly center: NdArray;
}

/** Begins at ten times the step size: large steps cost less to try than small ones. */
export function startDualAveraging(stepSize: NdArray): DualAveraging {
  const zero = np.zerosLike(stepSize);
  return {
    logStep: zero,
    logStepAverage: zero,
    gradientAverage: zero,
    count: np.array(0, { dtype: "int32" }),
    center: np.log(stepSize.mul(10)),
  };
}

/** @param gradient the wanted acceptance probability minus the one observed */
export function updateDualAveraging(state: DualAveraging, gradient: NdArray): DualAveraging {
  const count = state.count.add(1);
  const t = count.astype(gradient.dtype);
  const weight = t.add(T0);
  const gradientAverage = state.gradientAverage
    .mul(np.subtract(1, np.divide(1, weight)))
    .add(gradient.div(weight));
  const logStep = state.center.sub(np.sqrt(t).div(GAMMA).mul(gradientAverage));
  const share = np.power(t, -KAPPA);
  const logStepAverage = state.logStepAverage.mul(np.subtract(1, share)).add(share.mul(logStep));
  return { logStep, logStepAverage, gradientAverage, count, center: state.center };
}
