/** `tree`: functions over pytrees, as `jax.tree`. */
import { WeftTypeError, WeftValueError } from "../../compiler/types/errors.ts";
import type { NdArray } from "../core/array.ts";
import {
  flatten as flattenTree,
  flattenWithPath as flattenTreeWithPath,
  flattenUpTo,
  type IsLeaf,
  leafPaths,
  structureDifference,
  unflatten as unflattenTree,
} from "./tree.ts";
import { arrayDef, childKey, equalDefs, formatPath, type KeyPath, type TreeDef } from "./treedef.ts";

export { isPartial, type Partial, partial } from "./partial.ts";
export * from "./registration.ts";
export { type IsLeaf, registerPytreeNode } from "./tree.ts";
export {
  equalDefs,
  formatDef as formatTreeDef,
  formatPath,
  type Key,
  type KeyPath,
  type TreeDef,
} from "./treedef.ts";

/** What is a leaf to the type checker. A class instance that is registered as a node is not seen as one. */
type LeafType = NdArray | number | string | boolean | bigint | symbol | undefined | ArrayBufferView;

/** A tree of the same structure with leaves of type U. */
export type MapLeaves<T, U> = T extends null
  ? null
  : T extends NdArray
    ? // An array that is declared as more than one, such as a leaf of nn.VariableTree, stays what it is.
      NdArray extends U
      ? T
      : U
    : T extends LeafType | ((...args: never[]) => unknown)
      ? U
      : T extends object
        ? { [K in keyof T]: MapLeaves<T[K], U> }
        : U;

/** What the leaves of a tree are. */
export type LeafOf<T> = T extends null
  ? never
  : T extends LeafType | ((...args: never[]) => unknown)
    ? T
    : T extends readonly (infer E)[]
      ? LeafOf<E>
      : T extends object
        ? LeafOf<T[keyof T]>
        : T;

/** The leaves of a tree, and its structure without them. */
export interface Flattened<L> {
  readonly leaves: L[];
  readonly treedef: TreeDef;
}

/** The leaves in order (object keys sorted) and the structure. */
export function flatten<L = unknown>(tree: unknown, isLeaf?: IsLeaf): Flattened<L> {
  const { leaves, treedef } = flattenTree(tree, isLeaf);
  return { leaves: leaves as L[], treedef };
}

/** The tree of a structure with these leaves. Throws WeftValueError if their number does not fit. */
export function unflatten<T = unknown>(treedef: TreeDef, leaves: readonly unknown[]): T {
  return unflattenTree(treedef, leaves) as T;
}

/** The leaves of a tree in order (`jax.tree.leaves`). */
export function leaves<L = unknown>(tree: unknown, isLeaf?: IsLeaf): L[] {
  return flatten<L>(tree, isLeaf).leaves;
}

/** The structure of a tree (`jax.tree.structure`). */
export function structure(tree: unknown, isLeaf?: IsLeaf): TreeDef {
  return flattenTree(tree, isLeaf).treedef;
}

/**
 * Applies `f` to the leaves of a tree, and of further trees of the same structure. Throws WeftValueError naming the
 * path where structures differ.
 */
export function map<T, U, R extends readonly unknown[]>(
  f: (leaf: LeafOf<NoInfer<T>>, ...rest: { [K in keyof R]: LeafOf<R[K]> }) => U,
  tree: T,
  ...rest: R
): MapLeaves<T, U> {
  return mapWithPath<T, U, R>((_, leaf, ...others) => f(leaf, ...others), tree, ...rest);
}

