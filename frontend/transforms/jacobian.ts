/** Jacobians and Hessians of functions of any shapes and trees. */

import { isFloating } from "../../compiler/types/dtype.ts";
import { sizeOf } from "../../compiler/types/tensor-type.ts";
import type { NdArray } from "../core/array.ts";
import { WeftTypeError } from "../core/errors.ts";
import { convert, reshape } from "../core/ops.ts";
import { captureSource } from "../core/source.ts";
import { bindOne, full } from "../core/trace.ts";
import { flatten, leafPaths, unflatten, unflattenAt } from "../tree/tree.ts";
import { formatPath } from "../tree/treedef.ts";
import { type Callee, describeCallee, resolveArgnums } from "./arguments.ts";
import { jvp, selectArguments, vjp } from "./gradient.ts";
import { type AnyFunction, type Arguments, applyFunction, type Picked, type TreeOf } from "./types.ts";
import { vmap } from "./vmap.ts";

/** Options of `jacfwd`, `jacrev` and `hessian`. */
export interface JacobianOptions<
  A extends number | readonly number[] = number | readonly number[],
  H = boolean,
> {
  /** Which argument, or arguments, to differentiate with respect to. Default 0. */
  readonly argnums?: A;
  /** Whether the function returns a pair, the second of which is not differentiated. */
  readonly hasAux?: H;
}

/** For each array of the output, a tree of the arguments' structure. */
export type Jacobian<F extends AnyFunction, A, H> = H extends true
  ? [TreeOf<First<ReturnType<F>>, Picked<Parameters<F>, A>>, unknown]
  : TreeOf<ReturnType<F>, Picked<Parameters<F>, A>>;
type First<T> = T extends readonly [infer X, unknown] ? X : T;

/** What `jacfwd`, `jacrev` and `hessian` return. */
export type JacobianFunction<F extends AnyFunction, A, H> = (
  ...args: Arguments<Parameters<F>>
) => Jacobian<F, A, H>;

/** Unit vectors for every element of the arrays, one batch per array: [n, ...shape], n the number of all elements. */
function standardBasis(arrays: readonly NdArray[]): NdArray[] {
  const n = arrays.reduce((sum, x) => sum + x.size, 0);
  let offset = 0;
  return arrays.map((x) => {
    const shape = [n, x.size];
    const rows = bindOne("iota", [], { dtype: "int32", shape, dimension: 0 });
    const columns = bindOne("iota", [], { dtype: "int32", shape, dimension: 1 });
    const shifted = bindOne("add", [columns, full(offset, "int32", shape)], {});
    offset += x.size;
    return reshape(convert(bindOne("eq", [rows, shifted], {}), x.dtype), [n, ...x.shape]);
  });
}

/** Moves the first axis last. */
function firstAxisLast(x: NdArray): NdArray {
  const permutation = [...x.shape.map((_, i) => i).slice(1), 0];
  return x.ndim < 2 ? x : bindOne("transpose", [x], { permutation });
}

/** The part [start, start + size) of an axis. */
function part(x: NdArray, axis: number, start: number, size: number): NdArray {
  if (start === 0 && x.shape[axis] === size) return x;
  return bindOne("slice", [x], {
    startIndices: x.shape.map((_, a) => (a === axis ? start : 0)),
    limitIndices: x.shape.map((n, a) => (a === axis ? start + size : n)),
    strides: x.shape.map(() => 1),
  });
}

interface Prepared {
  readonly single: boolean;
  readonly numbers: readonly number[];
  /** The function of the differentiated arguments alone. */
  readonly partial: (...picked: unknown[]) => unknown;
  readonly primals: unknown[];
  readonly leaves: readonly NdArray[];
}

function prepare(
  name: string,
  f: AnyFunction,
  callee: Callee,
  args: readonly unknown[],
  argnums: number | readonly number[],
): Prepared {
  const single = typeof argnums === "number";
  const numbers = resolveArgnums(single ? [argnums] : argnums, args.length, "argnums", callee);
  const { leaves } = selectArguments(name, callee, args, numbers);
  for (const x of leaves) {
    if (!isFloating(x.dtype)) {
      throw new WeftTypeError(
        `${name} requires real-valued inputs (input dtype that is a sub-dtype of np.floating), but got ${x.dtype}.`,
        captureSource(),
      );
    }
  }
  const partial = (...picked: unknown[]): unknown => {
    const passed = [...args];
    for (const [i, n] of numbers.entries()) passed[n] = picked[i];
    return applyFunction(f, passed);
  };
  Object.defineProperty(partial, "name", { value: callee.name });
  return { single, numbers, partial, primals: numbers.map((n) => args[n]), leaves };
}

