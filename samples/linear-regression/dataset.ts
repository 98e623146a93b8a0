/** The document's synthetic data: a plane over random points, with noise. NumPy's own numbers, in float64. */
import { type NdArray, numpy as np, withDefaultDevice } from "weft";
import { defaultRng } from "../python/numpy/default-rng.ts";

// This is what we're going to recover
export const [m0, m1] = [1.1, 2.1];
export const bias = 3.1;
export const noiseSd = 0.5;

/** The shape needs to be (1, 2), as in the document. */
export const coefficients = np.array([[m0, m1]], { dtype: "float64" });

/** y = m_0 * x_0 + m_1 * x_1 + b */
export function plane(x0: number, x1: number): number {
  return m0 * x0 + m1 * x1 + bias;
}

/** Einsum is really nice: [1, 2], [n, 2] → [n, 1] */
export function einsumForm(xObs: NdArray): NdArray {
  return onCpu(() => {
    return np.einsum("ij,kj->ki", coefficients, xObs).add(bias);
  });
}

export interface Observations {
  /** f64[200, 2] */
  readonly xObs: NdArray;
  /** The plane: f64[200, 1] */
  readonly yObs: NdArray;
  /** The plane with noise: f64[200, 1] */
  readonly yObsNoisy: NdArray;
}

export function makeObservations(): Observations {
  return onCpu(() => {
    const rng = defaultRng(12345);
    const xObs = rng.uniform(-10, 10, [200, 2]);

    // Typically done this way in NN literature so we get a column vector
    const yObs = xObs.matmul(coefficients.T).add(bias);

    // The document draws the noise without a seed. Here it continues the generator of x.
    const yObsNoisy = yObs.add(rng.normal(0, noiseSd, yObs.shape));
    return { xObs, yObs, yObsNoisy };
  });
}

/** Runs what NumPy, SciPy and their like do in float64, which a GPU has not, on WebAssembly. */
export function onCpu<T>(body: () => T): T {
  return withDefaultDevice(null, body);
}
