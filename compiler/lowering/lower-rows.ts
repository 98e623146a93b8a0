/**
 * Passes over rows: for each row, one loop per pass with its folds and stores, and between the passes what is one
 * number per row. Softmax reads
 *
 *   rows i { reduce r {max}  vector r { e = exp(x - max); store out = e; acc sum += e }  vector r { out = out / sum } }
 *
 * All passes run over the same Axis objects, so that an element of one pass and of the next has the same index.
 * Either the elements of a row run in lanes, or, where rows lie side by side in memory, whole rows do.
 *
 * Folds over all rows are carried from row to row. Many rows are walked in parts, which carry folds of their own.
 */
import { contextOf } from "../fusion/access.ts";
import type { FusionGroup, RowPlan } from "../fusion/plan.ts";
import {
  indicesOf,
  positionOf,
  type RowPositions,
  type RowRole,
  rowPositions,
} from "../fusion/row-domain.ts";
import type { Equation, Params, Value } from "../graph/graph.ts";
import type { ReduceLowering } from "../graph/primitive.ts";
import type { Axis, BufferParam, Expr, LoadExpr, Local } from "../kernel/expr.ts";
import type { CombineFn, Stmt } from "../kernel/kernel.ts";
import { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { primitiveOf } from "../primitives/table.ts";
import { computeDType, type DType } from "../types/dtype.ts";
import { InternalError } from "../types/errors.ts";
import type { Elements } from "./elements.ts";
import { choosePartition, countDivisions, makeNest, type Partition, splitPartition } from "./loop-shape.ts";
import type { Parameters } from "./parameters.ts";
import { type PartLimits, type Parts, partsOf } from "./parts.ts";
import { weightOf } from "./reduce-columns.ts";
import { within } from "./reduce-regions.ts";
import { type RowMaximum, withMaxima } from "./row-maxima.ts";
import { inRow, pipelineOf, type RowPipeline } from "./row-pipeline.ts";
import { shareValues } from "./share-values.ts";
import { loadsOf, vectorCost } from "./strides.ts";
import { withoutZeroSigns } from "./zero-signs.ts";

const LANES = 4;
/** Rough cost of combining the lanes of one accumulator at the end, in vector loads. */
const LANE_COMBINE = 6;

/** A row being walked, with the accumulators of a pass. */
type Row = readonly [at: RowPositions, accumulators: ReadonlyMap<Equation, Local>];

/** A fold over rows that is carried from row to row. */
interface Carried {
  readonly equation: Equation;
  readonly lower: ReduceLowering<Params>;
  /** One number, or a row in memory. */
  readonly into: Local | BufferParam;
  /** Where that row begins. */
  readonly base: Expr;
}

/** Where an element kept between passes is. */
interface Home {
  readonly buffer: BufferParam;
  readonly position: (at: RowPositions) => Expr;
}

export function lowerRows(
  group: FusionGroup,
  elements: Elements,
  parameters: Parameters,
  limits: PartLimits,
): Stmt[] {
  if (group.rows === null) throw new InternalError("a group of rows without a plan");
  return new RowLowerer(group, group.rows, elements, parameters, limits).run();
}

class RowLowerer {
  readonly #k = new KernelBuilder();
  /** The numbers of a row, which its passes may read. */
  readonly #held = new Map<RowPositions, Map<Value, { position: Expr; value: Expr }>>();
  readonly #homes = new Map<Value, Home>();
  #carried: Carried[] = [];

  constructor(
    private readonly group: FusionGroup,
    private readonly plan: RowPlan,
    private readonly elements: Elements,
    private readonly parameters: Parameters,
    private readonly limits: PartLimits,
  ) {}

  run(): Stmt[] {
    const { domain } = this.plan;
    const { rowLoops, lengthLoops, at, lanesOverRows } = this.#loops();
    const k = this.#k;
    // Memory that a later pass reads back is asked for first, because then it may be read.
    for (const [value, kept] of this.plan.kept) {
      if (kept.where === "output") {
        this.#homes.set(value, {
          buffer: this.parameters.write(kept.home, "readwrite"),
          position: fullPosition,
        });
      } else {
        const dtype = computeDType(value.type.dtype);
        // Rows that run side by side need a place each.
        const size = lanesOverRows ? domain.rows * domain.length : domain.length;
        const position = lanesOverRows ? fullPosition : (of: RowPositions): Expr => of.within;
        const buffer = lanesOverRows
          ? this.parameters.scratch(dtype, size)
          : this.parameters.temporary(dtype, size);
        this.#homes.set(value, { buffer, position });
      }
    }
    const [first, ...inner] = rowLoops;
    const carries = this.#roots(["total", "totalOfRows", "columns"]).length > 0;
    const parts =
      first === undefined || !carries ? null : partsOf(first, domain.rows * domain.length, this.limits);
    const pipeline = lanesOverRows ? null : pipelineOf(this.group, this.plan, rowLoops, lengthLoops);
    if (parts !== null && first !== undefined) {
      this.#inParts(parts, pipeline, first, inner, at, lengthLoops);
    } else {
      this.#startCarried();
      const all = { start: s.int(0), count: first?.extent ?? 1 };
      if (pipeline !== null) this.#inPipeline(pipeline, at, first, lengthLoops, all);
      else if (first === undefined || this.#atOnce(at, all.count) === 1) {
        within(k, rowLoops, () => this.#rows([at], lengthLoops));
      } else this.#walk(first, inner, at, lengthLoops, all);
    }
    this.#finishCarried(at);
    return shareValues(k.finish(), (prefix) => k.fresh(prefix));
  }

  /** Parts of the outermost loop over rows; then what they carry is put together in order. */
  #inParts(
    { count, chunk }: Parts,
    pipeline: RowPipeline | null,
    first: Axis,
    inner: readonly Axis[],
    at: RowPositions,
    lengthLoops: readonly Axis[],
  ): void {
    const k = this.#k;
    const ends = new Map<Equation, BufferParam>();
    k.loop(
      count,
      (part) => {
        this.#startCarried({ part, count });
        const start = s.mul(part, s.int(chunk));
        if (pipeline !== null && count * chunk === first.extent) {
          this.#inPipeline(pipeline, at, first, lengthLoops, { start, count: chunk });
        } else if (count * chunk === first.extent) {
          this.#walk(first, inner, at, lengthLoops, { start, count: chunk });
        } else {
          const rows: Axis = { ...first, extent: chunk };
          const row = s.add(start, s.axis(rows));
          k.loopOver(rows, () => {
            const inside = s.lt(row, s.int(first.extent));
            const body = (): void => within(k, inner, () => this.#rows([inRow(at, first, row)], lengthLoops));
            if (inside.op === "const") body();
            else k.if(inside, body);
          });
        }
        for (const { equation, into } of this.#carried) {
          if ("access" in into) continue;
          const end = ends.get(equation) ?? this.parameters.scratch(into.dtype, count);
          ends.set(equation, end);
          k.store(end, part, s.local(into));
        }
      },
      { name: "part" },
    );
    this.#carried = this.#carried.map((carried) => this.#joined(carried, count, ends.get(carried.equation)));
  }

  /** A fold of the parts' folds. */
  #joined(carried: Carried, count: number, end: BufferParam | undefined): Carried {
    const k = this.#k;
    const { equation, lower, into } = carried;
    const over = (local: Local, buffer: BufferParam, at: (part: Expr) => Expr): void =>
      k.loop(
        count - 1,
        (n) => k.accumulate(local, combineOf(lower), s.load(buffer, at(s.add(n, s.int(1))))),
        { name: "part", kind: "reduce" },
      );
    if (!("access" in into)) {
      if (end === undefined) throw new InternalError("parts carry a number that was not stored");
      const total = k.let("total", s.load(end, s.int(0)));
      over(total, end, (part) => part);
      return { ...carried, into: total };
    }
    const [v] = equation.outputs;
    if (!this.group.outputs.includes(v)) return carried;
    const out = this.parameters.write(v);
    k.loop(
      v.type.size,
      (c) => {
        const total = k.let("c", s.load(into, c));
        over(total, into, (part) => s.add(s.mul(part, s.int(v.type.size)), c));
        k.store(out, c, s.local(total));
      },
      { name: "c", kind: "vector" },
    );
    return { ...carried, into: out };
  }

  #role(equation: Equation): RowRole {
    const role = this.plan.roles.get(equation);
    if (role === undefined) throw new InternalError("an equation without a part in its group");
    return role;
  }

  /** The group's roots of some roles in pass `level`, or in all. */
  #roots(roles: readonly RowRole[], level: number | null = null): Equation[] {
    return this.group.roots.filter(
      (e) => roles.includes(this.#role(e)) && (level === null || this.plan.level.get(e) === level),
    );
  }

  // The shape of the loops

  #loops(): { rowLoops: Axis[]; lengthLoops: Axis[]; at: RowPositions; lanesOverRows: boolean } {
    const { domain } = this.plan;
    const rowName = (n: number): string => `i${n}`;
    const lengthName = (n: number): string => `r${n}`;
    const lengthSplit = makeNest(
      domain.lengthShape,
      splitPartition(domain.lengthShape),
      lengthName,
      "serial",
    );
    const rowPartition = choosePartition(domain.rowShape, (candidate) => {
      const { index } = makeNest(domain.rowShape, candidate, rowName, "serial");
      return countDivisions(this.#everything(rowPositions(domain, index, lengthSplit.index)));
    });
    const rowDraft = makeNest(domain.rowShape, rowPartition, rowName, "serial");
    const lengthPartition = choosePartition(domain.lengthShape, (candidate) => {
      const { index } = makeNest(domain.lengthShape, candidate, lengthName, "serial");
      return countDivisions(this.#everything(rowPositions(domain, rowDraft.index, index)));
    });
    const lengthDraft = makeNest(domain.lengthShape, lengthPartition, lengthName, "serial");
    const draft = rowPositions(domain, rowDraft.index, lengthDraft.index);
    const loads = loadsOf(this.#everything(draft));

    const lastRow = rowDraft.axes.length - 1;
    const lastLength = lengthDraft.axes.length - 1;
    const lanesOverRows =
      lastRow >= 0 &&
      this.#roots(["columns"]).length === 0 &&
      (lastLength < 0 ||
        vectorCost(loads, rowDraft.axes[lastRow].axis) <
          this.#costAlongRow(loads, lengthDraft.axes[lastLength].axis));
    const rows = makeAxes(this.#k, domain.rowShape, rowPartition, "i", lanesOverRows ? lastRow : -1);
    const length = makeAxes(
      this.#k,
      domain.lengthShape,
      lengthPartition,
      "r",
      lanesOverRows || (lengthDraft.axes[lastLength]?.axis.extent ?? 0) < LANES ? -1 : lastLength,
    );
    return {
      rowLoops: rows.axes,
      lengthLoops: length.axes,
      at: rowPositions(domain, rows.index, length.index),
      lanesOverRows,
    };
  }

  #costAlongRow(loads: readonly LoadExpr[], axis: Axis): number {
    const folds = this.#roots(["reduce", "total"]).length;
    return vectorCost(loads, axis) + (folds * LANE_COMBINE) / (axis.extent / LANES);
  }

  /** All that the kernel computes and stores at one element, or what some roles do, to see how the indices come out. */
  #everything(at: RowPositions, roles: readonly RowRole[] | null = null): Expr[] {
    this.elements.clear();
    const found: Expr[] = [];
    for (const equation of this.group.roots) {
      const role = this.#role(equation);
      const { lower } = primitiveOf(equation.op);
      const { out, reduce } = indicesOf(equation, role, this.plan.domain, at);
      const values =
        lower.kind === "reduce"
          ? lower.element(s, this.#inputs(equation), out, reduce, contextOf(equation))
          : this.elements.values(equation, out);
      if (roles?.includes(role) ?? true) found.push(...values);
      const position = positionOf(role, at);
      for (const [n, v] of equation.outputs.entries()) {
        const dtype = computeDType(v.type.dtype);
        this.elements.hold(v, position, { op: "local", dtype, local: { name: "probe", dtype } });
        // A store counts as a load of the same place.
        if (role === "element" && this.group.outputs.includes(v)) {
          const buffer: BufferParam = {
            name: `out${n}`,
            dtype: v.type.dtype,
            size: v.type.size,
            access: "read",
          };
          found.push(s.load(buffer, position));
        }
      }
    }
    return found;
  }

  #inputs(equation: Equation) {
    return equation.inputs.map((x) => this.elements.access(x));
  }

  // One row

  /** Rows side by side, each pass over all of them in one loop. */
  #rows(ats: readonly RowPositions[], lengthLoops: readonly Axis[]): void {
    for (let level = 0; level <= this.plan.passes; level++) {
      for (const at of ats) this.#perRow(level, at);
      if (level < this.plan.passes) this.#pass(level, ats, lengthLoops);
    }
  }

  /** A range of the outermost loop over rows, several at once where that pays. */
  #walk(
    first: Axis,
    inner: readonly Axis[],
    at: RowPositions,
    lengthLoops: readonly Axis[],
    range: { readonly start: Expr; readonly count: number },
  ): void {
    const k = this.#k;
    const atOnce = this.#atOnce(at, range.count);
    const blocks = Math.floor(range.count / atOnce);
    const from = (start: Expr, count: number): void =>
      within(k, inner, () =>
        this.#rows(
          Array.from({ length: count }, (_, n) => inRow(at, first, s.add(start, s.int(n)))),
          lengthLoops,
        ),
      );
    k.loop(blocks, (b) => from(s.add(range.start, s.mul(b, s.int(atOnce))), atOnce), { name: "i" });
    const rest = range.count - blocks * atOnce;
    if (rest > 0) from(s.add(range.start, s.int(blocks * atOnce)), rest);
  }

  /**
   * Rows that are added to rows of sums together, which go through memory once for all of them. The more work an
   * element is, the less that matters, and the more registers it wants. 1 where nothing is gained, or where rows share
   * the memory in which a row is kept between its passes.
   */
  #atOnce(at: RowPositions, rows: number): number {
    if (this.#roots(["columns"]).length === 0) return 1;
    if ([...this.plan.kept.values()].some(({ where }) => where === "scratch")) return 1;
    const weight = weightOf(this.#everything(at, ["element", "reduce", "total", "columns"]));
    return Math.min(rows, weight <= 40 ? 4 : weight <= 80 ? 2 : 1);
  }

  #inPipeline(
    pipeline: RowPipeline,
    at: RowPositions,
    rows: Axis,
    lengthLoops: readonly Axis[],
    range: { readonly start: Expr; readonly count: number },
  ): void {
    const k = this.#k;
    const { first } = pipeline;
    const chunk = Math.min(pipeline.chunk, range.count);
    const chunks = Math.floor(range.count / chunk);
    k.loop(
      chunks,
      (c) => {
        const start = s.add(range.start, s.mul(c, s.int(chunk)));
        const begun = inRow(at, rows, start);
        const ahead = first.map((equation) => this.#accumulator(equation));
        within(k, lengthLoops, () => this.#elements(first, 0, [[begun, new Map(zip(first, ahead))]]));
        k.loop(
          chunk,
          (i) => {
            const next = s.min(s.add(i, s.int(1)), s.int(chunk - 1));
            this.#pipelinedRow(
              pipeline,
              { at: inRow(at, rows, s.add(start, i)), next: inRow(at, rows, s.add(start, next)) },
              ahead,
              lengthLoops,
            );
          },
          { name: "i" },
        );
      },
      { name: "c" },
    );
    const rest = range.count - chunks * chunk;
    const last = s.add(range.start, s.int(chunks * chunk));
    k.loop(rest, (i) => this.#rows([inRow(at, rows, s.add(last, i))], lengthLoops), { name: "i" });
  }

  /** A row whose first pass has left its accumulators in `ahead`, where it leaves those of the next row. */
  #pipelinedRow(
    { pass, first }: RowPipeline,
    { at, next }: { at: RowPositions; next: RowPositions },
    ahead: readonly Local[],
    lengthLoops: readonly Axis[],
  ): void {
    const k = this.#k;
    // A value of the row's own: the next row's takes its place.
    const own = new Map(
      zip(
        first,
        ahead.map((acc) => k.let("acc", s.local(acc))),
      ),
    );
    this.#finishPass(own, at);
    for (let level = 1; level <= this.plan.passes; level++) {
      this.#perRow(level, at);
      if (level === pass) {
        const following = new Map(
          zip(
            first,
            first.map((equation) => this.#accumulator(equation)),
          ),
        );
        this.#pass(level, [at], lengthLoops, () => this.#elements(first, 0, [[next, following]]));
        for (const [n, equation] of first.entries()) {
          const local = following.get(equation);
          if (local !== undefined) k.assign(ahead[n], s.local(local));
        }
      } else if (level < this.plan.passes) this.#pass(level, [at], lengthLoops);
    }
  }

  /** Numbers per row that are computed before pass `level`. */
  #perRow(level: number, at: RowPositions): void {
    const k = this.#k;
    const stores: (() => void)[] = [];
    this.#startBlock(at, level);
    for (const equation of this.#roots(["row", "totalOfRows"], level)) {
      const role = this.#role(equation);
      if (role === "totalOfRows") {
        this.#carry(equation, this.#folded(equation, at));
        continue;
      }
      const { out } = indicesOf(equation, role, this.plan.domain, at);
      const values = this.elements.values(equation, out);
      for (const [n, v] of equation.outputs.entries()) {
        const value = s.local(k.let("v", values[n]));
        this.#hold(v, at, value);
        if (this.group.outputs.includes(v)) {
          stores.push(() => k.store(this.parameters.write(v), at.row, value));
        }
      }
    }
    for (const store of stores) store();
  }

  /** One pass over rows, with what else is done at each of their elements. */
  #pass(
    level: number,
    ats: readonly RowPositions[],
    lengthLoops: readonly Axis[],
    also: () => void = () => {},
  ): void {
    const body = this.#roots(["element", "reduce", "total", "columns"], level);
    if (body.length === 0) return;
    const folds = body.filter((equation) => ["reduce", "total"].includes(this.#role(equation)));
    const rows = ats.map((at): Row => [at, new Map(folds.map((e) => [e, this.#accumulator(e)]))]);
    within(this.#k, lengthLoops, () => {
      this.#elements(body, level, rows);
      also();
    });
    for (const [at, accumulators] of rows) this.#finishPass(accumulators, at);
  }

  #accumulator(equation: Equation): Local {
    const [spec] = reduceLowering(equation).accumulators(contextOf(equation));
    return this.#k.let("acc", s.const(spec.init, spec.dtype));
  }

  /** What the folds of a pass have come to is held for later passes, and stored. */
  #finishPass(accumulators: ReadonlyMap<Equation, Local>, at: RowPositions): void {
    const k = this.#k;
    const stores: (() => void)[] = [];
    for (const [equation, acc] of accumulators) {
      if (this.#role(equation) === "total") {
        this.#carry(equation, s.local(acc));
        continue;
      }
      const { out } = indicesOf(equation, "reduce", this.plan.domain, at);
      const [value] = finish(equation, s.local(acc), out);
      const local = value.op === "local" ? value : s.local(k.let("v", value));
      const [v] = equation.outputs;
      this.#hold(v, at, local);
      if (this.group.outputs.includes(v)) {
        stores.push(() => k.store(this.parameters.write(v), at.row, local));
      }
    }
    for (const store of stores) store();
  }

  /**
   * An element of each row in one pass: all values first, then all stores, as a store may take over an operand's place.
   */
  #elements(body: readonly Equation[], level: number, rows: readonly Row[]): void {
    const k = this.#k;
    const stores: (() => void)[] = [];
    const columns = new Map<Equation, Local>();
    for (const [at, accumulators] of rows) {
      this.#startBlock(at, level);
      const maxima = this.#maxima(at, level);
      for (const equation of body) {
        const role = this.#role(equation);
        if (role !== "element") {
          const value = withMaxima(this.#folded(equation, at), maxima);
          const acc = accumulators.get(equation);
          // Row by row, as what a row's sums have in common is in registers only until the next row's.
          if (acc === undefined) this.#addToColumn(equation, value, at, columns, stores);
          else k.accumulate(acc, combineOf(reduceLowering(equation)), value);
          continue;
        }
        const { out } = indicesOf(equation, role, this.plan.domain, at);
        const values = this.elements.values(equation, out).map((e) => withMaxima(e, maxima));
        for (const [n, v] of equation.outputs.entries()) {
          const value = body.length > 1 ? s.local(k.let("v", values[n])) : values[n];
          this.elements.hold(v, at.full, value);
          const home = this.#homes.get(v);
          if (home !== undefined) stores.push(() => k.store(home.buffer, home.position(at), value));
          else if (this.group.outputs.includes(v)) {
            stores.push(() => k.store(this.parameters.write(v), at.full, value));
          }
        }
      }
    }
    for (const store of stores) store();
  }

  /** Forgets what other axes computed, and holds what this pass may read: numbers per row and earlier passes' elements. */
  #startBlock(at: RowPositions, level: number): void {
    this.elements.clear();
    for (const [v, { position, value }] of this.#held.get(at) ?? []) this.elements.hold(v, position, value);
    for (const equation of this.#roots(["element"])) {
      if ((this.plan.level.get(equation) ?? 0) >= level) continue;
      for (const v of equation.outputs) {
        const home = this.#homes.get(v);
        if (home !== undefined) this.elements.hold(v, at.full, s.load(home.buffer, home.position(at)));
      }
    }
  }

  /** Maxima along the row that earlier passes took, with their elements at hand in this one. */
  #maxima(at: RowPositions, level: number): RowMaximum[] {
    return this.#roots(["reduce"]).flatMap((equation): RowMaximum[] => {
      if ((this.plan.level.get(equation) ?? 0) >= level || reduceLowering(equation).combine !== "max")
        return [];
      const greatest = this.#held.get(at)?.get(equation.outputs[0])?.value;
      if (greatest?.op !== "local") return [];
      return [{ local: greatest.local, element: this.#folded(equation, at) }];
    });
  }

  #hold(value: Value, at: RowPositions, element: Expr): void {
    const held = this.#held.get(at) ?? new Map<Value, { position: Expr; value: Expr }>();
    this.#held.set(at, held.set(value, { position: at.row, value: element }));
    this.elements.hold(value, at.row, element);
  }

  // Folds over all rows

  /** `inPart`: folds of one of several parts. */
  #startCarried(inPart: { readonly part: Expr; readonly count: number } | null = null): void {
    const k = this.#k;
    this.#carried = [];
    for (const equation of this.#roots(["total", "totalOfRows"])) {
      const lower = reduceLowering(equation);
      const [spec] = lower.accumulators(contextOf(equation));
      const init = s.const(spec.init, carriedDType(spec.dtype, lower));
      this.#carried.push({ equation, lower, into: k.let("total", init), base: s.int(0) });
    }
    for (const equation of this.#roots(["columns"])) {
      const lower = reduceLowering(equation);
      const [spec] = lower.accumulators(contextOf(equation));
      const [v] = equation.outputs;
      const { size } = v.type;
      const into =
        inPart === null && this.group.outputs.includes(v)
          ? this.parameters.write(v, "readwrite")
          : this.parameters.scratch(spec.dtype, size * (inPart?.count ?? 1));
      const base = inPart === null ? s.int(0) : s.mul(inPart.part, s.int(size));
      k.loop(size, (c) => k.store(into, s.add(base, c), s.const(spec.init, spec.dtype)), {
        name: "c",
        kind: "vector",
      });
      this.#carried.push({ equation, lower, into, base });
    }
  }

  /** What a reduction folds in at an element. */
  #folded(equation: Equation, at: RowPositions): Expr {
    const { out, reduce } = indicesOf(equation, this.#role(equation), this.plan.domain, at);
    const { element, combine } = reduceLowering(equation);
    const [value] = element(s, this.#inputs(equation), out, reduce, contextOf(equation));
    return combine === "add" ? withoutZeroSigns(value) : value;
  }

  #carriedBy(equation: Equation): Carried {
    const carried = this.#carried.find((c) => c.equation === equation);
    if (carried === undefined) throw new InternalError("a fold over rows that was not started");
    return carried;
  }

  #carry(equation: Equation, value: Expr): void {
    const { lower, into } = this.#carriedBy(equation);
    if ("access" in into) throw new InternalError("a row of sums is no number");
    this.#k.accumulate(into, combineOf(lower), s.convert(value, into.dtype));
  }

  /** Adds what a row has at one place to the row of sums, which is loaded once for all rows that are walked together. */
  #addToColumn(
    equation: Equation,
    value: Expr,
    at: RowPositions,
    sums: Map<Equation, Local>,
    stores: (() => void)[],
  ): void {
    const { lower, into, base } = this.#carriedBy(equation);
    if (!("access" in into)) throw new InternalError("a number is no row of sums");
    const known = sums.get(equation);
    const place = s.add(base, at.within);
    const sum = known ?? this.#k.let("c", s.load(into, place));
    if (known === undefined) {
      sums.set(equation, sum);
      stores.push(() => this.#k.store(into, place, s.local(sum)));
    }
    this.#k.accumulate(sum, combineOf(lower), value);
  }

  #finishCarried(at: RowPositions): void {
    const k = this.#k;
    this.elements.clear();
    this.#held.clear();
    const stores: (() => void)[] = [];
    const put = (v: Value, value: Expr): void => {
      const local = value.op === "local" ? value : s.local(k.let("v", value));
      this.elements.hold(v, s.int(0), local);
      if (this.group.outputs.includes(v))
        stores.push(() => k.store(this.parameters.write(v), s.int(0), local));
    };
    for (const { equation, into } of this.#carried) {
      if ("access" in into) continue;
      const [spec] = reduceLowering(equation).accumulators(contextOf(equation));
      const { out } = indicesOf(equation, this.#role(equation), this.plan.domain, at);
      put(equation.outputs[0], finish(equation, s.convert(s.local(into), spec.dtype), out)[0]);
    }
    for (const equation of this.#roots(["after"])) {
      const { out } = indicesOf(equation, "after", this.plan.domain, at);
      const values = this.elements.values(equation, out);
      for (const [n, v] of equation.outputs.entries()) put(v, values[n]);
    }
    for (const store of stores) store();
  }
}

