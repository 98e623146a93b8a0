/** `cumsum`, `cumprod`, `cummax`, `cummin`, `cumlogsumexp`: all prefixes of a fold along one axis. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import type { CumulativeParams } from "../../graph/operations.ts";
import {
  type Absent,
  definePrimitive,
  type JvpRule,
  notLinear,
  type Primitive,
  type TestCase,
  type TransposeRule,
} from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { computeDType } from "../../types/dtype.ts";
import { WeftValueError } from "../../types/errors.ts";
import { sizeOf, type TensorType } from "../../types/tensor-type.ts";
import { checkArity, checkDtype, type DTypeFamily, FLOATING, formatShape, NUMERIC } from "../typing.ts";
import { associativeScan, type ScanElement } from "./associative-scan.ts";
import { foldReference, identityOf, type MonoidFn } from "./monoid.ts";
import { floatCumulativeCases, integerCumulativeCases } from "./test-cases.ts";

type CumulativeName = "cumsum" | "cumprod" | "cummax" | "cummin" | "cumlogsumexp";

interface CumulativeSpec {
  readonly name: CumulativeName;
  readonly accepts: DTypeFamily;
  /** The fold; logaddexp has no name among the scalar operations. */
  readonly fn: MonoidFn | "logaddexp";
  readonly jvp: JvpRule<CumulativeParams>;
  readonly transpose: TransposeRule<CumulativeParams> | Absent;
  readonly cases: readonly TestCase<CumulativeParams>[];
  readonly ulp: number;
}

function inferCumulative(
  { name, accepts }: CumulativeSpec,
  inputs: readonly TensorType[],
  { axis }: CumulativeParams,
): TensorType[] {
  checkArity(name, inputs, 1);
  checkDtype(name, inputs[0], accepts);
  const { shape } = inputs[0];
  if (axis < 0) throw new WeftValueError(`${name}: XLA operations do not allow negative axes, got ${axis}`);
  if (!Number.isInteger(axis) || axis >= shape.length) {
    throw new WeftValueError(
      `${name}: axis ${axis} is out of bounds for array of shape ${formatShape(shape)}`,
    );
  }
  return [inputs[0]];
}

function identity(fn: CumulativeSpec["fn"], type: TensorType): number {
  return fn === "logaddexp" ? -Infinity : identityOf(fn, type.dtype);
}

/** log(e^x + e^y) in doubles. */
function logAddExp(x: number, y: number): number {
  // Equal infinities would give inf - inf.
  if (x === y) return x + Math.LN2;
  return Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)));
}

function evaluateCumulative(
  fn: CumulativeSpec["fn"],
  x: RefTensor,
  { axis, reverse }: CumulativeParams,
): RefTensor {
  const { shape, dtype } = x.type;
  const fold = fn === "logaddexp" ? logAddExp : foldReference(fn, dtype);
  const n = shape[axis];
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const data = new Float64Array(x.type.size);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let acc = identity(fn, x.type);
      for (let step = 0; step < n; step++) {
        const at = (o * n + (reverse ? n - 1 - step : step)) * inner + i;
        acc = fold(acc, x.data[at]);
        data[at] = acc;
      }
    }
  }
  return { type: x.type, data };
}

/** log(e^x + e^y) without overflow. Equal operands are told apart so that infinities do not give inf - inf. */
function lowerLogAddExp(s: ScalarOps, x: Expr, y: Expr): Expr {
  const distance = s.abs(s.sub(x, y));
  const general = s.add(s.max(x, y), s.call("log1p", s.call("exp", s.neg(distance))));
  return s.select(s.eq(x, y), s.add(x, s.const(Math.LN2, x.dtype)), general);
}

function defineCumulative(spec: CumulativeSpec): Primitive<CumulativeParams> {
  const { name, fn } = spec;
  return definePrimitive<CumulativeParams>({
    name,
    infer: (inputs, params) => inferCumulative(spec, inputs, params),
    evaluate: ([x], params) => [evaluateCumulative(fn, x, params)],
    jvp: spec.jvp,
    transpose: spec.transpose,
    batch(b, [x], [dim], { axis, reverse }) {
      const bumped = dim !== null && dim <= axis ? axis + 1 : axis;
      return { outputs: [b.one(name, [x], { axis: bumped, reverse })], dims: [dim] };
    },
    lower: {
      kind: "cumulative",
      axis: (params) => params.axis,
      reverse: (params) => params.reverse,
      accumulator: ({ inputs: [x] }) => ({ dtype: computeDType(x.dtype), init: identity(fn, x) }),
      combine: (s, acc, value) =>
        fn === "logaddexp" ? lowerLogAddExp(s, acc, value) : s.binary(fn, acc, value),
    },
    cost: ({ inputs: [x] }) => ({
      flops: x.size,
      transcendentals: fn === "logaddexp" ? 2 * x.size : 0,
    }),
    test: { cases: spec.cases, ulp: spec.ulp, order: 2 },
  });
}

