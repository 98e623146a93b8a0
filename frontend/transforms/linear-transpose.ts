/** linearTranspose: the transpose of a function that is linear. */
import { transposeGraph } from "../../compiler/transforms/index.ts";
import { isFloating, isInteger } from "../../compiler/types/dtype.ts";
import { formatType } from "../core/aval.ts";
import { WeftTypeError } from "../core/errors.ts";
import { captureSource } from "../core/source.ts";
import { bindGraph } from "../core/trace.ts";
import { flatten, leafPaths, structureDifference, unflatten } from "../tree/tree.ts";
import { argumentArray, argumentAval, argumentPath, describeCallee } from "./arguments.ts";
import { capturedFirst, traceToGraph } from "./trace-function.ts";
import { type AbstractArguments, type AnyFunction, applyFunction, type Result } from "./types.ts";

/**
 * The transpose of a function that is linear in its arguments (`jax.linear_transpose`): from an output's cotangent to a
 * list of the arguments' cotangents. Arguments may be specs: only shapes and dtypes matter.
 * Throws WeftTypeError for dtypes that are mixed, or where a cotangent has not the output's type.
 */
export function linearTranspose<F extends AnyFunction>(
  f: F,
  ...args: AbstractArguments<Parameters<F>>
): (cotangent: Result<ReturnType<F>>) => Result<Parameters<F>> {
  const callee = describeCallee(f);
  const { leaves, treedef } = flatten(args);
  const inputs = leafPaths(treedef).map(([first, ...path], i) => {
    const argument = first.kind === "index" ? first.index : 0;
    const aval = argumentAval(callee, "linear_transpose", argument, path, leaves[i]);
    return { aval, name: argumentPath(callee, argument, path), hint: null, outer: null };
  });
  const traced = traceToGraph("linear_transpose", callee, inputs, (arrays) => {
    const passed = unflatten(treedef, arrays);
    return Array.isArray(passed) ? applyFunction(f, passed) : undefined;
  });
  const from = inputs.map((x) => x.aval.type.dtype);
  const to = traced.outAvals.map((a) => a.type.dtype);
  if (![...from, ...to].every(isFloating) && ![...from, ...to].every(isInteger)) {
    throw new WeftTypeError(
      "linear_transpose only supports [float or complex] -> [float or complex], and integer -> integer functions, but " +
        `got [${from.join(", ")}] -> [${to.join(", ")}].`,
      captureSource(),
    );
  }
  const graph = capturedFirst(traced);
  const transposed = transposeGraph(graph, [...traced.captured.map(() => false), ...inputs.map(() => true)]);
  const apply = (cotangent: unknown): unknown => {
    const given = flatten(cotangent);
    const problem = structureDifference(traced.outTree, given.treedef, "the output");
    if (problem !== null) {
      throw new WeftTypeError(`cotangent tree does not match function output: ${problem}`, captureSource());
    }
    const paths = leafPaths(given.treedef);
    const cotangents = given.leaves.map((leaf, i) => {
      const x = argumentArray(callee, "linear_transpose", 0, paths[i], leaf);
      const expected = traced.outAvals[i].type;
      if (x.aval.type.text === expected.text) return x;
      throw new WeftTypeError(
        `cotangent type does not match function output, expected ${formatType(expected)} but got ` +
          `${formatType(x.aval.type)}`,
        captureSource(),
      );
    });
    const results = bindGraph(transposed, [...traced.captured, ...cotangents]);
    return unflatten(treedef, results);
  };
  return apply as (cotangent: Result<ReturnType<F>>) => Result<Parameters<F>>;
}
