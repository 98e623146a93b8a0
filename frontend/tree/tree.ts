/**
 * Pytrees (`jax.tree`): nested plain objects, arrays, null and registered classes, with leaves. Everything else is a
 * leaf: arrays of Weft, numbers, functions, typed arrays, undefined.
 */
import { WeftTypeError, WeftValueError } from "../../compiler/types/errors.ts";
import {
  arrayDef,
  childKey,
  customDef,
  equalData,
  equalDefs,
  formatDef,
  formatPath,
  isPlainObject,
  type Key,
  type KeyPath,
  LEAF,
  type NodeType,
  NULL,
  objectDef,
  type TreeDef,
} from "./treedef.ts";

/** Declared registry: classes that are nodes. */
const registry = new Map<object, NodeType>();

/**
 * Makes instances of a class nodes of trees (`jax.tree_util.register_pytree_node`). `aux` is compared by structure,
 * so it must be plain data. Throws WeftValueError if the class is registered already.
 */
export function registerPytreeNode<T extends object>(
  nodeClass: abstract new (...args: never[]) => T,
  flatten: (value: T) => { children: readonly unknown[]; keys?: readonly string[]; aux?: unknown },
  unflatten: (children: readonly unknown[], aux: unknown) => T,
): void {
  if (registry.has(nodeClass)) {
    throw new WeftValueError(`Duplicate custom PyTreeDef type registration for class ${nodeClass.name}.`);
  }
  const check = (value: object): T => {
    if (value instanceof nodeClass) return value;
    throw new WeftTypeError(`not an instance of ${nodeClass.name}`);
  };
  registry.set(nodeClass, { nodeClass, flatten: (value) => flatten(check(value)), unflatten });
}

/** Whether a node is to count as a leaf. */
export type IsLeaf = (value: unknown) => boolean;

function nodeType(value: object): NodeType | undefined {
  if (registry.size === 0) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== "object" || prototype === null) return undefined;
  return registry.get(prototype.constructor);
}

