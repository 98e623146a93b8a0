/** Parts of optimizer states by name (optax's `tree_utils/_state_utils.py`). */
import { asArray, convert, NdArray, WeftValueError } from "../core/index.ts";
import { flattenOneLevel } from "../tree/index.ts";
import { flatten, unflatten } from "../tree/tree.ts";
import { formatPath, type Key, type KeyPath } from "../tree/treedef.ts";

/** A part of a state and where it is. */
export interface StateEntry {
  readonly path: KeyPath;
  readonly value: unknown;
}

/** Which of several parts of one name are meant. */
export type StateFilter = (path: KeyPath, value: unknown) => boolean;

/** All parts of this name (`optax.tree.get_all_with_path`), outer ones before what is in them. */
export function getAllWithPath(tree: unknown, key: string, filtering?: StateFilter): StateEntry[] {
  const found: StateEntry[] = [];
  const walk = (node: unknown, path: readonly Key[]): void => {
    const level = childrenOf(node);
    for (const [i, child] of level.children.entries()) {
      const at = [...path, level.path[i]];
      if (isNamed(level.path[i], key) && (filtering?.(at, child) ?? true))
        found.push({ path: at, value: child });
    }
    for (const [i, child] of level.children.entries()) walk(child, [...path, level.path[i]]);
  };
  walk(tree, []);
  return found;
}

function isNamed(key: Key, name: string): boolean {
  return key.kind === "field" && key.name === name;
}

/** The children of a node; none of a leaf. */
function childrenOf(node: unknown): { children: readonly unknown[]; path: KeyPath } {
  return flattenOneLevel(node) ?? { children: [], path: [] };
}

/**
 * The part of a state that has this name: `optim.tree.get(state, "count")` (`optax.tree.get`); undefined where there is
 * none. `T` is what the caller knows it to be. Throws WeftValueError where there are several and `filtering` does not choose.
 */
export function get<T = NdArray>(tree: unknown, key: string, filtering?: StateFilter): T | undefined {
  const found = getAllWithPath(tree, key, filtering);
  if (found.length > 1) {
    throw new WeftValueError(
      `Found multiple values for '${key}': at ${found.map(({ path }) => formatPath(path)).join(", ")}; choose by filtering`,
    );
  }
  return found[0]?.value as T | undefined;
}

/**
 * The state with other values in the parts of these names (`optax.tree.set`):
 *
 *     state = optim.tree.set(state, { learningRate: 1e-4 });
 *
 * A number takes the dtype of the array it replaces. Throws WeftValueError where a name is not found.
 */
export function set<T>(tree: T, values: Readonly<Record<string, unknown>>, filtering?: StateFilter): T {
  const missing = Object.keys(values).filter((key) => getAllWithPath(tree, key, filtering).length === 0);
  if (missing.length > 0) {
    throw new WeftValueError(
      `Found no values matching '${missing.join("', '")}'${filtering === undefined ? "" : " given the filtering operation"} in the state`,
    );
  }
  const replace = (node: unknown, path: readonly Key[]): unknown => {
    const { leaves, treedef } = flatten(node, (value) => value !== node);
    if (treedef.kind === "leaf" || treedef.kind === "null") return node;
    const keys = childrenOf(node).path;
    const children = leaves.map((child, i) => {
      const key = keys[i];
      const at = [...path, key];
      const named = key.kind === "field" && Object.hasOwn(values, key.name);
      if (named && (filtering?.(at, child) ?? true)) return fitting(values[key.name], child);
      return replace(child, at);
    });
    return unflatten(treedef, children);
  };
  return replace(tree, []) as T;
}

function fitting(value: unknown, old: unknown): unknown {
  return typeof value === "number" && old instanceof NdArray ? convert(asArray(value), old.dtype) : value;
}
