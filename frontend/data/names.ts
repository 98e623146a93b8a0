/** Trees of arrays as flat records, as files hold them. */
import { type ArrayLike, asArray, formatShape, type NdArray, WeftValueError } from "../core/index.ts";
import type { Result } from "../transforms/types.ts";
import { flatten, leafPaths, unflatten } from "../tree/tree.ts";
import type { Key } from "../tree/treedef.ts";

/** Options of `flattenNames` and `unflattenNames`. */
export interface NameOptions {
  /** Between the keys of a path. Default ".". */
  readonly separator?: string;
}

function nameOf(path: readonly Key[], separator: string): string {
  return path.map((key) => (key.kind === "index" ? `${key.index}` : key.name)).join(separator);
}

/**
 * The leaves of a tree by their paths: `{ layers: [{ w }] }` becomes `{ "layers.0.w": w }`. Throws WeftValueError where
 * two leaves get one name.
 */
export function flattenNames(tree: unknown, options: NameOptions = {}): Record<string, NdArray> {
  const { separator = "." } = options;
  const { leaves, treedef } = flatten(tree);
  const named = new Map<string, NdArray>();
  for (const [i, path] of leafPaths(treedef).entries()) {
    const name = nameOf(path, separator);
    if (named.has(name)) {
      throw new WeftValueError(`flattenNames: two leaves are called "${name}": choose another separator`);
    }
    named.set(name, asArray(leaves[i] as ArrayLike));
  }
  return Object.fromEntries(named);
}

/**
 * The tree of the structure of `like` with its leaves taken from a record by their names: what `flattenNames` made of it.
 * Throws WeftValueError listing what is missing, superfluous or of another shape or dtype.
 */
export function unflattenNames<T>(
  record: Readonly<Record<string, NdArray>>,
  like: T,
  options: NameOptions = {},
): Result<T> {
  const { separator = "." } = options;
  const { leaves, treedef } = flatten(like);
  const names = leafPaths(treedef).map((path) => nameOf(path, separator));
  const problems: string[] = [];
  for (const [i, name] of names.entries()) {
    if (!Object.hasOwn(record, name)) {
      problems.push(`${name} is missing`);
      continue;
    }
    const [wanted, found] = [asArray(leaves[i] as ArrayLike), record[name]];
    const same = wanted.ndim === found.ndim && wanted.shape.every((n, axis) => n === found.shape[axis]);
    if (!same || wanted.dtype !== found.dtype) {
      const describe = (x: NdArray): string => `${x.dtype}${formatShape(x.shape)}`;
      problems.push(`${name} is ${describe(found)}, expected ${describe(wanted)}`);
    }
  }
  const known = new Set(names);
  problems.push(
    ...Object.keys(record).flatMap((name) => (known.has(name) ? [] : [`${name} has no place in the tree`])),
  );
  if (problems.length > 0) {
    throw new WeftValueError(`unflattenNames: the arrays do not fit the tree:\n  ${problems.join("\n  ")}`);
  }
  return unflatten(
    treedef,
    names.map((name) => record[name]),
  ) as Result<T>;
}
