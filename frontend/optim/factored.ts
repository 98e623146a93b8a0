/** Second moments of matrices by a row and a column (optax's `_src/factorized.py`; Shazeer & Stern 2018). */
import { type ArrayLike, asArray, convert, full, type NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { expandDims } from "../lax/movement.ts";
import { constantLike } from "../lax/operands.ts";
import { mean } from "../numpy/reductions.ts";
import { add, divide, multiply, power, square, subtract } from "../numpy/ufuncs.ts";
import { count0, type GradientTransformation, required, safeIncrement, transformation } from "./base.ts";
import { arraysOf, mapParts, mapTree, type OptState } from "./trees.ts";

/** `optax.FactoredState`. Of vRow and vCol on the one side and v on the other, what a leaf does not use is [0]. */
export interface FactoredState extends OptState {
  readonly count: NdArray;
  readonly vRow: unknown;
  readonly vCol: unknown;
  readonly v: unknown;
}

/** Options of `scaleByFactoredRms`. */
export interface FactoredRmsOptions {
  /** Whether matrices are factored at all. Default true. */
  readonly factored?: boolean;
  /** Exponent of the step by which the decay grows towards 1. Default 0.8. */
  readonly decayRate?: ArrayLike;
  /** Steps not counted: of a training before this one. Default 0. */
  readonly stepOffset?: ArrayLike;
  /** Least second greatest axis of an array that is factored. Default 128. */
  readonly minDimSizeToFactor?: number;
  /** Added to the squares. Default 1e-30. */
  readonly epsilon?: ArrayLike;
  /** Decay by step and `decayRate`. Default 1 − (step + 1)^−decayRate. */
  readonly decayRateFn?: (step: NdArray, decayRate: ArrayLike) => ArrayLike;
}

function decayRatePow(step: NdArray, exponent: ArrayLike): NdArray {
  const t = convert(add(step, 1), "float32");
  const negative = typeof exponent === "number" ? -exponent : lax.neg(asArray(exponent));
  return subtract(1, power(t, negative));
}

/** The second greatest and the greatest axis, or null for an array that is not factored. */
function factoredAxes(
  shape: readonly number[],
  factored: boolean,
  least: number,
): [second: number, first: number] | null {
  if (!factored || shape.length < 2) return null;
  const order = shape.map((_, axis) => axis).sort((a, b) => shape[a] - shape[b]);
  const [second, first] = order.slice(-2);
  return shape[second] < least ? null : [second, first];
}

function without(x: NdArray, axis: number): number[] {
  return x.shape.filter((_, a) => a !== axis);
}

/** Updates over the root of their mean square, which is kept factored (`optax.scale_by_factored_rms`). Needs the parameters. */
export function scaleByFactoredRms(options: FactoredRmsOptions = {}): GradientTransformation<FactoredState> {
  const { factored = true, decayRate = 0.8, stepOffset = 0, minDimSizeToFactor = 128 } = options;
  const { epsilon = 1e-30, decayRateFn = decayRatePow } = options;
  const axesOf = (x: NdArray) => factoredAxes(x.shape, factored, minDimSizeToFactor);
  return transformation<FactoredState>(
    ["count", "vRow", "vCol", "v"],
    (params) => {
      const unused = (p: NdArray) => full(0, p.dtype, [1]);
      return {
        count: count0(),
        vRow: mapTree((p) => {
          const axes = axesOf(p);
          return axes === null ? unused(p) : full(0, p.dtype, without(p, axes[1]));
        }, params),
        vCol: mapTree((p) => {
          const axes = axesOf(p);
          return axes === null ? unused(p) : full(0, p.dtype, without(p, axes[0]));
        }, params),
        v: mapTree((p) => (axesOf(p) === null ? constantLike(p, 0) : unused(p)), params),
      };
    },
    (updates, state, params) => {
      const decay = asArray(decayRateFn(subtract(state.count, stepOffset), decayRate));
      const average = (old: NdArray, fresh: NdArray, { dtype }: NdArray): NdArray =>
        convert(add(multiply(decay, old), multiply(subtract(1, decay), fresh)), dtype);
      // Per leaf: update, vRow, vCol, v.
      const results = mapParts(
        (g, ...others) => {
          const [vRow, vCol, v, p] = arraysOf(others);
          const squares = add(square(g), epsilon);
          const axes = axesOf(p);
          if (axes === null) {
            const next = average(v, squares, p);
            return [multiply(g, power(next, -0.5)), vRow, vCol, next];
          }
          const [d1, d0] = axes;
          const row = average(vRow, mean(squares, { axis: d0 }), p);
          const column = average(vCol, mean(squares, { axis: d1 }), p);
          const rowMean = mean(row, { axis: d1 > d0 ? d1 - 1 : d1, keepdims: true });
          const rowFactor = expandDims(power(divide(row, rowMean), -0.5), [d0]);
          const columnFactor = expandDims(power(column, -0.5), [d1]);
          return [multiply(multiply(g, rowFactor), columnFactor), row, column, v];
        },
        updates,
        state.vRow,
        state.vCol,
        state.v,
        required(params, "scaleByFactoredRms"),
      );
      const pick = (at: number) =>
        mapParts((_, result) => (Array.isArray(result) ? result[at] : result), updates, results);
      return [pick(0), { count: safeIncrement(state.count), vRow: pick(1), vCol: pick(2), v: pick(3) }];
    },
  );
}
