/** Functions mapped over slices and elements (`jax.numpy`). */
import { switchCase } from "../control/index.ts";
import {
  type ArrayLike,
  asArray,
  convert,
  describeValue,
  formatShape,
  full,
  NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis, range } from "../lax/axes.ts";
import { concatenate, expandDims, reshape } from "../lax/movement.ts";
import { broadcastShapes } from "../lax/operands.ts";
import { argmax, cumsum } from "../lax/reductions.ts";
import { type AnyFunction, applyFunction } from "../transforms/types.ts";
import { vmap } from "../transforms/vmap.ts";
import { truth } from "./logic.ts";
import { promoteArgs, toArray } from "./promotion.ts";

function arrays(tree: unknown): NdArray {
  if (tree instanceof NdArray || typeof tree === "number" || typeof tree === "boolean") return asArray(tree);
  throw new WeftTypeError(`the function must return an array, got ${describeValue(tree)}`);
}

/**
 * A function of vectors applied to all vectors along an axis; what it returns takes the place of that axis
 * (`jnp.apply_along_axis`).
 */
export function applyAlongAxis(f: (x: NdArray) => ArrayLike, axis: number, x: ArrayLike): NdArray {
  const a = toArray("apply_along_axis", x);
  const along = canonicalizeAxis(axis, a.ndim);
  let mapped: AnyFunction = f;
  for (let i = 1; i < a.ndim - along; i++) mapped = vmap(mapped, { inAxes: i, outAxes: -1 });
  for (let i = 0; i < along; i++) mapped = vmap(mapped);
  return arrays(applyFunction(mapped, [a]));
}

/** A function of an array and an axis, as `np.sum`, applied along several axes in turn, which stay (`jnp.apply_over_axes`). */
export function applyOverAxes(
  f: (x: NdArray, axis: number) => ArrayLike,
  x: ArrayLike,
  axes: number | readonly number[],
): NdArray {
  let a = toArray("apply_over_axes", x);
  for (const given of typeof axes === "number" ? [axes] : axes) {
    const axis = canonicalizeAxis(given, a.ndim);
    const b = arrays(f(a, axis));
    if (b.ndim === a.ndim) a = b;
    else if (b.ndim === a.ndim - 1) a = expandDims(b, [axis]);
    else throw new WeftValueError("function is not returning an array of the correct shape");
  }
  return a;
}

/** Options of `vectorize`. */
export interface VectorizeOptions {
  /** Places of arguments that are passed as they are. */
  readonly excluded?: readonly number[];
  /** Core axes in NumPy's notation: `"(m,n),(n)->(m)"`. Without one the function takes and returns scalars. */
  readonly signature?: string | null;
}

type CoreAxes = readonly (readonly string[])[];

function parseSignature(signature: string): { inputs: CoreAxes; outputs: CoreAxes } {
  const core = String.raw`\((?:\w+(?:,\w+)*)?\)`;
  const list = `${core}(?:,${core})*`;
  const text = signature.replaceAll(" ", "");
  if (!new RegExp(`^${list}->${list}$`).test(text)) {
    throw new WeftValueError(`not a valid gufunc signature: ${signature}`);
  }
  const [inputs, outputs] = text
    .split("->")
    .map((side) => [...side.matchAll(new RegExp(core, "g"))].map(([group]) => group.match(/\w+/g) ?? []));
  return { inputs, outputs };
}

/** Records the extents of core axes. Throws WeftValueError where one has two extents. */
function updateSizes(
  sizes: Map<string, number>,
  shape: readonly number[],
  names: readonly string[],
  what: "input" | "output",
): void {
  const fits = what === "input" ? shape.length >= names.length : shape.length === names.length;
  if (!fits) {
    throw new WeftValueError(
      what === "input"
        ? `input with shape ${formatShape(shape)} does not have enough dimensions for all core dimensions (${names.join(", ")})`
        : `output shape ${formatShape(shape)} does not match core dimensions (${names.join(", ")})`,
    );
  }
  for (const [i, name] of names.entries()) {
    const extent = shape[shape.length - names.length + i];
    const known = sizes.get(name);
    if (known !== undefined && known !== extent) {
      throw new WeftValueError(`inconsistent size for core dimension '${name}': ${extent} vs ${known}`);
    }
    sizes.set(name, extent);
  }
}

/**
 * A function of scalars, or of arrays of the signature's core axes, made one of arrays: all other axes broadcast and
 * are mapped over (`jnp.vectorize`).
 */
