/** Arguments of a compiled function as web pages have them: typed arrays, numbers, lists, `{ data, shape }`. */
import { childrenOf, isList, type TreeSpec } from "../../compiler/program/artifact.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { arrayClass } from "./elements.ts";
import { type GivenLeaf, leafType } from "./sizes.ts";

/** An array that is on a device already. */
export interface PlacedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** The class of such arrays: of Wasm's memory, or of a GPU. */
export type TensorClass<T> = abstract new (...args: never[]) => T;

export interface ArgumentLeaf<T> extends GivenLeaf {
  readonly data: TypedArray | T;
}

/** Appends the leaves of a value in the order of its parameter's tree, or what is wrong with it to `problems`. */
export function collectLeaves<T extends PlacedTensor>(
  tree: TreeSpec,
  value: unknown,
  path: string,
  leaves: ArgumentLeaf<T>[],
  problems: string[],
  tensors: TensorClass<T>,
): void {
  if (typeof tree === "string") {
    const leaf = readLeaf(tree, value, path, tensors);
    if (typeof leaf === "string") problems.push(`${path}: expected ${tree}, got ${leaf}`);
    else leaves.push(leaf);
    return;
  }
  if (tree === null) {
    if (value !== null && value !== undefined)
      problems.push(`${path}: expected null, got ${describe(value)}`);
    return;
  }
  const given = value as Readonly<Record<string, unknown>>;
  if (isList(tree)) {
    if (!Array.isArray(value) || value.length !== tree.length) {
      problems.push(`${path}: expected a list of ${tree.length}, got ${describe(value)}`);
      return;
    }
  } else {
    if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
      problems.push(`${path}: expected {${Object.keys(tree).join(", ")}}, got ${describe(value)}`);
      return;
    }
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(tree, key)) problems.push(`${path}: has ${key}, which was not expected`);
    }
  }
  for (const [part, child, key] of childrenOf(tree)) {
    collectLeaves(child, given[key], path + part, leaves, problems, tensors);
  }
}

/** The array at a leaf, or in words what is there instead. */
function readLeaf<T extends PlacedTensor>(
  type: string,
  value: unknown,
  path: string,
  tensors: TensorClass<T>,
): ArgumentLeaf<T> | string {
  const { dtype } = leafType(type);
  const leaf = (data: TypedArray | T, shape: readonly number[] | null, count: number): ArgumentLeaf<T> => {
    const text = shape === null ? describe(data) : `${dtype}[${shape}]`;
    return { path, type, data, shape, count, text };
  };
  if (value instanceof tensors) {
    const same = arrayClass(value.dtype) === arrayClass(dtype);
    return same ? leaf(value, value.shape, size(value.shape)) : `a tensor of ${value.dtype}`;
  }
  if (isElements(value)) return fits(dtype, value) ? leaf(value, null, value.length) : describe(value);
  if (Array.isArray(value) || typeof value === "number" || typeof value === "boolean") {
    const shape: number[] = [];
    for (let x: unknown = value; Array.isArray(x); x = x[0]) shape.push(x.length);
    const flat: unknown[] = [value].flat(Infinity);
    const numeric = flat.every((x) => typeof x === "number" || typeof x === "boolean");
    // How numbers are written in float16 is not known here.
    if (!numeric || dtype === "f16" || flat.length !== size(shape)) return describe(value);
    const numbers = flat.map((x) => (dtype === "bool" ? Number(Boolean(x)) : Number(x)));
    return leaf(arrayClass(dtype).from(numbers), shape, flat.length);
  }
  const { data, shape } = (value ?? {}) as { readonly data?: unknown; readonly shape?: unknown };
  if (data === undefined) return describe(value);
  const inner = readLeaf(type, data, path, tensors);
  if (typeof inner === "string" || !Array.isArray(shape)) return inner;
  const given = shape.map(Number);
  return size(given) === inner.count
    ? leaf(inner.data, given, inner.count)
    : `${inner.count} elements with the shape [${given}]`;
}

function isElements(x: unknown): x is TypedArray {
  return ArrayBuffer.isView(x) && !(x instanceof DataView);
}

/** Where an engine has Float16Array, float16 may be that as well as its bits. */
function fits(dtype: string, data: TypedArray): boolean {
  return data instanceof arrayClass(dtype) || (dtype === "f16" && data.constructor.name === "Float16Array");
}

function size(shape: readonly number[]): number {
  return shape.reduce((n, x) => n * x, 1);
}

function describe(x: unknown): string {
  if (isElements(x)) return `${x.constructor.name} of ${x.length}`;
  if (Array.isArray(x)) return `a list of ${x.length}`;
  if (typeof x === "object" && x !== null) return `{${Object.keys(x).join(", ")}}`;
  return typeof x === "string" ? JSON.stringify(x) : String(x);
}
