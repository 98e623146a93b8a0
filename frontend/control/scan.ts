/** scan and foriLoop. */
import { tensorType } from "../../compiler/types/tensor-type.ts";
import type { ArrayLike, NdArray } from "../core/array.ts";
import { avalOf, formatAval } from "../core/aval.ts";
import { WeftTypeError, WeftValueError } from "../core/errors.ts";
import { convert } from "../core/ops.ts";
import { captureSource } from "../core/source.ts";
import { asArray, bind, bindOne, full, knownValue } from "../core/trace.ts";
import { type Callee, describeCallee } from "../transforms/arguments.ts";
import { capturedFirst, type TracedGraph, traceToGraph } from "../transforms/trace-function.ts";
import type { Result } from "../transforms/types.ts";
import { leafPaths, unflatten, unflattenAt } from "../tree/tree.ts";
import { formatPath, type TreeDef } from "../tree/treedef.ts";
import { arraysOf, carryInputs, checkCarry, promoteWeakCarry } from "./carry.ts";
import { whileLoop } from "./while-loop.ts";

/** Options of `scan`. */
export interface ScanOptions {
  /** Number of steps; needed where xs is null. */
  readonly length?: number;
  /** From the last step to the first. */
  readonly reverse?: boolean;
  /** Steps per iteration of the compiled loop. */
  readonly unroll?: number;
}

/**
 * A loop that carries a value and maps over the leading axis of xs (`jax.lax.scan`): `f(carry, x)` returns
 * `[carry, y]`; the result is the last carry and the ys stacked. Compiled to one loop, differentiable in both modes.
 *
 * Throws WeftTypeError where the carry changes its type, WeftValueError where leading axes differ.
 */