/** `map`, with the key path of each leaf: `formatPath(path)` gives `.layers[1].w`. */
export function mapWithPath<T, U, R extends readonly unknown[]>(
  f: (path: KeyPath, leaf: LeafOf<NoInfer<T>>, ...rest: { [K in keyof R]: LeafOf<R[K]> }) => U,
  tree: T,
  ...rest: R
): MapLeaves<T, U> {
  const first = flattenTree(tree);
  const others = rest.map((other, i) => flattenUpTo(first.treedef, other, `tree ${i + 2}`));
  const paths = leafPaths(first.treedef);
  const mapped = first.leaves.map((leaf, i) =>
    f(paths[i], leaf as LeafOf<T>, ...(others.map((o) => o[i]) as { [K in keyof R]: LeafOf<R[K]> })),
  );
  return unflattenTree(first.treedef, mapped) as MapLeaves<T, U>;
}

/** Options of `mapWithOptions`, `reduce` and `all`. */
export interface LeafOptions {
  /** Asked of every node on the way down: true makes it a leaf, with all that is below. */
  readonly isLeaf?: IsLeaf;
}

/** `map`, with nodes that `isLeaf` holds for as leaves of the first tree; `f` is given what the others have there. */
export function mapWithOptions(
  options: LeafOptions,
  f: (leaf: unknown, ...rest: unknown[]) => unknown,
  tree: unknown,
  ...rest: readonly unknown[]
): unknown {
  const first = flattenTree(tree, options.isLeaf);
  const others = rest.map((other, i) => flattenUpTo(first.treedef, other, `tree ${i + 2}`));
  return unflattenTree(
    first.treedef,
    first.leaves.map((leaf, i) => f(leaf, ...others.map((o) => o[i]))),
  );
}

/** Folds the leaves in order. Without `initial` an empty tree throws WeftTypeError. */
export function reduce<L>(
  f: (accumulated: L, leaf: L) => L,
  tree: unknown,
  initial?: L,
  options: LeafOptions = {},
): L {
  const all = leaves<L>(tree, options.isLeaf);
  if (initial !== undefined) return all.reduce(f, initial);
  if (all.length === 0) throw new WeftTypeError("tree.reduce of an empty tree with no initial value");
  return all.reduce(f);
}

/** Options of `reduceAssociative` and `reduce`. */
export interface ReduceOptions<L> extends LeafOptions {
  /** The result for a tree without leaves. */
  readonly identity?: L;
}

/**
 * Combines the leaves pairwise, neighbours first, in a tree of logarithmic depth (`jax.tree.reduce_associative`). An empty
 * tree without `identity` throws WeftTypeError.
 */
export function reduceAssociative<L>(
  operation: (x: L, y: L) => L,
  tree: unknown,
  options: ReduceOptions<L> = {},
): L {
  let level = leaves<L>(tree, options.isLeaf);
  if (level.length === 0) {
    if (options.identity !== undefined) return options.identity;
    throw new WeftTypeError("Must specify identity for parallel reduction of empty tree.");
  }
  while (level.length > 1) {
    const next: L[] = [];
    for (let i = 0; i < level.length; i += 2) {
      next.push(i + 1 < level.length ? operation(level[i], level[i + 1]) : level[i]);
    }
    level = next;
  }
  return level[0];
}

/** Whether `pred` (default: truth) holds for all leaves. */
export function all(
  tree: unknown,
  pred: (leaf: unknown) => boolean = Boolean,
  options: LeafOptions = {},
): boolean {
  return leaves(tree, options.isLeaf).every(pred);
}

/** Whether all values are leaves: none a node or null (`jax.tree_util.all_leaves`). */
export function allLeaves(values: Iterable<unknown>, isLeaf?: IsLeaf): boolean {
  return [...values].every((value) => flattenTree(value, isLeaf).treedef.kind === "leaf");
}

/** The tree of the structure of `full` whose leaves are those of its prefix `prefix`, each where it stands (`jax.tree.broadcast`). */
export function broadcast<T = unknown>(prefix: unknown, full: unknown, isLeaf?: IsLeaf): T {
  const { leaves: values, treedef } = flattenTree(prefix, isLeaf);
  const children = flattenUpTo(treedef, full, "full_tree");
  const spread = children.flatMap((child, i) =>
    new Array<unknown>(flattenTree(child).leaves.length).fill(values[i]),
  );
  return unflattenTree(flattenTree(full).treedef, spread) as T;
}

