/** Structures of pytrees: what is left of a nested value when its leaves are taken out. */

/** How to get at a child: printed `.layers`, `[1]`. */
export type Key =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "index"; readonly index: number };

/** The way from the root of a tree to a leaf. */
export type KeyPath = readonly Key[];

/** `.layers[1].w`; names that are not identifiers as `["first layer"]`. */
export function formatPath(path: KeyPath): string {
  return path
    .map((key) => {
      if (key.kind === "index") return `[${key.index}]`;
      return /^[A-Za-z_$][\w$]*$/.test(key.name) ? `.${key.name}` : `[${JSON.stringify(key.name)}]`;
    })
    .join("");
}

/** How values of a registered class come apart. */
export interface NodeType<T extends object = object> {
  readonly nodeClass: abstract new (...args: never[]) => T;
  /** Children in order, and what is not a child: compared by structure, so plain data. */
  flatten(value: T): { children: readonly unknown[]; keys?: readonly string[]; aux?: unknown };
  unflatten(children: readonly unknown[], aux: unknown): T;
}

/** The structure of a tree: a leaf, null, a list, an object or a registered class. */
export type TreeDef = LeafDef | NullDef | ArrayDef | ObjectDef | CustomDef;

/** What all nodes have; their text is JAX's, with this language's words: `PyTreeDef({b: *, w: [*, null]})`. */
abstract class Def {
  constructor(
    /** Leaves below this node. */
    readonly leaves: number,
    /** Structural hash. */
    readonly hash: number,
  ) {}

  toString(this: TreeDef): string {
    return `PyTreeDef(${formatDef(this)})`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](this: TreeDef): string {
    return this.toString();
  }
}
export class LeafDef extends Def {
  readonly kind = "leaf";
}
export class NullDef extends Def {
  readonly kind = "null";
}
export class ArrayDef extends Def {
  readonly kind = "array";
  constructor(
    readonly children: readonly TreeDef[],
    { leaves, hash }: Summary,
  ) {
    super(leaves, hash);
  }
}
export class ObjectDef extends Def {
  readonly kind = "object";
  constructor(
    /** Sorted. */
    readonly keys: readonly string[],
    readonly children: readonly TreeDef[],
    { leaves, hash }: Summary,
  ) {
    super(leaves, hash);
  }
}
export class CustomDef extends Def {
  readonly kind = "custom";
  constructor(
    readonly type: NodeType,
    readonly aux: unknown,
    readonly keys: readonly string[] | null,
    readonly children: readonly TreeDef[],
    { leaves, hash }: Summary,
  ) {
    super(leaves, hash);
  }
}

interface Summary {
  readonly leaves: number;
  readonly hash: number;
}

export const LEAF: LeafDef = Object.freeze(new LeafDef(1, 0x1b873593));
export const NULL: NullDef = Object.freeze(new NullDef(0, 0x2545f491));

function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, 0x01000193) >>> 0;
}

function hashText(hash: number, text: string): number {
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return mix(hash, text.length);
}

function summary(seed: number, children: readonly TreeDef[]): Summary {
  let leaves = 0;
  let hash = mix(seed, children.length);
  for (const child of children) {
    leaves += child.leaves;
    hash = mix(hash, child.hash);
  }
  return { leaves, hash };
}

export function arrayDef(children: readonly TreeDef[]): ArrayDef {
  return new ArrayDef(children, summary(0x85ebca6b, children));
}

export function objectDef(keys: readonly string[], children: readonly TreeDef[]): ObjectDef {
  return new ObjectDef(keys, children, summary(keys.reduce(hashText, 0xc2b2ae35), children));
}

export function customDef(
  type: NodeType,
  aux: unknown,
  keys: readonly string[] | null,
  children: readonly TreeDef[],
): CustomDef {
  const sum = summary(hashText(0x27d4eb2f, type.nodeClass.name), children);
  return new CustomDef(type, aux, keys, children, sum);
}

export function childKey(
  def: ArrayDef | ObjectDef | CustomDef,
  i: number,
): { kind: "field"; name: string } | { kind: "index"; index: number } {
  if (def.kind === "array") return { kind: "index", index: i };
  const name = def.keys?.[i];
  return name === undefined ? { kind: "index", index: i } : { kind: "field", name };
}

/** Whether two trees have the same structure. */
export function equalDefs(a: TreeDef, b: TreeDef): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.hash !== b.hash || a.leaves !== b.leaves) return false;
  if (a.kind === "leaf" || a.kind === "null" || b.kind === "leaf" || b.kind === "null") return true;
  if (a.children.length !== b.children.length) return false;
  if (a.kind === "object" && b.kind === "object" && !a.keys.every((key, i) => key === b.keys[i]))
    return false;
  if (a.kind === "custom" && b.kind === "custom" && (a.type !== b.type || !equalData(a.aux, b.aux)))
    return false;
  return a.children.every((child, i) => equalDefs(child, b.children[i]));
}

/** Structural equality of plain data; functions and class instances by identity; NaN equals itself, 0 is not -0. */
export function equalData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (hasEquals(a)) return a.equals(b) === true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((x, i) => equalData(x, b[i]));
  }
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equalData(a[key], b[key]))
  );
}

/** Whether instances say themselves what they equal. */
function hasEquals(x: object): x is { equals(other: unknown): unknown } {
  return !Array.isArray(x) && !isPlainObject(x) && "equals" in x && typeof x.equals === "function";
}

export function isPlainObject(x: unknown): x is Record<string, unknown> {
  if (typeof x !== "object" || x === null) return false;
  const prototype = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

/** `{a: *, b: [*, *]}`: leaves as `*`, as JAX prints a PyTreeDef. */
export function formatDef(def: TreeDef): string {
  switch (def.kind) {
    case "leaf":
      return "*";
    case "null":
      return "null";
    case "array":
      return `[${def.children.map(formatDef).join(", ")}]`;
    case "object":
      return `{${def.keys.map((key, i) => `${key}: ${formatDef(def.children[i])}`).join(", ")}}`;
    case "custom":
      return `${def.type.nodeClass.name}(${def.children
        .map((child, i) => `${def.keys === null ? "" : `${def.keys[i]}: `}${formatDef(child)}`)
        .join(", ")})`;
  }
}
