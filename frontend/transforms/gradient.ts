/** grad, valueAndGrad, vjp, jvp, linearize: graph transformations of a traced function. */

import { jvpGraph, linearizeGraph, valueAndGradGraph, vjpGraph } from "../../compiler/transforms/index.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import type { NdArray } from "../core/array.ts";
import { formatAval, formatShape, formatType, type ShapedArray } from "../core/aval.ts";
import { WeftTypeError, WeftValueError } from "../core/errors.ts";
import { convert, zeros } from "../core/ops.ts";
import { captureSource } from "../core/source.ts";
import { bindGraph, type TraceKind } from "../core/trace.ts";
import { flatten, leafPaths, structureDifference, unflatten, unflattenAt } from "../tree/tree.ts";
import { formatPath, type TreeDef } from "../tree/treedef.ts";
import {
  argumentArray,
  argumentPath,
  type Callee,
  describeCallee,
  inputHint,
  leafArray,
  resolveArgnums,
} from "./arguments.ts";
import { type TracedGraph, traceToGraph, withOutputs } from "./trace-function.ts";
import { type AnyFunction, type Arguments, applyFunction, type Picked, type Result } from "./types.ts";

/** Options of `grad` and `valueAndGrad`. */
export interface GradOptions<A extends number | readonly number[] = number | readonly number[], H = boolean> {
  /** Which argument, or arguments, to differentiate with respect to. Default 0. */
  readonly argnums?: A;
  /** Whether the function returns a pair, the second of which is not differentiated. */
  readonly hasAux?: H;
}

/** Arguments taken for differentiation: their leaves and structures. */
export interface Selected {
  readonly argnums: readonly number[];
  readonly trees: readonly TreeDef[];
  readonly leaves: readonly NdArray[];
}

/** Traces f with the selected arguments as tracers; the other arguments are passed as they are. */
export function traceSelected(
  kind: TraceKind,
  callee: Callee,
  f: AnyFunction,
  args: readonly unknown[],
  selected: Selected,
): TracedGraph {
  const inputs = selected.trees.flatMap((tree, k) => {
    const start = selected.trees.slice(0, k).reduce((n, t) => n + t.leaves, 0);
    const argument = selected.argnums[k];
    return leafPaths(tree).map((path, i) => ({
      aval: selected.leaves[start + i].aval,
      name: argumentPath(callee, argument, path),
      hint: inputHint(callee, argument, path),
      outer: selected.leaves[start + i],
    }));
  });
  return traceToGraph(kind, callee, inputs, (arrays) => {
    const passed = [...args];
    let at = 0;
    for (const [k, tree] of selected.trees.entries()) {
      passed[selected.argnums[k]] = unflattenAt(tree, arrays, at);
      at += tree.leaves;
    }
    return applyFunction(f, passed);
  });
}

/** Flattens the arguments `argnums` into arrays. */
export function selectArguments(
  kind: string,
  callee: Callee,
  args: readonly unknown[],
  argnums: readonly number[],
): Selected {
  const leaves: NdArray[] = [];
  const trees = argnums.map((n) => {
    const flat = flatten(args[n]);
    const paths = leafPaths(flat.treedef);
    for (const [i, leaf] of flat.leaves.entries()) {
      leaves.push(argumentArray(callee, kind, n, paths[i], leaf));
    }
    return flat.treedef;
  });
  return { argnums, trees, leaves };
}

/** Splits what a function with `hasAux` returned. Throws where it is not a pair. */
export function splitAux(traced: TracedGraph, callee: Callee): { main: TreeDef; aux: TreeDef } {
  const { outTree } = traced;
  if (outTree.kind !== "array" || outTree.children.length !== 2) {
    throw new WeftTypeError(
      `hasAux: the function ${callee.name} must return a pair [output, aux]; it returned something else`,
      captureSource(),
    );
  }
  return { main: outTree.children[0], aux: outTree.children[1] };
}

