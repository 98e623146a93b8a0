/** Arguments of a compiled function as web pages have them: typed arrays, numbers, lists, `{ data, shape }`. */
import { childrenOf, isList, type TreeSpec } from "../../compiler/program/artifact.ts";
import type { DType } from "../../compiler/types/dtype.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { typedArrayOf } from "../typed-array.ts";
import { type GivenLeaf, leafType } from "./sizes.ts";
import { Tensor } from "./tensor.ts";

const EMPTY = new ArrayBuffer(0);

export interface ArgumentLeaf extends GivenLeaf {
  readonly data: TypedArray | Tensor;
}

/** Appends the leaves of a value in the order of its parameter's tree, or what is wrong with it to `problems`. */
export function collectLeaves(
  tree: TreeSpec,
  value: unknown,
  path: string,
  leaves: ArgumentLeaf[],
  problems: string[],
): void {
  if (typeof tree === "string") {
    const leaf = readLeaf(tree, value, path);
    if (typeof leaf === "string") problems.push(`${path}: expected ${tree}, got ${leaf}`);
    else leaves.push(leaf);
    return;
  }
  if (tree === null) {
    if (value !== null && value !== undefined)
      problems.push(`${path}: expected null, got ${describe(value)}`);
    return;
  }
  const children = childrenOf(tree);
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
  const names = isList(tree) ? children.map((_, i) => String(i)) : Object.keys(tree).sort();
  for (const [i, [key, child]] of children.entries()) {
    collectLeaves(child, given[names[i]], path + key, leaves, problems);
  }
}

/** The array at a leaf, or in words what is there instead. */
function readLeaf(type: string, value: unknown, path: string): ArgumentLeaf | string {
  const { dtype, shape: wanted } = leafType(type);
  const leaf = (data: TypedArray | Tensor, shape: readonly number[] | null, count: number): ArgumentLeaf => {
    const text = shape === null ? describe(data) : `${type.slice(0, type.indexOf("["))}[${shape.join(",")}]`;
    return { path, type, data, shape, count, text };
  };
  if (value instanceof Tensor) {
    const { dtype: own, shape } = value;
    // bool lives in bytes and float16 in its bits, as they do in typed arrays.
    const same = typedArrayOf(own, EMPTY).constructor === typedArrayOf(dtype, EMPTY).constructor;
    return same ? leaf(value, shape, size(shape)) : `a tensor of ${own}`;
  }
  if (isElements(value)) {
    return fits(dtype, value) ? leaf(value, null, value.length) : describe(value);
  }
  if (typeof value === "number" || typeof value === "boolean") {
    return elements(dtype, [value], (data) => leaf(data, [], 1)) ?? describe(value);
  }
  if (Array.isArray(value)) {
    const shape: number[] = [];
    for (let x: unknown = value; Array.isArray(x); x = x[0]) shape.push(x.length);
    const flat = value.flat(Number.POSITIVE_INFINITY) as unknown[];
    if (flat.length !== size(shape)) return "a list of lists of different lengths";
    return elements(dtype, flat, (data) => leaf(data, shape, flat.length)) ?? "a list of other than numbers";
  }
  if (typeof value === "object" && value !== null && "data" in value) {
    const { data, shape } = value as { readonly data: unknown; readonly shape?: unknown };
    const inner = readLeaf(type, data, path);
    if (typeof inner === "string" || !Array.isArray(shape)) return inner;
    const given = shape.map(Number);
    return size(given) === inner.count
      ? leaf(inner.data, given, inner.count)
      : `${inner.count} elements with the shape [${given.join(",")}]`;
  }
  return wanted.length === 0 ? describe(value) : `${describe(value)} (give a typed array)`;
}

/** Numbers as a typed array, or null where one is none, or where float16 has no numbers to be written with. */
function elements<T>(dtype: DType, values: readonly unknown[], use: (data: TypedArray) => T): T | null {
  const numeric = values.every((x) => typeof x === "number" || typeof x === "boolean");
  if (!numeric || dtype === "float16") return null;
  const numbers = values.map(Number);
  const data = typedArrayOf(dtype, new ArrayBuffer(numbers.length * bytesPer(dtype)));
  data.set(dtype === "bool" ? numbers.map((x) => (x === 0 ? 0 : 1)) : numbers);
  return use(data);
}

function bytesPer(dtype: DType): number {
  return typedArrayOf(dtype, EMPTY).BYTES_PER_ELEMENT;
}

function isElements(x: unknown): x is TypedArray {
  return ArrayBuffer.isView(x) && !(x instanceof DataView);
}

/** bool is Uint8Array, float16 its bits as Uint16Array or the engine's Float16Array. */
function fits(dtype: DType, data: TypedArray): boolean {
  const own = typedArrayOf(dtype, EMPTY).constructor.name;
  const given = data.constructor.name;
  return given === own || (dtype === "float16" && given === "Float16Array");
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