/** Options of `keystr`. */
export interface KeystrOptions {
  /** Names alone, without dots and brackets. */
  readonly simple?: boolean;
  /** Between the keys; default none. */
  readonly separator?: string;
}

/** A key path in print (`jax.tree_util.keystr`): `.layers[0].w`; simple, with "/" between: `layers/0/w`. */
export function keystr(path: KeyPath, { simple = false, separator = "" }: KeystrOptions = {}): string {
  return path
    .map((key) => (simple ? (key.kind === "index" ? `${key.index}` : key.name) : formatPath([key])))
    .join(separator);
}

/** The children of a node and what they are called, or null for a leaf (`tree_util.flatten_one_level_with_keys`). */
export function flattenOneLevel(value: unknown): { children: unknown[]; path: KeyPath } | null {
  const { treedef } = flattenTree(value, (node) => node !== value);
  if (treedef.kind === "leaf") return null;
  if (treedef.kind === "null") return { children: [], path: [] };
  return {
    children: flattenTree(value, (node) => node !== value).leaves,
    path: treedef.children.map((_, i) => childKey(treedef, i)),
  };
}

/** Structures of a node's children; none of a leaf (`jax.tree_util.treedef_children`). */
export function treedefChildren(treedef: TreeDef): readonly TreeDef[] {
  return treedef.kind === "leaf" || treedef.kind === "null" ? [] : treedef.children;
}

/** Whether a structure is that of a single leaf (`jax.tree_util.treedef_is_leaf`). */
export function treedefIsLeaf(treedef: TreeDef): boolean {
  return treedef.kind === "leaf";
}

/** The structure of an array of values of these structures (`jax.tree_util.treedef_tuple`). */
export function treedefTuple(treedefs: readonly TreeDef[]): TreeDef {
  return arrayDef(treedefs);
}

/** The children of `value` where `treedef` has its leaves; below them it may have anything (`PyTreeDef.flatten_up_to`). */
export function flattenUpToTree(treedef: TreeDef, value: unknown): unknown[] {
  return flattenUpTo(treedef, value);
}

/** A tree of structure `outer` of trees of structure `inner` → the other way round (`jax.tree.transpose`). */
export function transpose<T = unknown>(outer: TreeDef, inner: TreeDef, tree: unknown): T {
  const rows = flattenUpTo(outer, tree).map((child, i) => {
    const found = flattenTree(child);
    const problem = structureDifference(inner, found.treedef, `tree${formatPath(leafPaths(outer)[i])}`);
    if (problem !== null) throw new WeftValueError(`tree.transpose: ${problem}`);
    return found.leaves;
  });
  const columns = Array.from({ length: inner.leaves }, (_, j) =>
    unflattenTree(
      outer,
      rows.map((row) => row[j]),
    ),
  );
  return unflattenTree(inner, columns) as T;
}

/** Each leaf with its key path. */
export function flattenWithPath<L = unknown>(
  tree: unknown,
  isLeaf?: IsLeaf,
): { leaves: { path: KeyPath; leaf: L }[]; treedef: TreeDef } {
  const { leaves: found, treedef } = flattenTreeWithPath(tree, isLeaf);
  return { leaves: found.map(({ path, leaf }) => ({ path, leaf: leaf as L })), treedef };
}

/** The leaves of a tree with their paths (`jax.tree.leaves_with_path`). */
export function leavesWithPath<L = unknown>(tree: unknown, isLeaf?: IsLeaf): { path: KeyPath; leaf: L }[] {
  return flattenWithPath<L>(tree, isLeaf).leaves;
}

/** Whether two structures are the same. */
export function sameStructure(a: TreeDef, b: TreeDef): boolean {
  return equalDefs(a, b);
}