function checkDifferentiable(selected: Selected, callee: Callee, name: string): void {
  let at = 0;
  for (const [k, tree] of selected.trees.entries()) {
    for (const path of leafPaths(tree)) {
      const { dtype } = selected.leaves[at++];
      if (isFloating(dtype)) continue;
      throw new WeftTypeError(
        `${name} requires real- or complex-valued inputs (input dtype that is a sub-dtype of np.inexact), but got ${dtype} ` +
          `for ${argumentPath(callee, selected.argnums[k], path)}. If you want to use Boolean- or integer-valued inputs, ` +
          'use vjp instead, or convert the argument, e.g. with x.astype("float32").',
        captureSource(),
      );
    }
  }
}

function checkScalar(main: TreeDef, aval: ShapedArray | undefined, name: string): void {
  if (main.kind !== "leaf" || aval === undefined) {
    throw new WeftTypeError(
      `Gradient only defined for scalar-output functions. Output was a tree of ${main.leaves} arrays; ` +
        "return one scalar (with hasAux: true to return more beside it).",
      captureSource(),
    );
  }
  const { shape, dtype } = aval.type;
  if (shape.length > 0) {
    throw new WeftTypeError(
      `Gradient only defined for scalar-output functions. Output had shape: ${formatShape(shape)}. ` +
        "Reduce it to a scalar, e.g. with np.sum or np.mean, or use jacrev.",
      captureSource(),
    );
  }
  if (!isFloating(dtype)) {
    throw new WeftTypeError(
      `${name} requires real-valued outputs (output dtype that is a sub-dtype of np.floating), but got ${dtype}. ` +
        "For differentiation of functions with integer outputs, use vjp directly.",
      captureSource(),
    );
  }
}

/** [value, aux or undefined, gradient or gradients] */
function differentiate(
  name: "grad" | "value_and_grad",
  callee: Callee,
  f: AnyFunction,
  args: readonly unknown[],
  options: GradOptions,
): { value: () => NdArray; aux: () => unknown; gradient: unknown } {
  const { argnums = 0, hasAux = false } = options;
  const wanted = typeof argnums === "number" ? [argnums] : argnums;
  const numbers = resolveArgnums(wanted, args.length, "argnums", callee);
  const selected = selectArguments("grad", callee, args, numbers);
  checkDifferentiable(selected, callee, name);
  const traced = traceSelected("grad", callee, f, args, selected);
  const { main, aux } = hasAux ? splitAux(traced, callee) : { main: traced.outTree, aux: null };
  checkScalar(main, traced.outAvals[0], name);
  const inputs = [...selected.leaves, ...traced.captured];
  const graph = valueAndGradGraph(
    traced.graph,
    inputs.map((_, i) => i < selected.leaves.length),
  );
  const weak = [...traced.outAvals.map((a) => a.weakType), ...selected.leaves.map((x) => x.weakType)];
  // What the caller does not get is not computed.
  const first = name === "grad" ? 1 : 0;
  const count = traced.outAvals.length;
  const kept = graph.outputs.map((_, i) => i).slice(first);
  const results = bindGraph(
    withOutputs(
      graph,
      kept.map((i) => graph.outputs[i]),
    ),
    inputs,
    kept.map((i) => weak[i]),
  );
  const gradients = results.slice(count - first);
  let at = 0;
  const trees = selected.trees.map((tree) => {
    const gradient = unflattenAt(tree, gradients, at);
    at += tree.leaves;
    return gradient;
  });
  return {
    value: () => results[0],
    aux: () => (aux === null ? undefined : unflattenAt(aux, results, 1 - first)),
    gradient: typeof argnums === "number" ? trees[0] : trees,
  };
}

/**
 * The gradient of a scalar function (`jax.grad`): takes the function's arguments and returns the gradient with
 * respect to argument `argnums`, a tree of that argument's structure; with `hasAux` the pair [gradient, aux].
 *
 * Throws WeftTypeError for outputs that are not floating scalars and for integer inputs.
 */
