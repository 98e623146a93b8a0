/** Initializers of Haiku: they draw their keys from the transformed function's (`haiku/_src/initializers.py`). */
import type { DType } from "../../compiler/types/dtype.ts";
import { sizeOf } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, convert, full, type NdArray, WeftValueError } from "../core/index.ts";
import { reshape, transpose } from "../lax/movement.ts";
import { broadcastTo, diag, eye, linalg, moveaxis, sign } from "../numpy/index.ts";
import { toArray } from "../numpy/promotion.ts";
import { normal, truncatedNormal, uniform } from "../random/index.ts";
import { nextRngKey } from "./parameters.ts";

/** A number in a dtype. */
const scalar = (value: number, dtype: DType): NdArray => full(value, dtype);

/** All one value. */
export class Constant {
  constructor(readonly constant: ArrayLike) {}

  call(shape: readonly number[], dtype: DType): NdArray {
    return convert(broadcastTo(toArray("Constant", this.constant), shape), dtype);
  }
}

/** Normally distributed numbers (`haiku.initializers.RandomNormal`). */
export class RandomNormal {
  constructor(
    readonly stddev = 1,
    readonly mean = 0,
  ) {}

  call(shape: readonly number[], dtype: DType): NdArray {
    const z = normal(nextRngKey(), shape, { dtype });
    return scalar(this.mean, dtype).add(scalar(this.stddev, dtype).mul(z));
  }
}

/** Normal, cut off at `lower` and `upper` standard deviations. */
export class TruncatedNormal {
  constructor(
    readonly stddev = 1,
    readonly mean = 0,
    readonly lower = -2,
    readonly upper = 2,
  ) {}

  call(shape: readonly number[], dtype: DType): NdArray {
    const z = truncatedNormal(nextRngKey(), this.lower, this.upper, shape, { dtype });
    return scalar(this.stddev, dtype).mul(z).add(scalar(this.mean, dtype));
  }
}

/** Uniform on [minval, maxval). */
export class RandomUniform {
  constructor(
    readonly minval = 0,
    readonly maxval = 1,
  ) {}

  call(shape: readonly number[], dtype: DType): NdArray {
    return uniform(nextRngKey(), shape, { dtype, minval: this.minval, maxval: this.maxval });
  }
}

/** Standard deviation of a standard normal cut off at ±2 (scipy.stats.truncnorm.std), in float32. */
const TRUNCATED_STDDEV = 0.87962566103423978;

/** Variance scale / fan, of a distribution; Glorot, He and LeCun are cases of it. */
export class VarianceScaling {
  constructor(
    readonly scale = 1,
    readonly mode: "fan_in" | "fan_out" | "fan_avg" = "fan_in",
    readonly distribution: "truncated_normal" | "normal" | "uniform" = "truncated_normal",
    readonly fanInAxes: readonly number[] | null = null,
  ) {
    if (scale < 0) throw new WeftValueError("`scale` must be a positive float.");
    if (!["fan_in", "fan_out", "fan_avg"].includes(mode)) {
      throw new WeftValueError(`Invalid \`mode\` argument: ${mode}`);
    }
    if (!["truncated_normal", "normal", "uniform"].includes(distribution)) {
      throw new WeftValueError(`Invalid \`distribution\` argument: ${distribution}`);
    }
  }

  call(shape: readonly number[], dtype: DType): NdArray {
    const [fanIn, fanOut] = fans(shape, this.fanInAxes);
    const fan = { fan_in: fanIn, fan_out: fanOut, fan_avg: (fanIn + fanOut) / 2 }[this.mode];
    const variance = this.scale / Math.max(1, fan);
    if (this.distribution === "uniform") {
      const limit = Math.sqrt(3 * variance);
      return new RandomUniform(-limit, limit).call(shape, dtype);
    }
    const stddev = Math.sqrt(variance);
    if (this.distribution === "normal") return new RandomNormal(stddev).call(shape, dtype);
    const rounded = dtype === "float64" ? TRUNCATED_STDDEV : Math.fround(TRUNCATED_STDDEV);
    return new TruncatedNormal(stddev / rounded).call(shape, dtype);
  }
}

/** Numbers of inputs and outputs of a weight of a shape. */
function fans(shape: readonly number[], fanInAxes: readonly number[] | null): [number, number] {
  if (shape.length < 1) return [1, 1];
  if (shape.length === 1) return [shape[0], shape[0]];
  if (shape.length === 2) return [shape[0], shape[1]];
  if (fanInAxes !== null) {
    return [
      sizeOf(fanInAxes.map((axis) => shape[axis])),
      sizeOf(shape.filter((_, axis) => !fanInAxes.includes(axis))),
    ];
  }
  const field = sizeOf(shape.slice(0, -2));
  return [shape[shape.length - 2] * field, shape[shape.length - 1] * field];
}

/** Uniform with variance scale² / inputs. */
export class UniformScaling {
  constructor(readonly scale = 1) {}

  call(shape: readonly number[], dtype: DType): NdArray {
    const limit = Math.sqrt(3 / sizeOf(shape.slice(0, -1))) * this.scale;
    return new RandomUniform(-limit, limit).call(shape, dtype);
  }
}

/** Orthogonal rows or columns (Saxe et al. 2014). */
export class Orthogonal {
  constructor(
    readonly scale = 1,
    readonly axis = -1,
  ) {}

  call(shape: readonly number[], dtype: DType): NdArray {
    if (shape.length < 2) throw new WeftValueError("Orthogonal initializer requires at least a 2D shape.");
    const axis = this.axis < 0 ? this.axis + shape.length : this.axis;
    const rows = shape[axis];
    const columns = sizeOf(shape) / rows;
    const matrix = normal(nextRngKey(), rows > columns ? [rows, columns] : [columns, rows], { dtype });
    const [q, r] = linalg.qr(matrix);
    // So that Q is uniformly distributed.
    const signed = q.mul(sign(diag(r)));
    const oriented = rows < columns ? transpose(signed, [1, 0]) : signed;
    const spread = reshape(oriented, [rows, ...shape.filter((_, each) => each !== axis)]);
    return moveaxis(spread, 0, axis).mul(scalar(this.scale, dtype));
  }
}

/** `gain` on the diagonal of the last two axes. */
export class Identity {
  constructor(readonly gain = 1) {}

  call(shape: readonly number[], dtype: DType): NdArray {
    if (shape.length < 2) throw new WeftValueError("Identity initializer requires at least a 2D shape.");
    const [rows, columns] = shape.slice(-2);
    return broadcastTo(eye(rows, columns, { dtype }), shape).mul(scalar(this.gain, dtype));
  }
}