/** The tree, over the argument structure, of the parts of a Jacobian whose columns (the axis) are all arguments' elements. */
function splitColumns(x: NdArray, axis: number, prepared: Prepared): unknown {
  const blocks: NdArray[] = [];
  let start = 0;
  for (const leaf of prepared.leaves) {
    const columns = part(x, axis, start, leaf.size);
    const shape = [...x.shape.slice(0, axis), ...leaf.shape, ...x.shape.slice(axis + 1)];
    blocks.push(reshape(columns, shape));
    start += leaf.size;
  }
  const { treedef } = flatten(prepared.primals);
  const tree = unflatten(treedef, blocks);
  return prepared.single && Array.isArray(tree) ? tree[0] : tree;
}

/**
 * The Jacobian in forward mode (`jax.jacfwd`): as many jvps at once as the arguments have elements, so for functions of
 * few inputs. Each output array of shape S gives, for each argument array of shape T, an array of shape [...S, ...T].
 */
export function jacfwd<
  F extends AnyFunction,
  const A extends number | readonly number[] = 0,
  H extends boolean = false,
>(f: F, options: JacobianOptions<A, H> = {}): JacobianFunction<F, A, H> {
  const callee = describeCallee(f);
  const { argnums = 0, hasAux = false } = options;
  const jacobian = (...args: unknown[]): unknown => {
    const prepared = prepare("jacfwd", f, callee, args, argnums);
    const { treedef } = flatten(prepared.primals);
    const basis = standardBasis(prepared.leaves);
    const push = (...tangents: NdArray[]): unknown => {
      const full = unflatten(treedef, tangents);
      const result = jvp(prepared.partial, prepared.primals, Array.isArray(full) ? full : [], { hasAux });
      return result.slice(1);
    };
    const outAxes = hasAux ? [0, null] : 0;
    const result: unknown = vmap(push, { outAxes })(...basis);
    const [columns, aux] = Array.isArray(result) ? result : [];
    const flat = flatten(columns);
    const blocks = flat.leaves.map((leaf) => {
      const last = firstAxisLast(arrayLeaf(leaf));
      return splitColumns(last, last.ndim - 1, prepared);
    });
    const tree = unflatten(flat.treedef, blocks);
    return hasAux ? [tree, aux] : tree;
  };
  return jacobian as JacobianFunction<F, A, H>;
}

/**
 * The Jacobian in reverse mode (`jax.jacrev`): as many vjps at once as the output has elements, so for functions of few
 * outputs. The result is that of `jacfwd`.
 */
export function jacrev<
  F extends AnyFunction,
  const A extends number | readonly number[] = 0,
  H extends boolean = false,
>(f: F, options: JacobianOptions<A, H> = {}): JacobianFunction<F, A, H> {
  const callee = describeCallee(f);
  const { argnums = 0, hasAux = false } = options;
  const jacobian = (...args: unknown[]): unknown => {
    const prepared = prepare("jacrev", f, callee, args, argnums);
    const [output, pullback, aux]: unknown[] = vjp(prepared.partial, prepared.primals, { hasAux });
    const flat = flatten(output);
    const arrays = flat.leaves.map(arrayLeaf);
    const paths = leafPaths(flat.treedef);
    for (const [i, x] of arrays.entries()) {
      if (isFloating(x.dtype)) continue;
      throw new WeftTypeError(
        "jacrev requires real-valued outputs (output dtype that is a sub-dtype of np.floating), " +
          `but got ${x.dtype} at out${formatPath(paths[i])}.`,
        captureSource(),
      );
    }
    const pull = (...cotangents: NdArray[]): unknown =>
      typeof pullback === "function" ? pullback(unflatten(flat.treedef, cotangents)) : null;
    const rows: unknown = vmap(pull)(...standardBasis(arrays));
    const perArgument = flatten(rows);
    let start = 0;
    const blocks = arrays.map((x) => {
      const parts = perArgument.leaves.map((leaf) => {
        const row = arrayLeaf(leaf);
        return reshape(part(row, 0, start, x.size), [...x.shape, ...row.shape.slice(1)]);
      });
      start += sizeOf(x.shape);
      const tree = unflatten(perArgument.treedef, parts);
      return prepared.single && Array.isArray(tree) ? tree[0] : tree;
    });
    const tree = unflattenAt(flat.treedef, blocks, 0);
    return hasAux ? [tree, aux] : tree;
  };
  return jacobian as JacobianFunction<F, A, H>;
}

function arrayLeaf(x: unknown): NdArray {
  return x as NdArray;
}

/**
 * The Hessian (`jax.hessian`): forward over reverse. For a scalar function of an array of shape T it has shape
 * [...T, ...T]; for trees it is a tree over the arguments of trees over the arguments.
 */
export function hessian<
  F extends AnyFunction,
  const A extends number | readonly number[] = 0,
  H extends boolean = false,
>(
  f: F,
  options: JacobianOptions<A, H> = {},
): (
  ...args: Arguments<Parameters<F>>
) => TreeOf<ReturnType<F>, TreeOf<Picked<Parameters<F>, A>, Picked<Parameters<F>, A>>> {
  const inner: AnyFunction = jacrev(f, options);
  return jacfwd(inner, options) as ReturnType<typeof hessian<F, A, H>>;
}
