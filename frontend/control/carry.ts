/** Carried values of loops. */
import { sameShape } from "../../compiler/types/tensor-type.ts";
import type { NdArray } from "../core/array.ts";
import { formatAval, type ShapedArray, sameAval } from "../core/aval.ts";
import { WeftTypeError } from "../core/errors.ts";
import { convertTo } from "../core/ops.ts";
import { argumentArray, type Callee, pathHint } from "../transforms/arguments.ts";
import type { InputSpec } from "../transforms/trace-function.ts";
import { flatten, leafPaths, structureDifference } from "../tree/tree.ts";
import { formatPath, type TreeDef } from "../tree/treedef.ts";

/** The leaves of a carried value or argument, as arrays. */
export function arraysOf(
  kind: string,
  callee: Callee,
  argument: number,
  value: unknown,
): { arrays: NdArray[]; tree: TreeDef } {
  const { leaves, treedef } = flatten(value);
  const paths = leafPaths(treedef);
  return {
    arrays: leaves.map((leaf, i) => argumentArray(callee, kind, argument, paths[i], leaf)),
    tree: treedef,
  };
}

/**
 * The initial carry with the types that the body gives it: a weakly typed start (a number) takes the body's dtype, as
 * in JAX. Null where nothing changes.
 */
export function promoteWeakCarry(init: readonly NdArray[], out: readonly ShapedArray[]): NdArray[] | null {
  let changed = false;
  const promoted = init.map((x, i) => {
    const to = out[i];
    if (to === undefined || !x.weakType || sameAval(x.aval, to) || !sameShape(x.shape, to.type.shape))
      return x;
    changed = true;
    return convertTo(x, to);
  });
  return changed ? promoted : null;
}

/** Throws JAX's TypeError where the body's carry has not the type of its input. */
export function checkCarry(
  kind: "scan" | "while_loop",
  callee: Callee,
  inTree: TreeDef,
  inAvals: readonly ShapedArray[],
  outTree: TreeDef,
  outAvals: readonly ShapedArray[],
): void {
  const problem = structureDifference(inTree, outTree, "the carry");
  const body = `${kind === "scan" ? "scan" : "while_loop"} body function`;
  if (problem !== null) {
    throw new WeftTypeError(
      `${body} carry input and carry output must have the same pytree structure, but they differ: ${problem} (function ${callee.name})`,
      callee.source,
    );
  }
  const paths = leafPaths(inTree);
  const differing = paths.flatMap((path, i) => {
    if (inAvals[i].type.text === outAvals[i].type.text) return [];
    const dtypeOnly = sameShape(inAvals[i].type.shape, outAvals[i].type.shape);
    const why = dtypeOnly ? "so the dtypes do not match" : "so the shapes do not match";
    return [
      `  * the input carry component carry${formatPath(path)} has type ${formatAval(inAvals[i])} but the corresponding ` +
        `output carry component has type ${formatAval(outAvals[i])}, ${why}`,
    ];
  });
  if (differing.length === 0) return;
  throw new WeftTypeError(
    `${body} carry input and carry output must have equal types, but they differ (function ${callee.name}):\n${differing.join("\n")}\n` +
      "Revise the function so that the types match, e.g. with x.astype(…) on the initial value or in the body.",
    callee.source,
  );
}

/** Inputs of a loop body for carried values. */
export function carryInputs(avals: readonly ShapedArray[], tree: TreeDef, name: string): InputSpec[] {
  const paths = leafPaths(tree);
  return avals.map((aval, i) => ({
    aval,
    name: `${name}${formatPath(paths[i])}`,
    hint: pathHint(paths[i]) ?? (avals.length === 1 ? name : null),
    outer: null,
  }));
}