export function scan<C, X, Y>(
  f: (carry: Result<NoInfer<C>>, x: Result<NoInfer<X>>) => readonly [carry: unknown, y: Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [Result<C>, Result<Y>] {
  const callee = describeCallee(f);
  const { reverse = false, unroll = 1 } = options;
  let carry = arraysOf("scan", callee, 0, init);
  const mapped = arraysOf("scan", callee, 1, xs);
  const length = scanLength(mapped.arrays, mapped.tree, options.length);
  const xAvals = mapped.arrays.map((x) => avalOf(tensorType(x.dtype, x.shape.slice(1)), x.weakType));

  const traceBody = (): TracedGraph =>
    traceToGraph(
      "scan",
      callee,
      [
        ...carryInputs(
          carry.arrays.map((x) => x.aval),
          carry.tree,
          "carry",
        ),
        ...carryInputs(xAvals, mapped.tree, "x"),
      ],
      (arrays) => {
        const c = unflattenAt(carry.tree, arrays, 0);
        const x = unflattenAt(mapped.tree, arrays, carry.arrays.length);
        return f(c as Result<C>, x as Result<X>);
      },
    );

  let traced = traceBody();
  let trees = carryAndOutput(traced, callee);
  const promoted = promoteWeakCarry(carry.arrays, traced.outAvals.slice(0, trees.carry.leaves));
  if (promoted !== null) {
    carry = { arrays: promoted, tree: carry.tree };
    traced = traceBody();
    trees = carryAndOutput(traced, callee);
  }
  const numCarry = carry.arrays.length;
  const carryAvals = carry.arrays.map((x) => x.aval);
  checkCarry("scan", callee, carry.tree, carryAvals, trees.carry, traced.outAvals.slice(0, numCarry));

  const yAvals = traced.outAvals.slice(numCarry);
  const results = bind(
    "scan",
    [...traced.captured, ...carry.arrays, ...mapped.arrays],
    {
      body: capturedFirst(traced),
      numConsts: traced.captured.length,
      numCarry,
      length,
      reverse,
      unroll,
    },
    [...carryAvals, ...yAvals].map((a) => a.weakType),
  );
  return [
    unflatten(carry.tree, results.slice(0, numCarry)) as Result<C>,
    unflattenAt(trees.output, results, numCarry) as Result<Y>,
  ];
}

function carryAndOutput(traced: TracedGraph, callee: Callee): { carry: TreeDef; output: TreeDef } {
  const { outTree } = traced;
  if (outTree.kind !== "array" || outTree.children.length !== 2) {
    throw new WeftTypeError(
      `scan body output must be a pair [carry, y], got another structure from function ${callee.name}`,
      callee.source,
    );
  }
  return { carry: outTree.children[0], output: outTree.children[1] };
}

function scanLength(xs: readonly NdArray[], tree: TreeDef, length: number | undefined): number {
  if (length !== undefined && (!Number.isInteger(length) || length < 0)) {
    throw new WeftValueError(`scan: length must be a non-negative integer, got ${length}`, captureSource());
  }
  const paths = leafPaths(tree);
  const sizes = xs.map((x, i) => {
    if (x.ndim === 0) {
      throw new WeftValueError(
        `scan got value with no leading axis to scan over: xs${formatPath(paths[i])} is a scalar`,
        captureSource(),
      );
    }
    return x.shape[0];
  });
  const expected = length ?? sizes[0];
  if (expected === undefined) {
    throw new WeftValueError("scan got no values to scan over and `length` not provided.", captureSource());
  }
  const wrong = sizes.findIndex((n) => n !== expected);
  if (wrong >= 0) {
    const list = sizes.map((n, i) => `xs${formatPath(paths[i])}: ${n}`).join(", ");
    throw new WeftValueError(
      length === undefined
        ? `scan got values with different leading axis sizes: ${list}.`
        : `scan got \`length\` argument of ${length} which disagrees with leading axis sizes ${list}.`,
      captureSource(),
    );
  }
  return expected;
}

/**
 * A counted loop (`jax.lax.fori_loop`): `value = body(i, value)` for i from lower to upper - 1. With bounds known when
 * it is traced it becomes a scan, which can be differentiated in reverse; otherwise a whileLoop.
 */
export function foriLoop<T>(
  lower: ArrayLike,
  upper: ArrayLike,
  body: (i: NdArray, value: Result<NoInfer<T>>) => unknown,
  init: T,
): Result<T> {
  const low = loopBound(lower, "lower");
  const high = loopBound(upper, "upper");
  if (typeof low === "number" && typeof high === "number") {
    const step = (carry: [NdArray, Result<T>]): [unknown, null] => {
      const [i, value] = carry;
      return [[bindOne("add", [i, full(1, "int32")], {}), body(i, value)], null];
    };
    Object.defineProperty(step, "name", { value: body.name || "body" });
    const [carry] = scanLoop(step, [full(low, "int32"), init], Math.max(0, high - low));
    return carry[1];
  }
  const from = typeof low === "number" ? full(low, "int32") : low;
  const to = typeof high === "number" ? full(high, "int32") : high;
  const dtype = from.dtype;
  const [, , value] = whileLoop(
    ([i, end]: readonly [NdArray, NdArray, unknown]) => bindOne("lt", [i, end], {}),
    ([i, end, current]: readonly [NdArray, NdArray, Result<T>]) => [
      bindOne("add", [i, full(1, dtype)], {}),
      end,
      body(i, current),
    ],
    [from, convert(to, dtype), init],
  ) as [NdArray, NdArray, Result<T>];
  return value;
}

/** A scan over nothing, of a fixed number of steps. */
function scanLoop<T>(
  step: (carry: [NdArray, Result<T>]) => [unknown, null],
  init: [NdArray, T],
  length: number,
): [[NdArray, Result<T>], null] {
  return scan<unknown, null, null>(step as (carry: unknown) => [unknown, null], init, null, { length }) as [
    [NdArray, Result<T>],
    null,
  ];
}

/** A bound as a number where it is known while tracing. */
function loopBound(bound: ArrayLike, name: string): number | NdArray {
  const array = asArray(bound);
  const known = typeof bound === "number" ? bound : knownValue(array);
  if (known !== null) {
    if (Number.isInteger(known)) return known;
    throw new WeftTypeError(`foriLoop: ${name} must be an integer, got ${known}`, captureSource());
  }
  if (array.ndim !== 0 || !/^u?int/.test(array.dtype)) {
    throw new WeftTypeError(
      `foriLoop: ${name} must be an integer scalar, got ${formatAval(array.aval)}`,
      captureSource(),
    );
  }
  return array;
}
