/**
 * Passes over rows: a workgroup per row, or an invocation per short row. What a reduction along the row gives is in the
 * workgroup's memory, where every invocation reads it in the passes after.
 */
import { contextOf, delinearise } from "../../fusion/access.ts";
import type { FusionGroup, RowPlan } from "../../fusion/plan.ts";
import {
  indicesOf,
  positionOf,
  type RowPositions,
  type RowRole,
  rowPositions,
} from "../../fusion/row-domain.ts";
import type { Equation, Value } from "../../graph/graph.ts";
import type { Axis, BufferParam, Expr, Local } from "../../kernel/expr.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { primitiveOf } from "../../primitives/table.ts";
import type { GpuLimits } from "../../program/webgpu.ts";
import { computeDType } from "../../types/dtype.ts";
import { InternalError } from "../../types/errors.ts";
import { Folds } from "../folds.ts";
import { choosePartition, countDivisions, makeNest, mergedPartition } from "../loop-shape.ts";
import type { LoweredKernel } from "../lower-group.ts";
import { within } from "../reduce-regions.ts";
import { shareValues } from "../share-values.ts";
import { type GroupContext, KernelDraft, powerOfTwo, whenBelow } from "./draft.ts";

/** Rows up to this length are left to one invocation each. */
const SHORT_ROW = 32;
/** Bytes of workgroup memory that a row may be kept in between passes. */
const KEPT_BYTES = 8192;

export function lowerRows(group: FusionGroup, context: GroupContext, limits: GpuLimits): LoweredKernel[] {
  if (group.rows === null) throw new InternalError("a group of rows without a plan");
  return [new RowLowerer(group, group.rows, context, limits).run()];
}

class RowLowerer {
  readonly #draft: KernelDraft;
  readonly #parallel: boolean;
  /** What every pass may read: numbers per row. */
  readonly #held = new Map<Value, { position: Expr; value: Expr }>();
  readonly #homes = new Map<Value, { buffer: BufferParam; position: (at: RowPositions) => Expr }>();
  #rowIndex: readonly Expr[] = [];

  constructor(
    private readonly group: FusionGroup,
    private readonly plan: RowPlan,
    context: GroupContext,
    limits: GpuLimits,
  ) {
    const { length } = plan.domain;
    this.#parallel = length > SHORT_ROW && !limits.software;
    const size = powerOfTwo(Math.ceil(length / 4), 32, Math.min(limits.invocations, 256));
    this.#draft = new KernelDraft(context, this.#parallel ? size : null);
  }

  run(): LoweredKernel {
    const { domain, kept, passes } = this.plan;
    const { k, parameters } = this.#draft;
    const axes = this.#rowAxes();
    for (const [value, where] of kept) {
      if (where.where === "output") {
        const buffer = parameters.write(where.home, "readwrite");
        this.#homes.set(value, { buffer, position: (at) => at.full });
        continue;
      }
      const dtype = computeDType(value.type.dtype);
      const fits = this.#parallel && this.#draft.sharedBytes + 4 * domain.length <= KEPT_BYTES;
      // Rows run side by side, so memory outside of the workgroup needs a place for each.
      this.#homes.set(
        value,
        fits
          ? { buffer: this.#draft.shared("kept", dtype, domain.length), position: (at) => at.within }
          : {
              buffer: parameters.scratch(dtype, domain.rows * domain.length),
              position: (at) => s.add(s.mul(at.row, s.int(domain.length)), at.within),
            },
      );
    }
    within(k, axes, () => {
      for (let level = 0; level <= passes; level++) {
        this.#perRow(level);
        if (level < passes) this.#pass(level);
      }
    });
    const { kernel, args } = this.#draft.finish();
    return { kernel: { ...kernel, body: shareValues(kernel.body, (prefix) => k.fresh(prefix)) }, args };
  }