export function grad<
  F extends AnyFunction,
  const A extends number | readonly number[] = 0,
  H extends boolean = false,
>(f: F, options: GradOptions<A, H> = {}): GradFunction<F, A, H> {
  const callee = describeCallee(f);
  const gradient = (...args: unknown[]): unknown => {
    const result = differentiate("grad", callee, f, args, options);
    return options.hasAux ? [result.gradient, result.aux()] : result.gradient;
  };
  return gradient as GradFunction<F, A, H>;
}

/** What `grad` returns: the gradients, with `hasAux` those and the auxiliary value. */
export type GradFunction<F extends AnyFunction, A, H> = (
  ...args: Arguments<Parameters<F>>
) => H extends true ? [Picked<Parameters<F>, A>, Aux<F>] : Picked<Parameters<F>, A>;

/** What `valueAndGrad` returns: the value and the gradients. */
export type ValueAndGradFunction<F extends AnyFunction, A, H> = (
  ...args: Arguments<Parameters<F>>
) => H extends true ? [[NdArray, Aux<F>], Picked<Parameters<F>, A>] : [NdArray, Picked<Parameters<F>, A>];

type Aux<F extends AnyFunction> = AuxOf<ReturnType<F>>;
/** Of what a function with `hasAux` returns: the pair's second part, and its first. */
type AuxOf<R> = R extends readonly [unknown, infer X] ? Result<X> : Result<R>;
type MainOf<R> = R extends readonly [infer M, unknown] ? Result<M> : Result<R>;

/**
 * Value and gradient of a scalar function at once (`jax.value_and_grad`): [value, gradient]; with `hasAux`
 * [[value, aux], gradient].
 */
export function valueAndGrad<
  F extends AnyFunction,
  const A extends number | readonly number[] = 0,
  H extends boolean = false,
>(f: F, options: GradOptions<A, H> = {}): ValueAndGradFunction<F, A, H> {
  const callee = describeCallee(f);
  const both = (...args: unknown[]): unknown => {
    const result = differentiate("value_and_grad", callee, f, args, options);
    return [options.hasAux ? [result.value(), result.aux()] : result.value(), result.gradient];
  };
  return both as ValueAndGradFunction<F, A, H>;
}

/** The leaves of tangents or cotangents, checked against what they belong to. */
function checkedLeaves(
  what: "tangent" | "cotangent",
  name: string,
  value: unknown,
  tree: TreeDef,
  avals: readonly ShapedArray[],
): NdArray[] {
  const flat = flatten(value);
  const problem = structureDifference(tree, flat.treedef, what);
  if (problem !== null) {
    throw new WeftTypeError(
      `Tree structure of ${what}s does not match that of the ${what === "tangent" ? "primal inputs" : "primal outputs"} of ${name}. ${problem}`,
      captureSource(),
    );
  }
  const paths = leafPaths(tree);
  return flat.leaves.map((leaf, i) => {
    const array = leafArray(leaf);
    const expected = avals[i];
    if (array === null) {
      throw new WeftTypeError(`${name}: ${what}${formatPath(paths[i])} is not an array`, captureSource());
    }
    const { shape, dtype } = array;
    const fits =
      shape.length === expected.type.shape.length && shape.every((n, a) => n === expected.type.shape[a]);
    if (!fits || (dtype !== expected.type.dtype && typeof leaf !== "number")) {
      throw new WeftTypeError(
        `primal and ${what} arguments to ${name} do not match; dtypes and shapes must be equal. ` +
          `Got primal ${formatAval(expected)} and ${what} ${formatType(array.aval.type)} at ${what}${formatPath(paths[i])}.`,
        captureSource(),
      );
    }
    return typeof leaf === "number" ? convert(array, expected.type.dtype) : array;
  });
}

