/** Axes and keys of lifted loops. */
import { type NdArray, WeftValueError } from "../../../core/index.ts";
import { moveaxis } from "../../../numpy/movement.ts";
import { type KeyLike, split } from "../../../random/index.ts";
import { type Axes, flattenAxes } from "../../../transforms/vmap.ts";
import * as tree from "../../../tree/index.ts";
import type { RngGroup } from "./packed.ts";

/** Where a collection's variables have the mapped axis; null: they are shared by all. */
export type VariableAxis = number | null | { readonly in: number | null; readonly out: number | null };

/** The axes of collections on the way in or out. */
export function axisOf(axis: VariableAxis, way: "in" | "out"): number | null {
  return typeof axis === "object" && axis !== null ? axis[way] : axis;
}

/** New keys for each step, along a new first axis. */
export function splitKeys(rngs: RngGroup, count: number): RngGroup {
  return rngs.map((keys) =>
    Object.fromEntries(
      Object.entries(keys).map(([name, key]): [string, KeyLike] => [name, split(key, count)]),
    ),
  );
}

/** The array leaves of a tree with their axes from a prefix of it moved. */
export function moveAxes<T>(
  option: string,
  values: T,
  axes: Axes,
  move: (x: NdArray, axis: number) => NdArray,
): T {
  const { leaves, treedef } = tree.flatten<NdArray>(values);
  const each = flattenAxes(option, axes, treedef);
  const moved = leaves.map((x, i) => {
    const axis = each[i];
    return axis === null ? x : move(x, axis);
  });
  return tree.unflatten<T>(treedef, moved);
}

export const toFront = (x: NdArray, axis: number): NdArray => moveaxis(x, axis, 0);
export const fromFront = (x: NdArray, axis: number): NdArray => moveaxis(x, 0, axis);

/** The one extent that arguments have along their axes. Throws WeftValueError where they differ or there is none. */
export function commonLength(name: string, lengths: readonly number[], given: number | undefined): number {
  const all = new Set(given === undefined ? lengths : [given, ...lengths]);
  if (all.size > 1) throw new WeftValueError(`Inconsistent ${name}: ${[...all].join(", ")}`);
  const [length] = all;
  if (length === undefined) throw new WeftValueError(`${name} should be specified manually.`);
  return length;
}
