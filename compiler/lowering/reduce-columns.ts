/**
 * Reductions whose results lie side by side in memory: sums of columns. One column after the other would walk memory in
 * strides of a row, with a page of its own for every element. Instead a block of columns has its accumulators in scratch
 * memory that stays in the first-level cache, and the rows are folded into it as they lie.
 */

import type { Params } from "../graph/graph.ts";
import type { AccumulatorSpec, ReduceLowering } from "../graph/primitive.ts";
import type { Axis, BufferParam, Expr, LoadExpr, Local } from "../kernel/expr.ts";
import { operandsOf } from "../kernel/expr.ts";
import type { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { DTYPE_INFO, type DType, isFloating } from "../types/dtype.ts";
import { strideAlong } from "./strides.ts";

/** Fewer columns than this fit the registers of one vector loop. */
const MIN_COLUMNS = 32;
/** Fewer columns than this make rows of less than a page. */
const NEAR_COLUMNS = 1024;
/** Rows that pay for accumulators in memory. */
const MIN_ROWS = 8;
/** Bytes of accumulators of a block of columns: half of a first-level cache of 32 KB. */
const BLOCK_BYTES = 16384;
/** Blocks of columns begin and end on whole steps of a vector loop. */
const COLUMN_STEP = 16;
/** Rows whose sum has accumulators of its own, where there are more than twice as many. */
const SUM_ROWS = 1024;

/** One reduction: its accumulators and how values are folded into them. */
export interface ColumnFold {
  readonly specs: readonly AccumulatorSpec[];
  readonly combine: ReduceLowering<Params>["combine"];
}

export interface ColumnContext {
  readonly k: KernelBuilder;
  readonly scratch: (dtype: DType, size: number) => BufferParam;
  readonly columns: number;
  /** Of the reduction axes, outermost first. */
  readonly extents: readonly number[];
  /** Rows folded together before they meet the accumulators in memory. */
  readonly rowsAtOnce: number;
  /** Forgets expressions that were built for other loops. */
  readonly forget: () => void;
}

/** Whether a reduction with the vector axis `column` of its results is best done row by row. */
export function streamsColumns(loads: readonly LoadExpr[], column: Axis, reduce: readonly Axis[]): boolean {
  const rows = reduce.reduce((n, axis) => n * axis.extent, 1);
  if (column.extent < MIN_COLUMNS || rows < MIN_ROWS) return false;
  return loads.some(
    (load) => strideAlong(load, column) === 1 && reduce.some((r) => strideAlong(load, r) !== 0),
  );
}

/**
 * The more work an element is, the less its accumulators' way through memory matters. Many rows within a page are more
 * streams than a prefetcher follows.
 */
export function rowsAtOnce(values: readonly Expr[], columns: number): number {
  if (weightOf(values) > 20) return 2;
  return !isLight(values) || isNear(columns) ? 4 : 8;
}

/** Rows of so many columns are less than a page. */
export function isNear(columns: number): boolean {
  return columns < NEAR_COLUMNS;
}

/** An element is so little work that reading it is what takes time. */
export function isLight(values: readonly Expr[]): boolean {
  return weightOf(values) <= 6;
}

/** Operations of an element, each once; a math function is about 20. */
export function weightOf(values: readonly Expr[]): number {
  const seen = new Set<Expr>();
  let weight = 0;
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.op === "call") weight += 20;
    // A load's index is mostly an address.
    if (e.op === "load") {
      weight += 1;
      return;
    }
    if (e.op !== "const" && e.op !== "axis" && e.op !== "local") weight += 1;
    operandsOf(e).forEach(visit);
  };
  values.forEach(visit);
  return weight;
}

type Values<F> = (fold: F, column: Expr, row: readonly Expr[]) => readonly Expr[];

/**
 * Emits the fold of all columns. `values` gives what is folded at a column and a row, `results` is called within the
 * loop over the columns of a block, with the folds' accumulators.
 */
export function foldColumns<F extends ColumnFold>(
  context: ColumnContext,
  folds: readonly F[],
  values: Values<F>,
  results: (column: Expr, accumulators: readonly (readonly Local[])[]) => void,
): void {
  new ColumnLowerer(context, folds, values, results).run();
}

class ColumnLowerer<F extends ColumnFold> {
  readonly #k: KernelBuilder;
  /** Buffers of the accumulators, by fold. */
  readonly #totals: readonly (readonly BufferParam[])[];
  /** The same for a block of rows of a long sum. */
  readonly #partial: readonly (readonly BufferParam[])[] | null;
  readonly #width: number;