function allArguments(kind: string, callee: Callee, primals: readonly unknown[]): Selected {
  if (!Array.isArray(primals)) {
    throw new WeftTypeError(
      `primal arguments to ${kind} must be an array of arguments: ${kind}(f, [x, y])`,
      captureSource(),
    );
  }
  return selectArguments(
    kind,
    callee,
    primals,
    primals.map((_, i) => i),
  );
}

/**
 * Forward mode (`jax.jvp`): the value of f at the primals and its derivative along the tangents. Tangents have the
 * structure, shapes and dtypes of the primals. With `hasAux` f returns [output, aux] and the result is
 * [output, tangent, aux].
 */
export function jvp<P extends unknown[], R, H extends boolean = false>(
  f: (...args: P) => R,
  primals: Arguments<P>,
  tangents: Arguments<P>,
  options?: { readonly hasAux?: H },
): H extends true ? [MainOf<R>, MainOf<R>, AuxOf<R>] : [Result<R>, Result<R>];
// Generic in P and R, as TypeScript does not infer the F of `Arguments<Parameters<F>>` from a call like `grad(f)`.
export function jvp(
  f: AnyFunction,
  primals: readonly unknown[],
  tangents: readonly unknown[],
  options: { readonly hasAux?: boolean } = {},
): unknown {
  return jvpOf(f, describeCallee(f), primals, tangents, options.hasAux ?? false);
}

function jvpOf(
  f: AnyFunction,
  callee: Callee,
  primals: readonly unknown[],
  tangents: readonly unknown[],
  hasAux: boolean,
): unknown[] {
  const selected = allArguments("jvp", callee, primals);
  const { leaves } = selected;
  const tree = flatten(primals).treedef;
  const given = checkedLeaves(
    "tangent",
    "jvp",
    tangents,
    tree,
    leaves.map((x) => x.aval),
  );
  const traced = traceSelected("jvp", callee, f, primals, selected);
  const nonzero = traced.graph.inputs.map((v, i) => i < leaves.length && isFloating(v.type.dtype));
  const { main, aux } = hasAux ? splitAux(traced, callee) : { main: traced.outTree, aux: null };
  const result = jvpGraph(traced.graph, nonzero);
  const weak = traced.outAvals.map((a) => a.weakType);
  const outputs = bindGraph(
    result.graph,
    [...leaves, ...traced.captured, ...given.filter((_, i) => nonzero[i])],
    [...weak, ...weak.filter((_, i) => result.outNonzero[i])],
  );
  const values = outputs.slice(0, traced.outAvals.length);
  const out = instantiateZeros(outputs.slice(traced.outAvals.length), result.outNonzero, traced.outAvals);
  const pair = [unflattenAt(main, values, 0), unflattenAt(main, out, 0)];
  return aux === null ? pair : [...pair, unflattenAt(aux, values, main.leaves)];
}

/** Zeros where a result does not depend on what is differentiated. */
function instantiateZeros(
  present: readonly NdArray[],
  nonzero: readonly boolean[],
  avals: readonly ShapedArray[],
): NdArray[] {
  let at = 0;
  return avals.map(({ type }, i) => (nonzero[i] ? present[at++] : zeros(type.shape, type.dtype)));
}

/** The second result of `vjp`: cotangents of the result to cotangents of the arguments. */
export type Pullback<P extends unknown[], Out> = (cotangents: Out) => { [K in keyof P]: Result<P[K]> };

/**
 * Reverse mode (`jax.vjp`): [output, pullback]; the pullback takes cotangents of the output's structure and returns
 * an array with the cotangent of each primal. With `hasAux` f returns [output, aux] and the result is
 * [output, pullback, aux]. Cotangents of integer primals are zeros of their dtype.
 */
