/** Variances of a stream of vectors, after B. P. Welford (1962), in a form that one pass and little rounding suffice for. */
import { type NdArray, numpy as np } from "weft";

export interface Welford {
  readonly mean: NdArray;
  /** The sum of squared distances to the mean. */
  readonly squares: NdArray;
  readonly count: NdArray;
}

export function startWelford(like: NdArray): Welford {
  return { mean: np.zerosLike(like), squares: np.zerosLike(like), count: np.array(0, { dtype: "int32" }) };
}

export function updateWelford(state: Welford, sample: NdArray): Welford {
  const count = state.count.add(1);
  const before = sample.sub(state.mean);
  const mean = state.mean.add(before.div(count.astype(sample.dtype)));
  return { mean, squares: state.squares.add(before.mul(sample.sub(mean))), count };
}

/** The variances, drawn towards 10⁻³ as Stan does, so that few samples are not trusted too much. */
export function regularizedVariance({ mean, squares, count }: Welford): NdArray {
  const n = count.astype(mean.dtype);
  const variance = squares.div(n.sub(1));
  const weight = n.add(5);
  return n.div(weight).mul(variance).add(np.divide(5, weight).mul(1e-3));
}