/** What may be an instance of a registered class. */
function isNodeLike(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** Appends the leaves of a value and returns its structure. */
export function flattenInto(value: unknown, leaves: unknown[], isLeaf?: IsLeaf): TreeDef {
  if (isLeaf?.(value)) {
    leaves.push(value);
    return LEAF;
  }
  if (value === null) return NULL;
  if (typeof value === "object") {
    if (Array.isArray(value)) return arrayDef(value.map((child) => flattenInto(child, leaves, isLeaf)));
    if (isPlainObject(value)) {
      const keys = Object.keys(value).sort();
      return objectDef(
        keys,
        keys.map((key) => flattenInto(value[key], leaves, isLeaf)),
      );
    }
    const type = nodeType(value);
    if (type !== undefined) {
      const { children, keys, aux } = type.flatten(value);
      const defs = children.map((child) => flattenInto(child, leaves, isLeaf));
      return customDef(type, aux, keys ?? null, defs);
    }
  }
  // A function is a leaf, unless it is of a registered kind: a partial.
  if (typeof value === "function") {
    const type = nodeType(value);
    if (type !== undefined) {
      const { children, aux } = type.flatten(value);
      return customDef(
        type,
        aux,
        null,
        children.map((child) => flattenInto(child, leaves, isLeaf)),
      );
    }
  }
  leaves.push(value);
  return LEAF;
}

/** The leaves of a value in order, and its structure. */
export function flatten(value: unknown, isLeaf?: IsLeaf): { leaves: unknown[]; treedef: TreeDef } {
  const leaves: unknown[] = [];
  const treedef = flattenInto(value, leaves, isLeaf);
  return { leaves, treedef };
}

/** A value of a structure from its leaves. Throws WeftValueError where their number does not fit. */
export function unflatten(treedef: TreeDef, leaves: readonly unknown[]): unknown {
  if (leaves.length !== treedef.leaves) {
    throw new WeftValueError(
      `tree.unflatten: ${formatDef(treedef)} has ${treedef.leaves} leaves, got ${leaves.length}`,
    );
  }
  return unflattenAt(treedef, leaves, 0);
}

/** A value of a structure from the leaves starting at `at`. */
export function unflattenAt(def: TreeDef, leaves: readonly unknown[], at: number): unknown {
  switch (def.kind) {
    case "leaf":
      return leaves[at];
    case "null":
      return null;
    default: {
      const children = new Array<unknown>(def.children.length);
      for (let i = 0; i < children.length; i++) {
        const child = def.children[i];
        children[i] = child.kind === "leaf" ? leaves[at] : unflattenAt(child, leaves, at);
        at += child.leaves;
      }
      if (def.kind === "array") return children;
      if (def.kind === "custom") return def.type.unflatten(children, def.aux);
      const object: Record<string, unknown> = {};
      for (let i = 0; i < children.length; i++) object[def.keys[i]] = children[i];
      return object;
    }
  }
}

/**
 * Writes the leaves of a value into `leaves` from `at` if it has the structure `def`; otherwise returns false. The
 * hot path of compiled calls: no structure is built.
 */
export function matchInto(def: TreeDef, value: unknown, leaves: unknown[], at: number): boolean {
  switch (def.kind) {
    case "leaf":
      if (typeof value === "object") {
        if (value === null || Array.isArray(value) || isPlainObject(value)) return false;
        if (registry.size > 0 && nodeType(value) !== undefined) return false;
      } else if (typeof value === "function" && nodeType(value) !== undefined) return false;
      leaves[at] = value;
      return true;
    case "null":
      return value === null;
    case "array":
      if (!Array.isArray(value) || value.length !== def.children.length) return false;
      return matchChildren(def.children, value, leaves, at);
    case "object": {
      if (!isPlainObject(value)) return false;
      const { keys, children } = def;
      let count = 0;
      for (const _ in value) count++;
      if (count !== keys.length) return false;
      for (let i = 0; i < keys.length; i++) {
        const child = value[keys[i]];
        if (child === undefined && !Object.hasOwn(value, keys[i])) return false;
        if (!matchInto(children[i], child, leaves, at)) return false;
        at += children[i].leaves;
      }
      return true;
    }
    case "custom": {
      if (!isNodeLike(value) || nodeType(value) !== def.type) return false;
      const { children, aux } = def.type.flatten(value);
      if (children.length !== def.children.length || !equalData(aux, def.aux)) return false;
      return matchChildren(def.children, children, leaves, at);
    }
  }
}

function matchChildren(
  defs: readonly TreeDef[],
  values: readonly unknown[],
  leaves: unknown[],
  at: number,
): boolean {
  for (let i = 0; i < defs.length; i++) {
    if (!matchInto(defs[i], values[i], leaves, at)) return false;
    at += defs[i].leaves;
  }
  return true;
}

/** Key paths of the leaves, in order. */
export function leafPaths(treedef: TreeDef): Key[][] {
  const paths: Key[][] = [];
  const walk = (def: TreeDef, path: readonly Key[]): void => {
    if (def.kind === "leaf") paths.push([...path]);
    else if (def.kind !== "null") {
      for (const [i, child] of def.children.entries()) walk(child, [...path, childKey(def, i)]);
    }
  };
  walk(treedef, []);
  return paths;
}

/** Each leaf with its key path, and the structure. */
export function flattenWithPath(
  value: unknown,
  isLeaf?: IsLeaf,
): { leaves: { path: KeyPath; leaf: unknown }[]; treedef: TreeDef } {
  const { leaves, treedef } = flatten(value, isLeaf);
  const paths = leafPaths(treedef);
  return { leaves: leaves.map((leaf, i) => ({ path: paths[i], leaf })), treedef };
}

/**
 * The children of `value`, which must agree with `def` in structure down to the leaves of `def`; below them `value`
 * may have anything (`treedef.flatten_up_to`). Throws WeftValueError naming the path of the first disagreement.
 */
export function flattenUpTo(def: TreeDef, value: unknown, name = "tree", isLeaf?: IsLeaf): unknown[] {
  const found: unknown[] = [];
  const walk = (d: TreeDef, v: unknown, path: readonly Key[]): void => {
    if (d.kind === "leaf") {
      found.push(v);
      return;
    }
    const problem = disagreement(d, v, isLeaf);
    if (problem !== null) throw new WeftValueError(`${name}${formatPath(path)}: ${problem}`);
    if (d.kind === "null") return;
    const children = childrenOf(d, v);
    for (const [i, child] of d.children.entries()) walk(child, children[i], [...path, childKey(d, i)]);
  };
  walk(def, value, []);
  return found;
}

function childrenOf(def: Exclude<TreeDef, { kind: "leaf" | "null" }>, value: unknown): readonly unknown[] {
  if (def.kind === "array" && Array.isArray(value)) return value;
  if (def.kind === "object" && isPlainObject(value)) return def.keys.map((key) => value[key]);
  if (def.kind === "custom" && isNodeLike(value)) return def.type.flatten(value).children;
  return [];
}

/** Why the top of a value does not have the structure `def`, or null. */
function disagreement(def: TreeDef, value: unknown, isLeaf?: IsLeaf): string | null {
  const found = isLeaf?.(value) ? LEAF : shallow(value);
  if (found.kind !== def.kind) return `expected ${describeDef(def)}, got ${describeDef(found)}`;
  if (def.kind === "array" && found.kind === "array" && def.children.length !== found.children.length) {
    return `expected an array of ${def.children.length}, got an array of ${found.children.length}`;
  }
  if (def.kind === "object" && found.kind === "object") {
    const missing = def.keys.filter((key) => !found.keys.includes(key));
    const extra = found.keys.filter((key) => !def.keys.includes(key));
    if (missing.length + extra.length > 0) {
      const parts = [
        ...(missing.length > 0 ? [`missing key${missing.length > 1 ? "s" : ""} ${missing.join(", ")}`] : []),
        ...(extra.length > 0 ? [`unexpected key${extra.length > 1 ? "s" : ""} ${extra.join(", ")}`] : []),
      ];
      return `dict key mismatch: ${parts.join("; ")}; expected keys [${def.keys.join(", ")}], got keys [${found.keys.join(", ")}]`;
    }
  }
  if (def.kind === "custom" && found.kind === "custom") {
    if (def.type !== found.type) return `expected ${describeDef(def)}, got ${describeDef(found)}`;
    if (!equalData(def.aux, found.aux) || def.children.length !== found.children.length) {
      return `two ${def.type.nodeClass.name} of different structure or auxiliary data`;
    }
  }
  return null;
}

/** The structure of a value's top node, its children taken for leaves. */
function shallow(value: unknown): TreeDef {
  let top = true;
  return flatten(value, () => {
    if (!top) return true;
    top = false;
    return false;
  }).treedef;
}

function describeDef(def: TreeDef): string {
  switch (def.kind) {
    case "leaf":
      return "a leaf";
    case "null":
      return "null";
    case "array":
      return `an array of ${def.children.length}`;
    case "object":
      return `an object with keys [${def.keys.join(", ")}]`;
    case "custom":
      return `a ${def.type.nodeClass.name}`;
  }
}

/** Why two structures differ, with the path of the first difference; null where they are equal. */
export function structureDifference(a: TreeDef, b: TreeDef, name = "tree"): string | null {
  if (equalDefs(a, b)) return null;
  const walk = (x: TreeDef, y: TreeDef, path: readonly Key[]): string | null => {
    if (equalDefs(x, y)) return null;
    const here = `${name}${formatPath(path)}`;
    if (
      x.kind !== y.kind ||
      x.kind === "leaf" ||
      x.kind === "null" ||
      y.kind === "leaf" ||
      y.kind === "null"
    ) {
      return `${here}: expected ${describeDef(x)}, got ${describeDef(y)}`;
    }
    const sample = unflatten(y, new Array<unknown>(y.leaves).fill(undefined));
    const problem = disagreement(x, sample);
    if (problem !== null) return `${here}: ${problem}`;
    for (const [i, child] of x.children.entries()) {
      const found = walk(child, y.children[i], [...path, childKey(x, i)]);
      if (found !== null) return found;
    }
    return `${here}: auxiliary data differ`;
  };
  return walk(a, b, []);
}