/** Sums of many float32 rows are carried in float64: one more bit of error per row would add up. */
function carriedDType(dtype: DType, lower: ReduceLowering<Params>): DType {
  return dtype === "float32" && lower.combine === "add" ? "float64" : dtype;
}

function reduceLowering(equation: Equation): ReduceLowering<Params> {
  const { lower } = primitiveOf(equation.op);
  if (lower.kind !== "reduce") throw new InternalError(`${equation.op} is no reduction`);
  return lower;
}

function combineOf(lower: ReduceLowering<Params>): CombineFn {
  if (typeof lower.combine !== "string") throw new InternalError("a row folds with named functions only");
  return lower.combine;
}

function finish(equation: Equation, acc: Expr, index: readonly Expr[]): readonly Expr[] {
  const lower = reduceLowering(equation);
  return lower.finish === undefined ? [acc] : lower.finish(s, [acc], index, contextOf(equation));
}

/** One loop per run of dimensions; the one numbered `vector` in lanes. */
function makeAxes(
  k: KernelBuilder,
  shape: readonly number[],
  partition: Partition,
  prefix: string,
  vector: number,
): { axes: Axis[]; index: readonly Expr[] } {
  const nests = partition.map((dims, n) =>
    makeNest(shape, [dims], () => k.fresh(`${prefix}${n}`), n === vector ? "vector" : "serial"),
  );
  const index = shape.map(
    (_, d) => nests[partition.findIndex((dims) => dims.includes(d))]?.index[d] ?? s.int(0),
  );
  return { axes: nests.map((n) => n.axes[0].axis), index };
}

const fullPosition = (at: RowPositions): Expr => at.full;

function zip<A, B>(a: readonly A[], b: readonly B[]): [A, B][] {
  return a.map((x, n) => [x, b[n]]);
}