type PairCombine = (b: Builder, [x, tx]: ScanElement, [y, ty]: ScanElement) => readonly [Operand, Operand];

/**
 * jvp by scanning (value, tangent) pairs as a tree, which is how JAX differentiates these: nothing is divided by,
 * and every derivative of the tree's own operations exists. The primal result comes from the primitive itself.
 */
function treeJvp(name: CumulativeName, combine: PairCombine): JvpRule<CumulativeParams> {
  return (b, [x], [t], params) => ({
    outputs: [b.one(name, [x], params)],
    tangents: [t && associativeScan(b, combine, [x, t], params.axis, params.reverse)[1]],
  });
}

const multiplyPairs: PairCombine = (b, [x, tx], [y, ty]) => [b.mul(x, y), b.add(b.mul(tx, y), b.mul(x, ty))];

/** Ties share the tangent equally, as `lax.max` does. */
function choosePairs(fn: "max" | "min"): PairCombine {
  return (b, [x, tx], [y, ty]) => {
    const first = b.binary(fn === "max" ? "gt" : "lt", x, y);
    const mean = b.mul(b.add(tx, ty), b.like(tx, 0.5));
    const chosen = b.select(first, tx, ty);
    return [b.binary(fn, x, y), b.select(b.binary("eq", x, y), mean, chosen)];
  };
}

/** d logaddexp(x, y) = σ(x-y) dx + σ(y-x) dy. Equal infinities weigh one half each, where JAX gives NaN. */
const logAddExpPairs: PairCombine = (b, [x, tx], [y, ty]) => {
  const equal = b.binary("eq", x, y);
  const distance = b.select(equal, b.like(x, 0), b.sub(x, y));
  const smooth = b.unary("log1p", b.unary("exp", b.neg(b.unary("abs", distance))));
  const sum = b.add(b.binary("max", x, y), smooth);
  const weighted = (t: Operand, d: Operand): Operand => b.mul(t, b.unary("logistic", d));
  return [sum, b.add(weighted(tx, distance), weighted(ty, b.neg(distance)))];
};

const transposeCumsum: TransposeRule<CumulativeParams> = (b, [ct], _, { axis, reverse }) => [
  ct && b.one("cumsum", [ct], { axis, reverse: !reverse }),
];

const cumsum = defineCumulative({
  name: "cumsum",
  accepts: NUMERIC,
  fn: "add",
  jvp: (b, [x], [t], params) => ({
    outputs: [b.one("cumsum", [x], params)],
    tangents: [t && b.one("cumsum", [t], params)],
  }),
  transpose: transposeCumsum,
  cases: [...floatCumulativeCases("normal"), ...integerCumulativeCases],
  ulp: 64,
});

const cumprod = defineCumulative({
  name: "cumprod",
  accepts: NUMERIC,
  fn: "mul",
  jvp: treeJvp("cumprod", multiplyPairs),
  transpose: notLinear("cumprod is a product of its operand's elements"),
  cases: [...floatCumulativeCases([-2, 2]), ...integerCumulativeCases],
  ulp: 64,
});

const cummax = defineCumulative({
  name: "cummax",
  accepts: NUMERIC,
  fn: "max",
  jvp: treeJvp("cummax", choosePairs("max")),
  transpose: notLinear("cummax chooses elements by their values"),
  cases: [...floatCumulativeCases("normal"), ...integerCumulativeCases],
  ulp: 0,
});

const cummin = defineCumulative({
  name: "cummin",
  accepts: NUMERIC,
  fn: "min",
  jvp: treeJvp("cummin", choosePairs("min")),
  transpose: notLinear("cummin chooses elements by their values"),
  cases: [...floatCumulativeCases("normal"), ...integerCumulativeCases],
  ulp: 0,
});

const cumlogsumexp = defineCumulative({
  name: "cumlogsumexp",
  accepts: FLOATING,
  fn: "logaddexp",
  jvp: treeJvp("cumlogsumexp", logAddExpPairs),
  transpose: notLinear("cumlogsumexp is a logarithm of a sum"),
  cases: floatCumulativeCases("normal"),
  ulp: 64,
});

export const cumulativePrimitives = { cumsum, cumprod, cummax, cummin, cumlogsumexp };
