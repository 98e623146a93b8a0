/**
 * Reductions: loops over the output, accumulators, loops over the reduction domain, epilogues, stores.
 *
 * Sums of products go to `contraction/` where tiles pay there; here is every other reduction, and the smallest
 * products. Three schedules. Plain: the vector axis is the output's innermost or one of the domain's, whichever walks
 * memory more kindly. Streaming (reduce-columns.ts): many columns are folded row by row, their accumulators in memory.
 * Tiled (where every load moves along at most one of two output axes): a block of TILE_ROWS rows is kept in
 * accumulators, so that each loaded element serves several multiply-adds.
 *
 * Long sums of floats are cut into blocks, each with an accumulator of its own: the error of a sum grows with the
 * number of terms that one accumulator takes (Higham, "The accuracy of floating point summation", 1993).
 */
import type { FusionGroup } from "../fusion/plan.ts";
import type { Equation } from "../graph/graph.ts";
import type { Axis, AxisKind, Expr, Local } from "../kernel/expr.ts";
import type { Stmt } from "../kernel/kernel.ts";
import { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { expandUnroll } from "../kernel/unroll.ts";
import { isFloating } from "../types/dtype.ts";
import type { Shape } from "../types/tensor-type.ts";
import { lowerContraction } from "./contraction/lower-contraction.ts";
import type { Elements } from "./elements.ts";
import { type Fold, Folds, valuesOf } from "./folds.ts";
import { choosePartition, countDivisions, makeNest, type Partition, splitPartition } from "./loop-shape.ts";
import { emitSearch, LEAST_SEARCHED } from "./lower-search.ts";
import type { Parameters } from "./parameters.ts";
import type { PartLimits } from "./parts.ts";
import {
  type ColumnFold,
  foldColumns,
  isLight,
  isNear,
  rowsAtOnce,
  streamsColumns,
} from "./reduce-columns.ts";
import { columnIndex, LANES, type Region, split, spread, tileIndex, within } from "./reduce-regions.ts";
import { shareValues } from "./share-values.ts";
import { dependsOn, loadsOf, strideAlong } from "./strides.ts";
import { chooseVectorAxis, type VectorChoice } from "./vector-axis.ts";

/** Rows of a register tile, and vectors of four columns side by side: 8 accumulators of 15 usable registers. */
const TILE_ROWS = 4;
const TILE_VECTORS = 2;
/** Terms that one accumulator of a long sum takes: of a vector along the sum its lanes share them. */
const SUM_BLOCK = 512;
const LANE_SUM_BLOCK = 4096;

/** Elements of a fold's operand, along the last axis of the results, from which on several streams of memory pay. */
const STREAMED_ELEMENTS = 1 << 16;
/** Results of one stream in a row. */
const STREAM_RESULTS = 16;

/** A reduction to one element is cut into at most so many parts. */
const MAX_PARTS = 64;
/** Turns of parts that threads have to share. */
const LEAST_TURNS = 16;

/** Elements of what is folded into a row of results, from which on several rows side by side pay. */
const STREAMED_COLUMNS = 1 << 14;
const COLUMN_STREAMS = 2;

/** A fold of one of the results that are folded side by side. */
type StreamFold = ColumnFold & Fold & { readonly stream: number };

type Accumulators = ReadonlyMap<Equation, readonly Local[]>;
/** The index into the domain, given where each reduction loop is. */
type ReducePosition = (at: (axis: Axis) => Expr) => readonly Expr[];

export function lowerReduce(
  group: FusionGroup,
  elements: Elements,
  parameters: Parameters,
  limits: PartLimits,
): Stmt[] {
  return (
    lowerContraction(group, elements, parameters) ??
    new ReduceLowerer(group, elements, parameters, limits).run()
  );
}

class ReduceLowerer {
  readonly #k = new KernelBuilder();
  readonly #folds: Folds;
  #light = false;

  constructor(
    group: FusionGroup,
    private readonly elements: Elements,
    private readonly parameters: Parameters,
    private readonly limits: PartLimits,
  ) {
    this.#folds = new Folds(group, elements, parameters);
  }

  get #shape(): Shape {
    return this.#folds.shape;
  }

  get #domain(): Shape {
    return this.#folds.domain;
  }

  run(): Stmt[] {
    if (this.#shape.includes(0)) return [];
    const outName = (n: number): string => `i${n}`;
    const redName = (n: number): string => `r${n}`;
    const redSplit = makeNest(this.#domain, splitPartition(this.#domain), redName, "reduce");
    const outPartition = choosePartition(this.#shape, (candidate) =>
      countDivisions(
        this.#folds.evaluate(makeNest(this.#shape, candidate, outName, "serial").index, redSplit.index),
      ),
    );
    const outDraft = makeNest(this.#shape, outPartition, outName, "serial");
    const redPartition = choosePartition(this.#domain, (candidate) =>
      countDivisions(
        this.#folds.evaluate(outDraft.index, makeNest(this.#domain, candidate, redName, "reduce").index),
      ),
    );
    const redDraft = makeNest(this.#domain, redPartition, redName, "reduce");
    const values = this.#folds.evaluate(outDraft.index, redDraft.index);
    const loads = loadsOf(values);
    this.#light = isLight(values);

    const outAxes = outDraft.axes.map((a) => a.axis);
    const redAxes = redDraft.axes.map((a) => a.axis);
    if (this.#search(loads, outPartition, redAxes)) return this.#finished();
    const named = this.#folds.named;
    const vector = chooseVectorAxis(loads, outAxes, redAxes, named);
    const rows = this.#chooseRows(loads, outAxes, vector, named);
    const column = vector?.where === "out" ? outAxes[vector.at] : null;
    if (rows < 0 && vector !== null && column !== null && streamsColumns(loads, column, redAxes)) {
      this.#emitColumns(outPartition, redPartition, vector.at);
    } else {
      this.#emitNests(outPartition, redPartition, vector, rows);
    }
    return this.#finished();
  }

  #finished(): Stmt[] {
    return shareValues(expandUnroll(this.#k.finish()), (prefix) => this.#k.fresh(prefix));
  }

  /** Emits a search for places along memory; false where the fold is none. */
  #search(loads: ReturnType<typeof loadsOf>, outPartition: Partition, redAxes: readonly Axis[]): boolean {
    const [fold] = this.#folds.folds;
    const [axis] = redAxes;
    const { search } = fold.lower;
    if (search === undefined || this.#folds.folds.length > 1 || redAxes.length !== 1 || !this.#light)
      return false;
    const along = loads.map((load) => strideAlong(load, axis));
    if (axis.extent < LEAST_SEARCHED || !along.includes(1) || along.some((n) => n !== 0 && n !== 1))
      return false;
    const { axes, index } = makeNest(this.#shape, outPartition, (n) => `i${n}`, "serial");
    within(
      this.#k,
      axes.map((a) => a.axis),
      () => emitSearch(this.#k, this.#folds, this.elements, { ...fold, search }, index),
    );
    return true;
  }

  /** The output axis whose neighbouring rows share the loads that move along the vector axis, or -1. */
  #chooseRows(
    loads: ReturnType<typeof loadsOf>,
    outAxes: readonly Axis[],
    vector: VectorChoice,
    named: boolean,
  ): number {
    if (!named || this.#folds.folds.length > 1 || loads.length < 2) return -1;
    if (vector === null) return -1;
    for (let m = outAxes.length - 1; m >= 0; m--) {
      const axis = outAxes[m];
      if (axis.extent < 2 || (vector.where === "out" && vector.at === m)) continue;
      const vectorAxis = vector.where === "out" ? outAxes[vector.at] : null;
      const separate = loads.every((load) => {
        const moves = strideAlong(load, axis);
        const along = vectorAxis === null ? 1 : strideAlong(load, vectorAxis);
        return moves !== null && (moves === 0 || vectorAxis === null || along === 0);
      });
      const shared = loads.some((load) => !dependsOn(load.index, axis));
      if (separate && shared) return m;
    }
    return -1;
  }

  /** Emits one nest per region of the output: whole tiles, then what is left of columns and of rows. */
  #emitNests(outPartition: Partition, redPartition: Partition, vector: VectorChoice, rows: number): void {
    const column = vector !== null && vector.where === "out" ? vector.at : -1;
    const extents = outPartition.map((dims) => dims.reduce((n, d) => n * this.#shape[d], 1));
    const streams = rows < 0 && vector?.where === "reduce" ? this.#streams(extents) : 1;
    if (streams > 1) return this.#emitStreams(outPartition, redPartition, vector, extents, streams);
    for (const r of split(rows < 0 ? 1 : extents[rows], rows < 0 ? 1 : TILE_ROWS)) {
      const columnCount = column < 0 ? 1 : extents[column];
      const block = rows < 0 || column < 0 ? columnCount : LANES * TILE_VECTORS;
      for (const c of split(columnCount, block)) {
        this.#emitNest(outPartition, redPartition, vector, extents, { rows, column, row: r, col: c });
      }
    }
  }

  /**
   * Results that are folded side by side, each from a stretch of memory of its own: a core reads two or four streams
   * from memory faster than one, as a prefetcher stops at the end of a page. 1 where there are too few.
   */
  #streams(extents: readonly number[]): number {
    const size = this.#domain.reduce((n, extent) => n * extent, 1);
    const last = extents.at(-1) ?? 1;
    if (size * last < STREAMED_ELEMENTS || size > LANE_SUM_BLOCK || !this.#folds.named || !this.#light)
      return 1;
    return [4, 2].find((n) => last % (n * STREAM_RESULTS) === 0) ?? 1;
  }

  /** The last axis of the results in chunks, and in a chunk one result of each stream at a time. */
  #emitStreams(
    outPartition: Partition,
    redPartition: Partition,
    vector: VectorChoice,
    extents: readonly number[],
    streams: number,
  ): void {
    const last = extents.length - 1;
    const k = this.#k;
    const loops = extents.map((extent, n) =>
      k.axis(`i${n}`, n === last ? extent / (streams * STREAM_RESULTS) : extent, "serial"),
    );
    const each = k.axis("i", STREAM_RESULTS, "serial");
    const stream = k.axis("s", streams, "unroll");
    const chunk = s.mul(s.axis(loops[last]), s.int(streams * STREAM_RESULTS));
    const within = s.add(s.mul(s.axis(stream), s.int(STREAM_RESULTS)), s.axis(each));
    const position = loops.map((axis, n) => (n === last ? s.add(chunk, within) : s.axis(axis)));
    this.#emitLoops(outPartition, redPartition, vector, position, [...loops, each], [stream]);
  }

  #emitNest(
    outPartition: Partition,
    redPartition: Partition,
    vector: VectorChoice,
    extents: readonly number[],
    region: Region,
  ): void {
    const k = this.#k;
    const loops: Axis[] = [];
    const unrolls: Axis[] = [];
    const position = extents.map((extent, n): Expr => {
      if (n === region.rows) return tileIndex(k, `i${n}`, region.row, "unroll", loops, unrolls);
      if (n === region.column) return columnIndex(k, `i${n}`, region.col, region.rows >= 0, loops, unrolls);
      const axis = k.axis(`i${n}`, extent, "serial");
      loops.push(axis);
      return s.axis(axis);
    });
    // The vector axis runs innermost, whatever the dimension's place.
    loops.sort((a, b) => Number(a.kind === "vector") - Number(b.kind === "vector"));
    this.#emitLoops(outPartition, redPartition, vector, position, loops, unrolls);
  }

  /** `loops` over the output, the reduction's own within them, with a copy of everything per iteration of `unrolls`. */
  #emitLoops(
    outPartition: Partition,
    redPartition: Partition,
    vector: VectorChoice,
    position: readonly Expr[],
    loops: readonly Axis[],
    unrolls: readonly Axis[],
  ): void {
    const k = this.#k;
    const out = spread(this.#shape, outPartition, position);
    const redAxes = redPartition.map((dims, n) => {
      const kind: AxisKind =
        vector !== null && vector.where === "reduce" && vector.at === n ? "vector" : "reduce";
      return k.axis(
        `r${n}`,
        dims.reduce((size, d) => size * this.#domain[d], 1),
        kind,
      );
    });
    const redLoops = [...redAxes].sort((a, b) => Number(a.kind === "vector") - Number(b.kind === "vector"));
    const redAt = (at: (axis: Axis) => Expr): Expr[] => spread(this.#domain, redPartition, redAxes.map(at));
    const [first] = redLoops;
    const parts = first === undefined || loops.length + unrolls.length > 0 ? 1 : this.#partsOf(first);
    if (parts > 1) return this.#emitParts(out, redAt, redLoops, parts);
    within(k, loops, () => this.#emitBlock(out, redAt, redLoops, unrolls));
  }

  /** Accumulators, reduction loops, results: each wrapped in the tile's unrolled axes. */
  #emitBlock(
    out: readonly Expr[],
    redAt: ReducePosition,
    redLoops: readonly Axis[],
    unrolls: readonly Axis[],
  ): void {
    const totals = this.#declare(unrolls);
    this.#fold(out, redAt, redLoops, unrolls, totals);
    within(this.#k, unrolls, () => this.#folds.results(this.#k, out, valuesOf(totals)));
  }

  /**
   * A single result of a long reduction: parts of the outermost reduction axis, then the parts and what is left of the
   * axis in order. Threads share the parts; how many there are depends on the extent alone.
   */
  #emitParts(out: readonly Expr[], redAt: ReducePosition, redLoops: readonly Axis[], parts: number): void {
    const k = this.#k;
    const [first] = redLoops;
    const step = redLoops.length > 1 ? 1 : LANE_SUM_BLOCK;
    const chunk = Math.floor(first.extent / parts / step) * step;
    const scratch = this.#folds.folds.map(({ specs }) =>
      specs.map(({ dtype }) => this.parameters.scratch(dtype, parts)),
    );
    // Parts side by side are streams of memory, as in #emitStreams, where enough turns are left for threads.
    const streams = [4, 2].find((n) => this.#light && parts % n === 0 && parts / n >= LEAST_TURNS) ?? 1;
    const stream = k.axis("s", streams, "unroll");
    k.loop(
      parts / streams,
      (turn) => {
        const part = s.add(s.mul(turn, s.int(streams)), s.axis(stream));
        const partial = this.#declare([stream]);
        this.#fold(out, redAt, redLoops, [stream], partial, {
          start: s.mul(part, s.int(chunk)),
          count: chunk,
        });
        within(k, [stream], () => {
          for (const [n, { equation }] of this.#folds.folds.entries()) {
            for (const [m, acc] of (partial.get(equation) ?? []).entries()) {
              k.store(scratch[n][m], part, s.local(acc));
            }
          }
        });
      },
      { name: "part" },
    );
    const totals = this.#declare([]);
    k.loop(
      parts,
      (part) => {
        for (const [n, root] of this.#folds.folds.entries()) {
          this.#folds.combine(
            k,
            root,
            totals.get(root.equation) ?? [],
            scratch[n].map((buffer) => s.load(buffer, part)),
          );
        }
      },
      { name: "part", kind: "reduce" },
    );
    const rest = first.extent - parts * chunk;
    if (rest > 0) this.#fold(out, redAt, redLoops, [], totals, { start: s.int(parts * chunk), count: rest });
    this.#folds.results(this.#k, out, valuesOf(totals));
  }

  /** Parts of a reduction to one element. Its elements cost so little that each is what other loops are cut from. */
  #partsOf(first: Axis): number {
    const size = this.#domain.reduce((n, extent) => n * extent, 1);
    const step = first.extent === size ? LANE_SUM_BLOCK : 1;
    return Math.min(
      MAX_PARTS,
      Math.floor(size / (this.limits.elements * this.limits.least)),
      Math.floor(first.extent / step),
    );
  }

  #declare(unrolls: readonly Axis[]): Accumulators {
    const k = this.#k;
    const declared = new Map<Equation, readonly Local[]>();
    within(k, unrolls, () => {
      for (const { equation, specs } of this.#folds.folds) {
        declared.set(
          equation,
          specs.map((spec) => k.let("acc", s.const(spec.init, spec.dtype))),
        );
      }
    });
    return declared;
  }

  /** Folds the whole domain into `totals`, or a range of its outermost axis. */
  #fold(
    out: readonly Expr[],
    redAt: ReducePosition,
    redLoops: readonly Axis[],
    unrolls: readonly Axis[],
    totals: Accumulators,
    range: { readonly start: Expr; readonly count: number } | null = null,
  ): void {
    const k = this.#k;
    const { length } = redLoops;
    if (length === 0) {
      within(k, unrolls, () => this.#folds.accumulate(k, out, redAt(s.axis), totals));
      return;
    }
    if (this.#domain.includes(0)) return;
    const loops = redLoops.map((axis, n) =>
      n === 0 && range !== null ? k.axis(axis.name, range.count, axis.kind) : axis,
    );
    const startOf = (n: number): Expr => (n === 0 && range !== null ? range.start : s.int(0));
    const last = loops[length - 1];
    const fold = (axis: Axis, start: Expr, into: Accumulators): void =>
      k.loopOver(axis, () => {
        const at = (asked: Axis): Expr => {
          const n = redLoops.indexOf(asked);
          return n === length - 1
            ? s.add(s.add(startOf(n), start), s.axis(axis))
            : s.add(startOf(n), s.axis(loops[n]));
        };
        within(k, unrolls, () => this.#folds.accumulate(k, out, redAt(at), into));
      });
    within(k, loops.slice(0, -1), () => {
      const size = last.kind === "vector" ? LANE_SUM_BLOCK : SUM_BLOCK;
      const blocks = last.extent > 2 * size && this.#sumsFloats() ? Math.floor(last.extent / size) : 0;
      if (blocks === 0) return fold(last, s.int(0), totals);
      const block = k.axis("sum", blocks, "reduce");
      k.loopOver(block, () => {
        const partial = this.#declare(unrolls);
        fold(k.axis(last.name, size, last.kind), s.mul(s.axis(block), s.int(size)), partial);
        within(k, unrolls, () => {
          for (const [equation, accs] of totals) {
            const sums = partial.get(equation) ?? [];
            for (const [n, acc] of accs.entries()) k.accumulate(acc, "add", s.local(sums[n]));
          }
        });
      });
      const rest = last.extent - blocks * size;
      fold(k.axis(last.name, rest, last.kind), s.int(blocks * size), totals);
    });
  }

  #sumsFloats(): boolean {
    return this.#folds.folds.every(
      ({ lower, specs }) => lower.combine === "add" && specs.every((spec) => isFloating(spec.dtype)),
    );
  }

  /** Results whose columns are folded side by side, as in #streams, where a row is less than a page: along which axis. */
  #columnStreams(
    extents: readonly number[],
    column: number,
  ): { readonly axis: number; readonly count: number } {
    const axis = extents.findLastIndex((extent, n) => n !== column && extent > 1);
    const size = this.#domain.reduce((n, extent) => n * extent, 1);
    const pays =
      axis >= 0 && this.#light && isNear(extents[column]) && size * extents[column] >= STREAMED_COLUMNS;
    return { axis, count: pays && extents[axis] % COLUMN_STREAMS === 0 ? COLUMN_STREAMS : 1 };
  }

  /** The streaming schedule, with the output axis `column` innermost. */
  #emitColumns(outPartition: Partition, redPartition: Partition, column: number): void {
    const k = this.#k;
    const all = outPartition.map((dims) => dims.reduce((size, d) => size * this.#shape[d], 1));
    const { axis: streamed, count: streams } = this.#columnStreams(all, column);
    const folds = Array.from({ length: streams }, (_, stream) =>
      this.#folds.folds.map((fold): StreamFold => ({ ...fold, combine: fold.lower.combine, stream })),
    ).flat();
    const outAxes = all.map((extent, n) => k.axis(`i${n}`, n === streamed ? extent / streams : extent));
    const outAt = (stream: number, at: Expr): Expr[] =>
      spread(
        this.#shape,
        outPartition,
        outAxes.map((axis, n) => {
          if (n === column) return at;
          return n === streamed ? s.add(s.mul(s.axis(axis), s.int(streams)), s.int(stream)) : s.axis(axis);
        }),
      );
    const outer = outAxes.filter((_, n) => n !== column);
    const extents = redPartition.map((dims) => dims.reduce((size, d) => size * this.#domain[d], 1));
    const values = (fold: StreamFold, at: Expr, row: readonly Expr[]): readonly Expr[] =>
      this.#folds.values(fold, outAt(fold.stream, at), spread(this.#domain, redPartition, row));
    this.elements.clear();
    const zeros = extents.map(() => s.int(0));
    const sample = folds.flatMap((fold) => values(fold, s.int(0), zeros));
    within(k, outer, () =>
      foldColumns(
        {
          k,
          scratch: (dtype, size) => this.parameters.temporary(dtype, size),
          columns: outAxes[column].extent,
          extents,
          rowsAtOnce: rowsAtOnce(sample, outAxes[column].extent),
          forget: () => this.elements.clear(),
        },
        folds,
        values,
        (at, locals) => {
          for (let stream = 0; stream < streams; stream++) {
            const own = folds.flatMap((f, n) =>
              f.stream === stream ? [[f.equation, locals[n]] as const] : [],
            );
            this.#folds.results(k, outAt(stream, at), valuesOf(new Map(own)));
          }
        },
      ),
    );
  }
}