export function vjp<P extends unknown[], R, H extends boolean = false>(
  f: (...args: P) => R,
  primals: Arguments<P>,
  options?: { readonly hasAux?: H },
): H extends true ? [MainOf<R>, Pullback<P, MainOf<R>>, AuxOf<R>] : [Result<R>, Pullback<P, Result<R>>];
export function vjp(
  f: AnyFunction,
  primals: readonly unknown[],
  options: { readonly hasAux?: boolean } = {},
): unknown {
  const callee = describeCallee(f);
  const selected = allArguments("vjp", callee, primals);
  const traced = traceSelected("vjp", callee, f, primals, selected);
  const { main, aux } = options.hasAux ? splitAux(traced, callee) : { main: traced.outTree, aux: null };
  const { leaves } = selected;
  const nonzero = traced.graph.inputs.map((v, i) => i < leaves.length && isFloating(v.type.dtype));
  const { forward, backward, residuals, outNonzero } = vjpGraph(traced.graph, nonzero);
  const count = traced.outAvals.length;
  const weak = traced.outAvals.map((a) => a.weakType);
  const results = bindGraph(
    forward,
    [...leaves, ...traced.captured],
    [...weak, ...new Array<boolean>(residuals).fill(false)],
  );
  const values = results.slice(0, count);
  const kept = results.slice(count, count + residuals);
  const tree = flatten(primals).treedef;

  const pullback = (cotangents: unknown): unknown => {
    const given = checkedLeaves("cotangent", "the vjp function", cotangents, main, traced.outAvals);
    // Cotangents of aux are zero.
    const all = outNonzero.map((yes, i) => {
      const { type } = traced.outAvals[i];
      return yes ? (given[i] ?? zeros(type.shape, type.dtype)) : null;
    });
    const needed = all.filter((x): x is NdArray => x !== null);
    const weakIn = leaves.map((x) => x.weakType);
    const found = bindGraph(
      backward,
      [...kept, ...needed],
      weakIn.filter((_, i) => nonzero[i]),
    );
    return unflatten(
      tree,
      instantiateZeros(
        found,
        nonzero.slice(0, leaves.length),
        leaves.map((x) => x.aval),
      ),
    );
  };
  const out = [unflattenAt(main, values, 0), pullback];
  if (aux !== null) out.push(unflattenAt(aux, values, main.leaves));
  return out;
}

/**
 * Linearisation (`jax.linearize`): [output, f_jvp], where f_jvp maps tangents of the arguments to the tangent of the
 * output and does not compute f again.
 */
export function linearize<P extends unknown[], R>(
  f: (...args: P) => R,
  primals: Arguments<P>,
): [Result<R>, (...tangents: Arguments<P>) => Result<R>];
export function linearize(f: AnyFunction, primals: readonly unknown[]): unknown {
  const callee = describeCallee(f);
  const selected = allArguments("linearize", callee, primals);
  const traced = traceSelected("linearize", callee, f, primals, selected);
  const { leaves } = selected;
  const nonzero = traced.graph.inputs.map((v, i) => i < leaves.length && isFloating(v.type.dtype));
  const { primal, linear, residuals, outNonzero } = linearizeGraph(traced.graph, nonzero);
  const count = traced.outAvals.length;
  const weak = traced.outAvals.map((a) => a.weakType);
  const results = bindGraph(
    primal,
    [...leaves, ...traced.captured],
    [...weak, ...new Array<boolean>(residuals).fill(false)],
  );
  const kept = results.slice(count);
  const tree = flatten(primals).treedef;
  const pushforward = (...tangents: unknown[]): unknown => {
    if (tangents.length !== primals.length) {
      throw new WeftValueError(
        `the linearized function takes ${primals.length} tangents, got ${tangents.length}`,
        captureSource(),
      );
    }
    const given = checkedLeaves(
      "tangent",
      "the linearized function",
      tangents,
      tree,
      leaves.map((x) => x.aval),
    );
    const found = bindGraph(
      linear,
      [...kept, ...given.filter((_, i) => nonzero[i])],
      weak.filter((_, i) => outNonzero[i]),
    );
    return unflatten(traced.outTree, instantiateZeros(found, outNonzero, traced.outAvals));
  };
  return [unflatten(traced.outTree, results.slice(0, count)), pushforward];
}
