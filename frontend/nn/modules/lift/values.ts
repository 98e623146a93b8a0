/** Arguments of lifted functions: arrays are transformed, everything else is passed on as it is. */
import { NdArray } from "../../../core/index.ts";
import * as tree from "../../../tree/index.ts";

/** The arrays of a tree, and how to put others in their places. */
export function arraysOf(values: unknown): {
  readonly arrays: readonly NdArray[];
  readonly restore: (arrays: readonly NdArray[]) => unknown;
} {
  const { leaves, treedef } = tree.flatten(values);
  return {
    arrays: leaves.filter((leaf) => leaf instanceof NdArray),
    restore: (arrays) => {
      const rest = arrays.values();
      return tree.unflatten(
        treedef,
        leaves.map((leaf) => (leaf instanceof NdArray ? rest.next().value : leaf)),
      );
    },
  };
}
