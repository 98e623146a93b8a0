/**
 * Sorting a row by runs sorted by insertion, then bottom-up merging between two scratch buffers per operand. Stable,
 * O(n log n), and every pass reads and writes in sequence.
 */
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { isFloating } from "../../types/dtype.ts";

/** Rows up to this length are sorted by insertion alone; longer ones begin with runs of it. A power of two. */
const RUN = 8;

/** Whether a row needs a second set of buffers to merge into. */
export function needsMerging(length: number): boolean {
  return length > RUN;
}

/** Strict lexicographic order of two lists of keys. */
export function isLess(s: ScalarOps, xs: readonly Expr[], ys: readonly Expr[]): Expr {
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

/** Sorts the `n` elements in the first buffers, by way of the second ones. */
export function mergeSort(
  k: KernelBuilder,
  s: ScalarOps,
  first: readonly BufferParam[],
  second: readonly BufferParam[],
  numKeys: number,
  n: number,
): void {
  sortRuns(k, s, first, numKeys, n);
  if (!needsMerging(n)) return;
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
