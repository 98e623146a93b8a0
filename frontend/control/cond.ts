/** cond and switch: branches chosen by a value. */
import type { Graph } from "../../compiler/graph/graph.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { isInteger } from "../../compiler/types/dtype.ts";
import type { ArrayLike, NdArray } from "../core/array.ts";
import { formatAval, resultType, type ShapedArray } from "../core/aval.ts";
import { WeftTypeError, WeftValueError } from "../core/errors.ts";
import { convert, zeros } from "../core/ops.ts";
import { captureSource } from "../core/source.ts";
import { asArray, bind, bindOne } from "../core/trace.ts";
import { type Callee, describeCallee } from "../transforms/arguments.ts";
import { type TracedGraph, traceToGraph } from "../transforms/trace-function.ts";
import { type AnyFunction, type Arguments, applyFunction, type Result } from "../transforms/types.ts";
import { leafPaths, structureDifference, unflatten, unflattenAt } from "../tree/tree.ts";
import { formatPath } from "../tree/treedef.ts";
import { arraysOf, carryInputs } from "./carry.ts";

/**
 * Applies `onTrue` or `onFalse` to the operands (`jax.lax.cond`). Both are traced, one is run. `pred` is a bool
 * scalar, or a number, of which 0 is false. The branches' results must agree in structure, shapes and dtypes.
 */
export function cond<F extends AnyFunction>(
  pred: ArrayLike,
  onTrue: F,
  onFalse: (...operands: Parameters<F>) => ReturnType<F> | Result<ReturnType<F>>,
  ...operands: Arguments<Parameters<F>>
): Result<ReturnType<F>> {
  const predicate = asArray(pred);
  if (predicate.ndim > 0) {
    throw new WeftTypeError(
      `Pred must be a scalar, got ${formatAval(predicate.aval)}. Use np.where to choose by element.`,
      captureSource(),
    );
  }
  const chosen =
    predicate.dtype === "bool" ? predicate : bindOne("ne", [predicate, zeros([], predicate.dtype)], {});
  const index = convert(chosen, "int32");
  return branch("cond", index, [onFalse, onTrue], operands) as Result<ReturnType<F>>;
}

/**
 * Applies `branches[index]` to the operands (`jax.lax.switch`); the index is clamped into range. An integer scalar.
 */
export function switchCase<F extends AnyFunction>(
  index: ArrayLike,
  branches: readonly F[],
  ...operands: Arguments<Parameters<F>>
): Result<ReturnType<F>> {
  if (branches.length === 0) throw new WeftValueError("Empty branch sequence", captureSource());
  let at = asArray(index);
  if (typeof index === "number" && Number.isInteger(index)) at = convert(at, "int32");
  if (at.ndim > 0 || !isInteger(at.dtype)) {
    throw new WeftTypeError(
      `Branch index must be scalar and of integer type, got ${formatAval(at.aval)}.`,
      captureSource(),
    );
  }
  // Unsigned indices past the last branch must not turn negative.
  const last = branches.length - 1;
  if (at.dtype === "uint32") {
    at = bindOne("min", [at, convert(asArray(last), "uint32")], {});
  }
  return branch("switch", convert(at, "int32"), branches, operands) as Result<ReturnType<F>>;
}

function branch(
  kind: "cond" | "switch",
  index: NdArray,
  branches: readonly AnyFunction[],
  operands: readonly unknown[],
): unknown {
  const callees = branches.map((f) => describeCallee(f));
  const given = arraysOf(kind, callees[0], 0, operands);
  const avals = given.arrays.map((x) => x.aval);
  const traced = branches.map((f, i) =>
    traceToGraph(kind, callees[i], carryInputs(avals, given.tree, "operands"), (arrays) => {
      const passed = unflatten(given.tree, arrays);
      return Array.isArray(passed) ? applyFunction(f, passed) : undefined;
    }),
  );
  const outAvals = commonTypes(kind, traced, callees);
  // All branches take the captures of all: each captured array once.
  const captured = [...new Set(traced.flatMap((t) => t.captured))];
  const graphs = traced.map((t) => branchGraph(t, captured, avals, outAvals));
  const results = bind(
    "cond",
    [index, ...captured, ...given.arrays],
    { branches: graphs },
    outAvals.map((a) => a.weakType),
  );
  return unflattenAt(traced[0].outTree, results, 0);
}

/** The outputs' types; dtypes may differ only where one is weak. */
function commonTypes(
  kind: "cond" | "switch",
  traced: readonly TracedGraph[],
  callees: readonly Callee[],
): ShapedArray[] {
  const [first] = traced;
  const label = (i: number): string => {
    const branchName = kind === "cond" ? (i === 1 ? "true_fun" : "false_fun") : `branch ${i}`;
    return `${branchName} (${callees[i].name})`;
  };
  for (const [i, t] of traced.entries()) {
    const problem = structureDifference(first.outTree, t.outTree, "output");
    if (problem === null) continue;
    throw new WeftTypeError(
      `${kind} branch outputs must have the same pytree structure, but they differ: ` +
        `the output of ${label(0)} and the output of ${label(i)}: ${problem}`,
      captureSource(),
    );
  }
  const paths = leafPaths(first.outTree);
  return first.outAvals.map((aval, o) => {
    let common = aval;
    for (const [i, t] of traced.entries()) {
      const other = t.outAvals[o];
      const weak = common.weakType !== other.weakType;
      if (common.type.text === other.type.text) {
        if (weak && common.weakType) common = other;
        continue;
      }
      const sameShape = common.type.shape.join() === other.type.shape.join();
      if (sameShape && weak && resultType({ aval: common }, { aval: other }).weakType === false) {
        const { dtype } = resultType({ aval: common }, { aval: other });
        common = common.type.dtype === dtype ? common : other;
        continue;
      }
      throw new WeftTypeError(
        `${kind} branches must have equal output types but they differ.\n` +
          `  * the output${formatPath(paths[o])} of ${label(0)} has type ${formatAval(aval)} but the corresponding ` +
          `output of ${label(i)} has type ${formatAval(other)}\n` +
          "Revise the branches so that their outputs have the same shapes and dtypes, e.g. with x.astype(…).",
        captureSource(),
      );
    }
    return common;
  });
}

/** (captured of all branches…, operands…) → outputs of the common types. */
function branchGraph(
  traced: TracedGraph,
  captured: readonly NdArray[],
  avals: readonly ShapedArray[],
  outAvals: readonly ShapedArray[],
): Graph {
  const builder = new GraphBuilder();
  const consts = captured.map((x) => builder.input(x.aval.type));
  const operands = avals.map((a) => builder.input(a.type));
  const own = traced.captured.map((x) => consts[captured.indexOf(x)]);
  const outputs = builder.inline(traced.graph, [...operands, ...own]);
  return builder.finish(
    traced.graph.name,
    outputs.map((x, i) => builder.convert(x, outAvals[i].type.dtype)),
  );
}
