/** Structures of arguments and results as an artifact's manifest has them. */
import { childrenOf, isList, parseLeaf, type TreeSpec } from "../../compiler/program/artifact.ts";
import { DTYPE_INFO, dtypeFromShort } from "../../compiler/types/dtype.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { avalOf } from "../core/aval.ts";
import { InternalError } from "../core/errors.ts";
import { ShapeDtypeStruct, type SymbolicShape, SymbolicSpec } from "../core/spec.ts";
import { flatten } from "../tree/tree.ts";
import { childKey, isPlainObject, type TreeDef } from "../tree/treedef.ts";

/** What stands for an array in an export: its type, or with names in it. */
export type AnySpec = ShapeDtypeStruct | SymbolicSpec;

/** `f32[b,784]`, weak types with a star. */
export function leafText(spec: AnySpec): string {
  const weak = spec instanceof ShapeDtypeStruct && spec.aval.weakType ? "*" : "";
  return `${DTYPE_INFO[spec.dtype].short}[${spec.shape.join(",")}]${weak}`;
}

/** What a leaf's text stands for. */
export function specOfLeaf(text: string): AnySpec {
  const leaf = parseLeaf(text);
  const dtype = dtypeFromShort(leaf?.dtype ?? "");
  if (leaf === null || dtype === undefined) throw new InternalError(`${text} is no type`);
  const { weak } = leaf;
  const shape: SymbolicShape = leaf.shape;
  const numbers = shape.filter((extent) => typeof extent === "number");
  return numbers.length === shape.length
    ? new ShapeDtypeStruct(avalOf(tensorType(dtype, numbers), weak))
    : new SymbolicSpec(shape, dtype);
}

/** The structure with these leaves' texts. Registered classes become objects of their keys, or lists where they have none. */
export function treeSpec(def: TreeDef, leaves: Iterator<string>): TreeSpec {
  if (def.kind === "leaf") return leaves.next().value as string;
  if (def.kind === "null") return null;
  const children = def.children.map((child) => treeSpec(child, leaves));
  if (def.kind === "array" || (def.kind === "custom" && def.keys === null)) return children;
  return Object.fromEntries(children.map((child, i) => [nameOfChild(def, i), child]));
}

function nameOfChild(def: Exclude<TreeDef, { kind: "leaf" | "null" }>, i: number): string {
  const key = childKey(def, i);
  return key.kind === "field" ? key.name : String(key.index);
}

/** A plain tree of the structure, with `leaf` for each leaf's text. */
export function plainTree(tree: TreeSpec, leaf: (text: string) => unknown): unknown {
  if (tree === null) return null;
  if (typeof tree === "string") return leaf(tree);
  const children = childrenOf(tree).map(([, child, key]) => [key, plainTree(child, leaf)] as const);
  return isList(tree) ? children.map(([, child]) => child) : Object.fromEntries(children);
}

/** The structure of plain trees of this form. */
export function treeDefOf(tree: TreeSpec): TreeDef {
  return flatten(plainTree(tree, (text) => text)).treedef;
}

/** A value with its registered classes as the plain objects and lists that they are in a manifest. */
export function withoutClasses(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutClasses);
  if (isPlainObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, withoutClasses(child)]));
  }
  const { leaves, treedef } = flatten(value, (node) => node !== value);
  if (treedef.kind !== "custom") return value;
  const children = leaves.map(withoutClasses);
  if (treedef.keys === null) return children;
  return Object.fromEntries(children.map((child, i) => [nameOfChild(treedef, i), child]));
}