  #rowAxes(): Axis[] {
    const { domain } = this.plan;
    const { k } = this.#draft;
    const within = delinearise(
      s.axis({ name: "r", extent: domain.length, kind: "serial" }),
      domain.lengthShape,
    );
    const partition = choosePartition(domain.rowShape, (candidate) => {
      const { index } = makeNest(domain.rowShape, candidate, (n) => `i${n}`, "grid");
      return countDivisions(rowPositions(domain, index, within).index);
    });
    const { axes, index } = makeNest(domain.rowShape, partition, () => k.fresh("i"), "grid");
    this.#rowIndex = index;
    return axes.map((a) => a.axis);
  }

  /** Positions of the row's element at `r`. */
  #at(r: Expr): RowPositions {
    const { domain } = this.plan;
    const [dims] = mergedPartition(domain.lengthShape);
    const index = domain.lengthShape.map(() => s.int(0));
    if (dims !== undefined) {
      const inner = delinearise(
        r,
        dims.map((d) => domain.lengthShape[d]),
      );
      for (const [n, d] of dims.entries()) index[d] = inner[n];
    }
    return rowPositions(domain, this.#rowIndex, index);
  }

  #role(equation: Equation): RowRole {
    const role = this.plan.roles.get(equation);
    if (role === undefined) throw new InternalError("an equation without a part in its group");
    return role;
  }

  #roots(roles: readonly RowRole[], level: number | null = null): Equation[] {
    return this.group.roots.filter(
      (e) => roles.includes(this.#role(e)) && (level === null || this.plan.level.get(e) === level),
    );
  }

  /** Runs `body` once for the row: on one invocation, whose values all others read afterwards. */
  #once(body: () => void): void {
    if (!this.#parallel) return body();
    this.#draft.local((t) => this.#draft.k.if(s.eq(t, s.int(0)), body));
  }

  /** Keeps a number of the row where every pass finds it. */
  #keep(value: Value, element: Expr, row: Expr): void {
    const { k } = this.#draft;
    let kept: Expr;
    if (this.#parallel) {
      const memory = this.#draft.shared("number", element.dtype, 1);
      k.store(memory, s.int(0), element);
      kept = s.load(memory, s.int(0));
    } else kept = element.op === "local" ? element : s.local(k.let("v", element));
    this.#held.set(value, { position: row, value: kept });
  }

  /** Numbers per row that are computed before pass `level`. */
  #perRow(level: number): void {
    const { k, elements, parameters } = this.#draft;
    const roots = this.#roots(["row"], level);
    if (roots.length === 0) return;
    const at = this.#at(s.int(0));
    this.#once(() => {
      const stores: (() => void)[] = [];
      this.#startBlock(at, level);
      for (const equation of roots) {
        const { out } = indicesOf(equation, "row", this.plan.domain, at);
        const values = elements.values(equation, out);
        for (const [n, v] of equation.outputs.entries()) {
          const value = s.local(k.let("v", values[n]));
          elements.hold(v, at.row, value);
          this.#keep(v, value, at.row);
          if (this.group.outputs.includes(v)) stores.push(() => k.store(parameters.write(v), at.row, value));
        }
      }
      for (const store of stores) store();
    });
  }

  #pass(level: number): void {
    const { k } = this.#draft;
    const body = this.#roots(["element", "reduce"], level);
    if (body.length === 0) return;
    const folds = this.#folds(body);
    const { length } = this.plan.domain;
    const size = this.#draft.size ?? 1;
    const parts = new Map<Equation, BufferParam>();
    const accumulators = new Map<Equation, Local>();
    const declare = (): void => {
      for (const { equation, specs } of folds) {
        accumulators.set(equation, k.let("acc", s.const(specs[0].init, specs[0].dtype)));
      }
    };
    if (!this.#parallel) {
      declare();
      k.loop(length, (r) => this.#element(body, level, this.#at(r), accumulators), { name: "r" });
      this.#results(level, new Map([...accumulators].map(([e, acc]) => [e, s.local(acc)])));
      return;
    }
    for (const { equation, specs } of folds)
      parts.set(equation, this.#draft.shared("part", specs[0].dtype, size));
    this.#draft.local((t) => {
      declare();
      k.loop(
        Math.ceil(length / size),
        (j) => {
          const r = s.add(s.mul(j, s.int(size)), t);
          // Where the last turn is not whole, the arithmetic of indices has to know that r stays within the row.
          const place = length % size === 0 ? r : s.min(r, s.int(length - 1));
          whenBelow(k, r, length, () => this.#element(body, level, this.#at(place), accumulators));
        },
        { name: "j" },
      );
      for (const [equation, part] of parts) k.store(part, t, s.local(accumulators.get(equation) as Local));
    });
    if (folds.length === 0) return;
    this.#draft.fold((own, other) => {
      for (const { equation, combine } of folds) {
        const part = parts.get(equation) as BufferParam;
        k.store(part, own, combine(s.load(part, own), s.load(part, other)));
      }
    });
    const totals = new Map([...parts].map(([equation, part]) => [equation, s.load(part, s.int(0))]));
    this.#once(() => this.#results(level, totals));
  }

  #folds(body: readonly Equation[]) {
    return body
      .filter((equation) => this.#role(equation) === "reduce")
      .map((equation) => {
        const { lower } = primitiveOf(equation.op);
        if (lower.kind !== "reduce" || typeof lower.combine !== "string") {
          throw new InternalError(`${equation.op} is no fold of rows`);
        }
        const fn = lower.combine;
        return {
          equation,
          specs: lower.accumulators(contextOf(equation)),
          combine: (x: Expr, y: Expr): Expr => s.binary(fn, x, y),
        };
      });
  }

  /** What the row's folds give. */
  #results(level: number, totals: ReadonlyMap<Equation, Expr>): void {
    const { k, parameters } = this.#draft;
    if (totals.size === 0) return;
    const at = this.#at(s.int(0));
    this.#startBlock(at, level);
    const stores: (() => void)[] = [];
    for (const [equation, total] of totals) {
      const { out } = indicesOf(equation, "reduce", this.plan.domain, at);
      const [value] = Folds.finish(equation, [total], out);
      const local = value.op === "local" ? value : s.local(k.let("v", value));
      const [v] = equation.outputs;
      this.#keep(v, local, at.row);
      if (this.group.outputs.includes(v)) stores.push(() => k.store(parameters.write(v), at.row, local));
    }
    for (const store of stores) store();
  }

  /** One element in one pass: all values first, then all stores, as a store may take over an operand's place. */
  #element(
    body: readonly Equation[],
    level: number,
    at: RowPositions,
    accumulators: ReadonlyMap<Equation, Local>,
  ): void {
    const { k, elements, parameters } = this.#draft;
    this.#startBlock(at, level);
    const stores: (() => void)[] = [];
    for (const equation of body) {
      const { out, reduce } = indicesOf(equation, this.#role(equation), this.plan.domain, at);
      const { lower } = primitiveOf(equation.op);
      if (lower.kind === "reduce") {
        const inputs = equation.inputs.map((x) => elements.access(x));
        const [value] = lower.element(s, inputs, out, reduce, contextOf(equation));
        const acc = accumulators.get(equation);
        if (acc === undefined || typeof lower.combine !== "string")
          throw new InternalError("a fold without a place");
        k.accumulate(acc, lower.combine, value);
        continue;
      }
      const values = elements.values(equation, out);
      for (const [n, v] of equation.outputs.entries()) {
        const value = body.length > 1 ? s.local(k.let("v", values[n])) : values[n];
        elements.hold(v, at.full, value);
        const home = this.#homes.get(v);
        if (home !== undefined) stores.push(() => k.store(home.buffer, home.position(at), value));
        else if (this.group.outputs.includes(v))
          stores.push(() => k.store(parameters.write(v), at.full, value));
      }
    }
    for (const store of stores) store();
  }

  /** Forgets what other axes computed, and holds what this pass may read: numbers per row and earlier passes' elements. */
  #startBlock(at: RowPositions, level: number): void {
    const { elements } = this.#draft;
    elements.clear();
    for (const [v, { position, value }] of this.#held) elements.hold(v, position, value);
    for (const equation of this.#roots(["element"])) {
      if ((this.plan.level.get(equation) ?? 0) >= level) continue;
      for (const v of equation.outputs) {
        const home = this.#homes.get(v);
        if (home !== undefined)
          elements.hold(v, positionOf("element", at), s.load(home.buffer, home.position(at)));
      }
    }
  }
}
