/** The sizes that a function is compiled for ahead of time, and what of its types depends on them. */
import { WeftValueError } from "../core/errors.ts";
import { type ShapeDtypeStruct, SymbolicSpec } from "../core/spec.ts";
import { flatten, unflatten } from "../tree/tree.ts";
import type { AnySpec } from "./tree-spec.ts";

/** `{ b: [1, 8, 32] }`: the extents that a name in a symbolic shape stands for. */
export type Sizes = Readonly<Record<string, readonly number[]>>;

/** One choice. */
export type SizeChoice = Readonly<Record<string, number>>;

/** Every combination in ascending order. Throws WeftValueError where names and sizes do not agree. */
export function sizeChoices(args: readonly unknown[], sizes: Sizes): SizeChoice[] {
  const names = new Set(
    flatten(args).leaves.flatMap((leaf) => (leaf instanceof SymbolicSpec ? leaf.names : [])),
  );
  for (const name of names) {
    if (!Object.hasOwn(sizes, name)) {
      throw new WeftValueError(
        `a shape has the name ${name}, but no sizes are given for it: exportFunction(f, { sizes: { ${name}: [1, 8] } })`,
      );
    }
  }
  let choices: SizeChoice[] = [{}];
  for (const [name, values] of Object.entries(sizes)) {
    if (!names.has(name)) throw new WeftValueError(`sizes are given for ${name}, but no shape has that name`);
    const wrong = values.find((n) => !Number.isSafeInteger(n) || n < 0);
    if (values.length === 0 || wrong !== undefined) {
      throw new WeftValueError(`sizes of ${name} must be whole numbers, got [${values.join(", ")}]`);
    }
    const ascending = [...new Set(values)].sort((a, b) => a - b);
    choices = choices.flatMap((choice) => ascending.map((n) => ({ ...choice, [name]: n })));
  }
  return choices;
}

/** The arguments with their sizes put in. */
export function argumentsAt(args: readonly unknown[], choice: SizeChoice): unknown[] {
  const { leaves, treedef } = flatten(args);
  const concrete = leaves.map((leaf) => (leaf instanceof SymbolicSpec ? leaf.at(choice) : leaf));
  return unflatten(treedef, concrete) as unknown[];
}

export interface Observation {
  readonly sizes: SizeChoice;
  readonly types: readonly ShapeDtypeStruct[];
}

/**
 * Types as they depend on the sizes, from what they are at several: an extent that always equals a size has its name, one
 * that never changes is a number, any other `?`.
 */
export function generalise(observations: readonly Observation[]): AnySpec[] {
  const [first] = observations;
  return first.types.map((type, i) => {
    const shape = type.shape.map((extent, axis) => {
      const extents = observations.map(({ types }) => types[i].shape[axis]);
      if (extents.every((n) => n === extent)) return extent;
      const name = Object.keys(first.sizes).find((each) =>
        observations.every(({ sizes }, k) => sizes[each] === extents[k]),
      );
      return name ?? "?";
    });
    const changes = shape.some((extent) => typeof extent === "string");
    return changes ? new SymbolicSpec(shape, type.dtype) : type;
  });
}