  constructor(
    private readonly context: ColumnContext,
    private readonly folds: readonly F[],
    private readonly values: Values<F>,
    private readonly results: (column: Expr, accumulators: readonly (readonly Local[])[]) => void,
  ) {
    this.#k = context.k;
    const rows = context.extents.at(-1) ?? 1;
    const long =
      rows > 2 * SUM_ROWS &&
      folds.every(({ combine, specs }) => combine === "add" && specs.every((spec) => isFloating(spec.dtype)));
    const bytes = folds.flatMap((f) => f.specs).reduce((n, spec) => n + DTYPE_INFO[spec.dtype].bytes, 0);
    this.#width = blockWidth(context.columns, Math.floor(BLOCK_BYTES / (bytes * (long ? 2 : 1))));
    const make = () => folds.map((f) => f.specs.map((spec) => context.scratch(spec.dtype, this.#width)));
    this.#totals = make();
    this.#partial = long ? make() : null;
  }

  run(): void {
    const { columns } = this.context;
    const blocks = Math.floor(columns / this.#width);
    this.#k.loop(blocks, (b) => this.#block(s.mul(b, s.int(this.#width)), this.#width), { name: "block" });
    const rest = columns - blocks * this.#width;
    if (rest > 0) this.#block(s.int(blocks * this.#width), rest);
  }

  /** All rows of the columns from `base`. */
  #block(base: Expr, width: number): void {
    this.#reset(this.#totals, width);
    if (!this.context.extents.includes(0)) this.#outerRows([], base, width);
    this.#along(width, (c) => {
      const locals = this.#totals.map((buffers) => buffers.map((b) => this.#k.let("acc", s.load(b, c))));
      this.results(s.add(base, c), locals);
    });
  }

  #along(width: number, body: (column: Expr) => void): void {
    this.#k.loop(
      width,
      (c) => {
        this.context.forget();
        body(c);
      },
      { name: "c", kind: "vector" },
    );
  }

  #reset(accumulators: readonly (readonly BufferParam[])[], width: number): void {
    this.#along(width, (c) => {
      for (const [n, { specs }] of this.folds.entries()) {
        for (const [m, spec] of specs.entries())
          this.#k.store(accumulators[n][m], c, s.const(spec.init, spec.dtype));
      }
    });
  }

  #outerRows(row: readonly Expr[], base: Expr, width: number): void {
    const { extents } = this.context;
    if (row.length + 1 < extents.length) {
      const axis = this.#k.axis("r", extents[row.length], "reduce");
      this.#k.loopOver(axis, () => this.#outerRows([...row, s.axis(axis)], base, width));
      return;
    }
    const rows = extents.at(-1) ?? 1;
    const partial = this.#partial;
    let done = 0;
    if (partial !== null) {
      const blocks = Math.floor(rows / SUM_ROWS);
      const axis = this.#k.axis("sum", blocks, "reduce");
      this.#k.loopOver(axis, () => {
        this.#reset(partial, width);
        this.#rows(partial, row, s.mul(s.axis(axis), s.int(SUM_ROWS)), SUM_ROWS, base, width);
        this.#along(width, (c) => {
          for (const [n, buffers] of this.#totals.entries()) {
            for (const [m, total] of buffers.entries()) {
              this.#k.store(total, c, s.add(s.load(total, c), s.load(partial[n][m], c)));
            }
          }
        });
      });
      done = blocks * SUM_ROWS;
    }
    this.#rows(this.#totals, row, s.int(done), rows - done, base, width);
  }

  /** Folds `count` rows from `start` along the last reduction axis, several at once. */
  #rows(
    into: readonly (readonly BufferParam[])[],
    outer: readonly Expr[],
    start: Expr,
    count: number,
    base: Expr,
    width: number,
  ): void {
    const { rowsAtOnce: atOnce } = this.context;
    const groups = Math.floor(count / atOnce);
    const axis = this.#k.axis("r", groups, "reduce");
    this.#k.loopOver(axis, () => {
      this.#foldRows(into, outer, s.add(start, s.mul(s.axis(axis), s.int(atOnce))), atOnce, base, width);
    });
    const rest = count - groups * atOnce;
    if (rest > 0) this.#foldRows(into, outer, s.add(start, s.int(groups * atOnce)), rest, base, width);
  }

  #foldRows(
    into: readonly (readonly BufferParam[])[],
    outer: readonly Expr[],
    first: Expr,
    count: number,
    base: Expr,
    width: number,
  ): void {
    const k = this.#k;
    this.#along(width, (c) => {
      for (const [n, fold] of this.folds.entries()) {
        const at = (j: number) => this.values(fold, s.add(base, c), [...outer, s.add(first, s.int(j))]);
        const rows = Array.from({ length: count }, (_, j) => at(j));
        const before = into[n].map((buffer) => s.load(buffer, c));
        const { combine } = fold;
        let after: readonly Expr[];
        if (typeof combine === "string") {
          after = before.map((acc, m) =>
            s.binary(
              combine,
              acc,
              tree(
                rows.map((row) => row[m]),
                (x, y) => s.binary(combine, x, y),
              ),
            ),
          );
        } else {
          after = before.map((acc) => s.local(k.let("acc", acc)));
          for (const row of rows) after = combine(s, after, row).map((e) => s.local(k.let("next", e)));
        }
        for (const [m, buffer] of into[n].entries()) k.store(buffer, c, after[m]);
      }
    });
  }
}

/** Even blocks of at most `most` columns. */
function blockWidth(columns: number, most: number): number {
  const blocks = Math.ceil(columns / most);
  return Math.min(columns, Math.ceil(columns / blocks / COLUMN_STEP) * COLUMN_STEP);
}

/** Folds pairwise. */
function tree(values: readonly Expr[], combine: (x: Expr, y: Expr) => Expr): Expr {
  if (values.length === 1) return values[0];
  const half = Math.ceil(values.length / 2);
  return combine(tree(values.slice(0, half), combine), tree(values.slice(half), combine));
}