export function vectorize<R>(
  f: (...args: NdArray[]) => R,
  options?: VectorizeOptions,
): (...args: ArrayLike[]) => R;
export function vectorize<R>(
  f: (...args: never[]) => R,
  options?: VectorizeOptions,
): (...args: unknown[]) => R;
export function vectorize<R>(
  f: (...args: never[]) => R,
  options: VectorizeOptions = {},
): (...args: unknown[]) => R {
  const { excluded = [], signature = null } = options;
  if (excluded.some((i) => !Number.isInteger(i) || i < 0)) {
    throw new WeftValueError(
      `excluded=[${excluded.join(", ")}] contains entries that are no argument numbers`,
    );
  }
  const parsed = signature === null ? null : parseSignature(signature);
  const wrapped = (...given: unknown[]): R => {
    const mappedPlaces = range(given.length).filter((i) => !excluded.includes(i));
    const operands = mappedPlaces.map((i) => toArray("vectorize", given[i] as ArrayLike));
    const inputs = parsed?.inputs ?? operands.map(() => []);
    if (inputs.length !== operands.length) {
      throw new WeftTypeError(
        `wrong number of positional arguments: expected ${inputs.length}, got ${operands.length} on vectorized ` +
          `function with signature ${String(signature)}`,
      );
    }
    const sizes = new Map<string, number>();
    for (const [i, x] of operands.entries()) updateSizes(sizes, x.shape, inputs[i], "input");
    const outer = operands.map((x, i) => x.shape.slice(0, x.ndim - inputs[i].length));
    const joint = broadcastShapes(...outer);
    const core = (...args: NdArray[]): unknown => {
      const all = [...given];
      for (const [k, place] of mappedPlaces.entries()) all[place] = args[k];
      const result = applyFunction(f, all);
      if (parsed !== null) checkOutputs(result, parsed.outputs, sizes);
      return result;
    };
    Object.defineProperty(core, "name", { value: f.name || "vectorized" });
    // Axes of extent 1 are left out rather than repeated: vmap broadcasts what it does not map.
    const squeezed = operands.map((x, i) =>
      reshape(x, [...outer[i].filter((n) => n !== 1), ...x.shape.slice(outer[i].length)]),
    );
    let mapped: AnyFunction = core;
    for (let axis = joint.length - 1; axis >= 0; axis--) {
      const inAxes = outer.map((shape) => {
        const own = axis - (joint.length - shape.length);
        return own >= 0 && shape[own] !== 1 ? 0 : null;
      });
      if (inAxes.every((a) => a === null)) mapped = addAxis(mapped);
      else mapped = vmap(mapped, { inAxes });
    }
    return applyFunction(mapped, squeezed) as R;
  };
  Object.defineProperty(wrapped, "name", { value: f.name || "vectorized" });
  return wrapped;
}

/** An axis that no operand has longer than 1. */
function addAxis(f: AnyFunction): AnyFunction {
  return (...args: NdArray[]) => {
    const result = applyFunction(f, args);
    const grow = (x: unknown): NdArray => expandDims(arrays(x), [0]);
    return Array.isArray(result) ? result.map(grow) : grow(result);
  };
}

function checkOutputs(result: unknown, outputs: CoreAxes, sizes: ReadonlyMap<string, number>): void {
  const list = Array.isArray(result) ? result : [result];
  if (list.length !== outputs.length) {
    throw new WeftTypeError(
      `wrong number of output arguments: expected ${outputs.length}, got ${list.length}`,
    );
  }
  const known = new Map(sizes);
  for (const [i, x] of list.entries()) updateSizes(known, arrays(x).shape, outputs[i], "output");
}

/** What stands where a condition of `piecewise` holds: a value, or a function of the elements. */
export type Piece = ArrayLike | ((x: NdArray) => ArrayLike);

/**
 * Pieces by conditions (`jnp.piecewise`): where several conditions hold, the last; where none does, 0, or the piece
 * beyond the last condition. Pieces have the dtype of x. Every element runs one branch, as under vmap all of them.
 */
export function piecewise(x: ArrayLike, conditions: readonly ArrayLike[], pieces: readonly Piece[]): NdArray {
  const a = toArray("piecewise", x);
  const n = conditions.length;
  if (pieces.length !== n && pieces.length !== n + 1) {
    throw new WeftValueError(
      `with ${n} condition(s), either ${n} or ${n + 1} functions are expected; got ${pieces.length}`,
    );
  }
  const fallback: Piece = pieces.length === n + 1 ? pieces[n] : 0;
  const all = [fallback, ...pieces.slice(0, n)];
  const branches = all.map((piece) => (element: NdArray): NdArray => {
    const value = typeof piece === "function" ? piece(element) : piece;
    return convert(toArray("piecewise", value), a.dtype);
  });
  const masks = promoteArgs("piecewise", full(0, "bool"), ...conditions.map((c) => truth(c)));
  const stacked = concatenate(
    masks.map((m) => expandDims(convert(m, "int32"), [0])),
    0,
  );
  // As JAX: the first place at which the number of conditions that hold is greatest.
  const which = argmax(cumsum(stacked, 0), 0);
  const choose = (index: NdArray, element: NdArray): NdArray => switchCase(index, branches, element);
  return vectorize(choose)(which, a);
}
