/** `x.at(…).set(y)`: new arrays that differ from x at some places (`jax.numpy.ndarray.at`). */

import { sameShape } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, asArray, bindOne, convert, full, NdArray, WeftValueError } from "../core/index.ts";
import { range } from "../lax/axes.ts";
import { applyCounted } from "../lax/conveniences.ts";
import * as lax from "../lax/elementwise.ts";
import { type GatherScatterMode, gatherMode } from "../lax/indexing.ts";
import { reshape, slice } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
import { type GetOptions, getIndex, type Index, planWrite, type WritePlan } from "./indexing.ts";
import { where } from "./logic.ts";
import { power, trueDivide } from "./ufuncs.ts";

/** Options of the writes of `x.at(…)`. */
export interface AtOptions {
  /** Out of bounds: "drop" and "fill" (default) leave the update out, "clip" moves it to the nearest place. */
  readonly mode?: GatherScatterMode;
  /** Promises that index vectors ascend. */
  readonly indicesAreSorted?: boolean;
  /** Promises that no place is given twice. */
  readonly uniqueIndices?: boolean;
  /** Whether negative indices count from the end; default true. Where not, they are out of bounds. */
  readonly wrapNegativeIndices?: boolean;
}

type ScatterName = "scatter" | "scatter_add" | "scatter_mul" | "scatter_min" | "scatter_max";
type Fold = (x: NdArray, y: NdArray) => NdArray;

/** Places of an array, to read or to write. Made by `x.at(…)`. */
export class IndexUpdate {
  readonly #array: NdArray;
  readonly #indices: readonly Index[];

  constructor(array: NdArray, indices: readonly Index[]) {
    this.#array = array;
    this.#indices = indices;
  }

