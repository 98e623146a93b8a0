/**
 * The sorting kernel: for each row along the axis, runs sorted by insertion, then bottom-up merging between two
 * scratch buffers per operand. Stable, O(n log n), and every pass reads and writes in sequence.
 */
import type { LowerContext } from "../../graph/primitive.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { type DType, isFloating } from "../../types/dtype.ts";
import { rowMajorStrides } from "../../types/tensor-type.ts";
import { otherAxes } from "../indexing/dimensions.ts";

type SortContext = LowerContext<{
  readonly dimension: number;
  readonly isStable: boolean;
  readonly numKeys: number;
}>;

/** Rows up to this length are sorted by insertion alone; longer ones begin with runs of it. A power of two. */
const RUN = 8;

/** Two buffers of a row per operand: all first ones, then all second ones, which short rows do without. */
export function sortScratch({ inputs, params }: SortContext): { dtype: DType; size: number }[] {
  const length = inputs[0].shape[params.dimension];
  if (inputs[0].size === 0 || length <= 1) return [];
  const rows = inputs.map((t) => ({ dtype: t.dtype, size: length }));
  return length <= RUN ? rows : [...rows, ...rows];
}

/** Strict lexicographic order of two lists of keys. */
function isLess(s: ScalarOps, xs: readonly Expr[], ys: readonly Expr[]): Expr {
  let less = s.bool(false);
  for (let k = xs.length - 1; k >= 0; k--) {
    const bool = xs[k].dtype === "bool";
    const x = bool ? s.convert(xs[k], "int32") : xs[k];
    const y = bool ? s.convert(ys[k], "int32") : ys[k];
    const float = isFloating(x.dtype);
    const bothNaN = () => s.and(s.ne(x, x), s.ne(y, y));
    // A NaN comes after every number: y is NaN and x is not.
    const lt = float ? s.or(s.lt(x, y), s.and(s.eq(x, x), s.ne(y, y))) : s.lt(x, y);
    if (k === xs.length - 1) less = lt;
    else less = s.or(lt, s.and(float ? s.or(s.eq(x, y), bothNaN()) : s.eq(x, y), less));
  }
  return less;
}

/** Sorts runs of RUN elements in place by insertion. */
function sortRuns(k: KernelBuilder, s: ScalarOps, rows: readonly BufferParam[], numKeys: number, n: number) {
  k.loop(
    n,
    (j) => {
      const values = rows.map((row) => s.local(k.let("value", s.load(row, j))));
      const begin = s.local(k.let("begin", s.sub(j, s.rem(j, s.int(RUN)))));
      const hole = k.let("hole", j);
      const at = s.local(hole);
      const before = s.sub(at, s.int(1));
      const keys = rows.slice(0, numKeys).map((row) => s.load(row, before));
      const isMore = s.guard(s.gt(at, begin), isLess(s, values.slice(0, numKeys), keys), s.bool(false));
      k.while(isMore, () => {
        for (const row of rows) k.store(row, at, s.load(row, before));
        k.assign(hole, before);
      });
      for (const [i, row] of rows.entries()) k.store(row, at, values[i]);
    },
    { name: "j" },
  );
}

/**
 * Merges neighbouring sorted runs of `width` elements from one set of rows into the other. One counted loop over all
 * output elements: a target can cut it into short calls, which a pair of nested `while` loops would not allow.
 */
function mergeRuns(
  k: KernelBuilder,
  s: ScalarOps,
  from: readonly BufferParam[],
  to: readonly BufferParam[],
  width: Expr,
  numKeys: number,
  n: number,
): void {
  const locals = ["left", "right", "middle", "high"].map((name) => k.let(name, s.int(0)));
  const [left, right, middle, high] = locals.map((local) => s.local(local));
  const [leftLocal, rightLocal, middleLocal, highLocal] = locals;
  k.loop(
    n,
    (out) => {
      k.if(s.eq(out, high), () => {
        k.assign(leftLocal, out);
        k.assign(middleLocal, s.min(s.add(out, width), s.int(n)));
        k.assign(rightLocal, middle);
        k.assign(highLocal, s.min(s.add(middle, width), s.int(n)));
      });
      const keys = from.slice(0, numKeys);
      const rightFirst = isLess(
        s,
        keys.map((row) => s.load(row, right)),
        keys.map((row) => s.load(row, left)),
      );
      // Ties take from the left, which keeps their order.
      const isRight = s.guard(
        s.lt(right, high),
        s.guard(s.lt(left, middle), rightFirst, s.bool(true)),
        s.bool(false),
      );
      const takeRight = s.local(k.let("takeRight", isRight));
      const source = s.local(k.let("source", s.select(takeRight, right, left)));
      for (const [i, row] of to.entries()) k.store(row, out, s.load(from[i], source));
      const step = s.local(k.let("step", s.select(takeRight, s.int(1), s.int(0))));
      k.assign(rightLocal, s.add(right, step));
      k.assign(leftLocal, s.add(left, s.sub(s.int(1), step)));
    },
    { name: "out" },
  );
}

/** Writes the kernel of a sort. */
export function buildSort(
  k: KernelBuilder,
  s: ScalarOps,
  buffers: {
    inputs: readonly BufferParam[];
    outputs: readonly BufferParam[];
    scratch: readonly BufferParam[];
  },
  { inputs, params }: SortContext,
): void {
  const { shape, size } = inputs[0];
  const { dimension, numKeys } = params;
  const n = shape[dimension];
  if (size === 0) return;
  if (n === 1) {
    for (const [i, out] of buffers.outputs.entries()) {
      if (buffers.inputs[i] === out) continue;
      k.loop(size, (j) => k.store(out, j, s.load(buffers.inputs[i], j)), { name: "c" });
    }
    return;
  }
  const strides = rowMajorStrides(shape);
  const rowAxes = otherAxes(shape.length, [dimension]);
  const first = buffers.scratch.slice(0, inputs.length);
  const second = buffers.scratch.slice(inputs.length);
  const sortRow = (base: Expr): void => {
    const element = (j: Expr) => s.add(base, s.mul(j, s.int(strides[dimension])));
    k.loop(n, (j) => {
      for (const [i, row] of first.entries()) k.store(row, j, s.load(buffers.inputs[i], element(j)));
    });
    sortRuns(k, s, first, numKeys, n);
    if (n > RUN) {
      // Each pair of passes merges runs into ones four times as long and ends in the first buffers again.
      const widthLocal = k.let("width", s.int(RUN));
      const width = s.local(widthLocal);
      k.while(s.lt(width, s.int(n)), () => {
        mergeRuns(k, s, first, second, width, numKeys, n);
        const doubled = s.local(k.let("doubled", s.mul(width, s.int(2))));
        mergeRuns(k, s, second, first, doubled, numKeys, n);
        k.assign(widthLocal, s.mul(width, s.int(4)));
      });
    }
    k.loop(n, (j) => {
      for (const [i, row] of first.entries()) k.store(buffers.outputs[i], element(j), s.load(row, j));
    });
  };
  const overRows = (depth: number, base: Expr): void => {
    if (depth === rowAxes.length) {
      sortRow(s.local(k.let("row", base)));
      return;
    }
    const axis = rowAxes[depth];
    k.loop(shape[axis], (i) => overRows(depth + 1, s.add(base, s.mul(i, s.int(strides[axis])))), {
      name: "r",
    });
  };
  overRows(0, s.int(0));
}
