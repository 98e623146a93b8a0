/** What the calls of a compiled function have in common, wherever it runs: arguments by leaf, results as a tree. */
import { childrenOf, isList, type Manifest, type TreeSpec } from "../../compiler/program/artifact.ts";
import { type ArgumentLeaf, collectLeaves, type PlacedTensor, type TensorClass } from "./arguments.ts";
import { type Choice, chooseProgram } from "./sizes.ts";

/** The arguments of a call, and the program that takes them. */
export interface PreparedCall<T> extends Choice {
  readonly leaves: readonly ArgumentLeaf<T>[];
  /** Whether each leaf belongs to a donated argument. */
  readonly donated: readonly boolean[];
}

/** `tensors` is the class of arrays that are on the device already. Throws TypeError that lists all that does not fit. */
export function prepareCall<T extends PlacedTensor>(
  manifest: Manifest,
  args: readonly unknown[],
  tensors: TensorClass<T>,
): PreparedCall<T> {
  const { name, parameters } = manifest;
  const leaves: ArgumentLeaf<T>[] = [];
  const donated: boolean[] = [];
  const problems: string[] = [];
  if (args.length !== parameters.length) {
    problems.push(`it takes ${parameters.length} arguments, got ${args.length}`);
  }
  for (const [i, { tree, donated: gone }] of parameters.entries()) {
    if (i < args.length) collectLeaves(tree, args[i], `args[${i}]`, leaves, problems, tensors);
    while (donated.length < leaves.length) donated.push(gone);
  }
  // Sizes are looked at as well, so that every mistake is listed; without all leaves no program can be chosen.
  const choice = chooseProgram(manifest, leaves, problems);
  if (choice === null) {
    throw new TypeError(`The arguments of ${name} do not fit:\n  ${problems.sort().join("\n  ")}`);
  }
  // A tensor that is donated may not be used by the same call again.
  for (const [i, { data, path }] of leaves.entries()) {
    if (!donated[i] || !(data instanceof tensors)) continue;
    const other = leaves.find((leaf, j) => j !== i && leaf.data === data);
    if (other !== undefined) {
      throw new TypeError(
        `${name} is given a tensor at ${path}, which it may overwrite, and at ${other.path} too`,
      );
    }
  }
  return { ...choice, leaves, donated };
}

/** The tree of these results. */
export function buildTree(tree: TreeSpec, results: Iterator<unknown>): unknown {
  if (tree === null) return null;
  if (typeof tree === "string") return results.next().value;
  const children = childrenOf(tree).map(([, child, key]) => [key, buildTree(child, results)] as const);
  return isList(tree) ? children.map(([, child]) => child) : Object.fromEntries(children);
}