  /** The elements there (`x.at[idx].get()`). Mode "fill" gives the fill value out of bounds. */
  get(options: GetOptions = {}): NdArray {
    return getIndex(this.#array, this.#indices, options);
  }

  /** x with values there; they broadcast to the shape of `x[idx]` and take the dtype of x (`x.at[idx].set(y)`). */
  set(values: ArrayLike, options: AtOptions = {}): NdArray {
    return this.#write("scatter", values, (_, y) => y, options);
  }
  /** x with values added there; an index given twice adds twice (`x.at[idx].add(y)`). */
  add(values: ArrayLike, options: AtOptions = {}): NdArray {
    return this.#write("scatter_add", values, lax.add, options);
  }
  /** x with values subtracted there (`x.at[idx].subtract(y)`). */
  sub(values: ArrayLike, options: AtOptions = {}): NdArray {
    return this.add(lax.neg(convert(asArray(values), this.#array.dtype)), options);
  }
  /** x multiplied by values there (`x.at[idx].multiply(y)`). */
  mul(values: ArrayLike, options: AtOptions = {}): NdArray {
    return this.#write("scatter_mul", values, lax.mul, options);
  }
  /** x divided by values there (`x.at[idx].divide(y)`); in the dtype of x. */
  div(values: ArrayLike, options: AtOptions = {}): NdArray {
    const x = this.#array;
    const divisors = new IndexUpdate(full(1, x.dtype, x.shape), this.#indices).set(values, options);
    return convert(trueDivide(x, divisors), x.dtype);
  }
  /** x to the power of values there (`x.at[idx].power(y)`). */
  pow(values: ArrayLike, options: AtOptions = {}): NdArray {
    const x = this.#array;
    const exponents = new IndexUpdate(full(1, x.dtype, x.shape), this.#indices).set(values, options);
    return convert(power(x, exponents), x.dtype);
  }
  /** The lesser of x and values there (`x.at[idx].min(y)`). */
  min(values: ArrayLike, options: AtOptions = {}): NdArray {
    return this.#write("scatter_min", values, lax.min, options);
  }
  /** The greater of x and values there (`x.at[idx].max(y)`). */
  max(values: ArrayLike, options: AtOptions = {}): NdArray {
    return this.#write("scatter_max", values, lax.max, options);
  }
  /**
   * x with f applied to the elements there (`x.at[idx].apply(f)`): once for every time a place is given, where f is
   * elementwise. As in JAX, a place given twice gets f of f.
   */
  apply(f: (x: NdArray) => NdArray, options: AtOptions = {}): NdArray {
    const x = this.#array;
    const once = this.#indices.every((i) => !(i instanceof NdArray)) || (options.uniqueIndices ?? false);
    if (once) return this.set(f(this.get({ mode: options.mode })), options);
    // How often each element is there; f as often to all of them, kept where it is due.
    const counts = new IndexUpdate(full(0, "int32", x.shape), this.#indices).add(1, options);
    return applyCounted(x, counts, f);
  }
  /** `sub` under JAX's name (`x.at[idx].subtract(y)`). */
  subtract(values: ArrayLike, options: AtOptions = {}): NdArray {
    return this.sub(values, options);
  }
  /** `mul` under JAX's name (`x.at[idx].multiply(y)`). */
  multiply(values: ArrayLike, options: AtOptions = {}): NdArray {
    return this.mul(values, options);
  }
  /** `div` under JAX's name (`x.at[idx].divide(y)`). */
  divide(values: ArrayLike, options: AtOptions = {}): NdArray {
    return this.div(values, options);
  }
  /** `pow` under JAX's name (`x.at[idx].power(y)`). */
  power(values: ArrayLike, options: AtOptions = {}): NdArray {
    return this.pow(values, options);
  }

  #write(name: ScatterName, given: ArrayLike, fold: Fold, options: AtOptions): NdArray {
    const x = this.#array;
    const values = convert(asArray(given), x.dtype);
    const masked = this.#throughMask(values, fold);
    if (masked !== null) return masked;
    const plan = planWrite(x, this.#indices, options.wrapNegativeIndices ?? true);
    const updates = fitUpdates(values, plan.shape);
    if (plan.block !== null) return writeBlock(x, plan.block, updates, fold);
    if (plan.indexed.length === 0) return fold(x, broadcastTo(plan.arrangeUpdates(updates), x.shape));
    return scatterInto(name, x, plan, updates, options);
  }

  /** A boolean mask and a scalar: a select, which needs no positions and so works under jit. */
  #throughMask(values: NdArray, fold: Fold): NdArray | null {
    const [mask, ...rest] = this.#indices;
    const x = this.#array;
    if (rest.length > 0 || !(mask instanceof NdArray) || mask.dtype !== "bool" || values.ndim !== 0)
      return null;
    if (!sameShape(mask.shape, x.shape.slice(0, mask.ndim))) return null;
    const spread = reshape(mask, [...mask.shape, ...range(x.ndim - mask.ndim).map(() => 1)]);
    return where(spread, fold(x, broadcastTo(values, x.shape)), x);
  }
}

/** Updates broadcast to the shape of `x[indices]`. */
function fitUpdates(values: NdArray, shape: readonly number[]): NdArray {
  // NumPy lets updates have further leading axes of extent 1.
  const extra = Math.max(0, values.ndim - shape.length);
  const trimmed = values.shape.slice(0, extra).every((n) => n === 1)
    ? reshape(values, values.shape.slice(extra))
    : values;
  const fits = sameShape(broadcastShapes(trimmed.shape, shape), shape);
  if (!fits) {
    throw new WeftValueError(
      `Incompatible shapes for broadcasting: updates of shape (${values.shape.join(", ")}) into (${shape.join(", ")})`,
    );
  }
  return broadcastTo(trimmed, shape);
}

function writeBlock(
  x: NdArray,
  { starts, sizes }: NonNullable<WritePlan["block"]>,
  updates: NdArray,
  fold: Fold,
): NdArray {
  const block = reshape(updates, sizes);
  if (sameShape(sizes, x.shape)) return fold(x, block);
  const old = slice(
    x,
    starts,
    starts.map((s, axis) => s + sizes[axis]),
  );
  const places = starts.map((s) => full(s, "int32"));
  return bindOne("dynamic_update_slice", [x, fold(old, block), ...places], {}, x.weakType);
}

function scatterInto(
  name: ScatterName,
  x: NdArray,
  plan: WritePlan,
  updates: NdArray,
  options: AtOptions,
): NdArray {
  const indices = plan.indices();
  const outer = indices.ndim - 1;
  return bindOne(
    name,
    [x, indices, plan.arrangeUpdates(updates)],
    {
      updateWindowDims: range(plan.windowRank).map((i) => i + outer),
      insertedWindowDims: plan.inserted,
      scatterDimsToOperandDims: plan.indexed,
      operandBatchingDims: [],
      scatterIndicesBatchingDims: [],
      indicesAreSorted: options.indicesAreSorted ?? false,
      uniqueIndices: options.uniqueIndices ?? false,
      mode: gatherMode(options.mode ?? "drop"),
    },
    x.weakType,
  );
}
