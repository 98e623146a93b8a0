/**
 * The passes of a row kernel. Its equations walk over one domain of rows; what a reduction along the row gives is a
 * number per row, which later passes over the same row may use. An equation joins if it reads what the kernel
 * computes only where the kernel has it at hand: at its own element, or as the number of its own row.
 *
 * The reads are found by asking the `lower` rules with symbolic axes, through everything that is inlined.
 */
import { type Equation, type Operand, Value } from "../graph/graph.ts";
import type { Access } from "../graph/primitive.ts";
import type { Expr } from "../kernel/expr.ts";
import { sameIndex } from "../kernel/index-math.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { primitiveOf } from "../primitives/table.ts";
import { computeDType } from "../types/dtype.ts";
import { contextOf, linearise, symbolicIndex } from "./access.ts";
import type { Kept, RowPlan } from "./plan.ts";
import {
  indicesOf,
  positionOf,
  possibleRoles,
  type RowDomain,
  type RowPositions,
  type RowRole,
  rowPositions,
} from "./row-domain.ts";

/** How the equations of a region hang together, as far as the analysis needs it. */
export interface RegionView {
  /** The equation that is computed inside its consumers and gives the value; null for stored values. */
  inlinedProducer(value: Value): Equation | null;
}

/** What a candidate reads, relative to a row kernel. */
export interface RowReads {
  /** Values the kernel computes. */
  readonly own: ReadonlySet<Value>;
  /** Stored values from elsewhere that are read at the kernel's own element or row. */
  readonly aligned: ReadonlySet<Value>;
}

export type JoinResult =
  | { readonly role: RowRole; readonly reads: RowReads; readonly reason: null }
  | { readonly role: null; readonly reason: string };

/** The equations of a row kernel being put together. */
export class RowStages {
  readonly roles = new Map<Equation, RowRole>();
  readonly #roleOf = new Map<Value, RowRole>();
  readonly #reads = new Map<Equation, RowReads>();
  readonly #at: RowPositions;

  constructor(
    readonly domain: RowDomain,
    private readonly region: RegionView,
  ) {
    this.#at = rowPositions(
      domain,
      symbolicIndex(domain.rowShape, "i"),
      symbolicIndex(domain.lengthShape, "r"),
    );
  }

  /** A copy that can be tried and dropped. */
  fork(): RowStages {
    const copy = new RowStages(this.domain, this.region);
    for (const [equation, role] of this.roles) {
      const reads = this.#reads.get(equation);
      if (reads !== undefined) copy.join(equation, role, reads);
    }
    return copy;
  }

  /** The same domain walked for these equations instead; null where one of them finds no part to play. */
  rebuild(equations: readonly Equation[]): RowStages | null {
    const copy = new RowStages(this.domain, this.region);
    for (const equation of equations) {
      const result = copy.tryJoin(equation);
      if (result.role === null) return null;
      copy.join(equation, result.role, result.reads);
    }
    return copy;
  }

  /** Whether the kernel can compute the equation too, and as what. */
  tryJoin(equation: Equation): JoinResult {
    const roles = possibleRoles(equation, this.domain);
    let reason = "of another domain";
    for (const role of roles) {
      const reads = this.#readsAs(equation, role);
      if (typeof reads !== "string") return { role, reads, reason: null };
      reason = reads;
    }
    return { role: null, reason };
  }

  join(equation: Equation, role: RowRole, reads: RowReads): void {
    this.roles.set(equation, role);
    this.#reads.set(equation, reads);
    for (const v of equation.outputs) this.#roleOf.set(v, role);
  }

  /** What the equation reads in a role, or why it cannot play it. */
  #readsAs(equation: Equation, role: RowRole): RowReads | string {
    const own = new Set<Value>();
    const aligned = new Set<Value>();
    let problem: string | null = null;
    const { full, row } = this.#at;
    const seen = new Map<Equation, (readonly Expr[])[]>();
    const visit = (e: Equation, index: readonly Expr[], reduce: readonly Expr[]): void => {
      const { lower } = primitiveOf(e.op);
      const inputs = e.inputs.map((x) => opaque(x, (at) => read(x, at)));
      if (lower.kind === "map") lower.element(s, inputs, index, contextOf(e));
      else if (lower.kind === "reduce") lower.element(s, inputs, index, reduce, contextOf(e));
    };
    const read = (x: Operand, index: readonly Expr[]): void => {
      if (!(x instanceof Value) || problem !== null) return;
      const known = this.#roleOf.get(x);
      const position = linearise(index, x.type.shape);
      if (known !== undefined) {
        own.add(x);
        problem = this.#whyNotAtHand(x, known, role, position);
        return;
      }
      const producer = this.region.inlinedProducer(x);
      if (producer === null) {
        if (
          (x.type.size === this.domain.rows * this.domain.length && sameIndex(position, full)) ||
          (x.type.size === this.domain.rows && sameIndex(position, row))
        ) {
          aligned.add(x);
        }
        return;
      }
      const before = seen.get(producer) ?? [];
      if (before.some((other) => other.every((i, k) => i === index[k]))) return;
      seen.set(producer, [...before, index]);
      visit(producer, index, []);
    };
    const { out, reduce } = indicesOf(equation, role, this.domain, this.#at);
    visit(equation, out, reduce);
    return problem ?? { own, aligned };
  }

  #whyNotAtHand(value: Value, has: RowRole, wants: RowRole, position: Expr): string | null {
    const late = has === "total" || has === "totalOfRows" || has === "columns" || has === "after";
    if (wants === "after") {
      return late && has !== "columns" ? null : `${value.type.text} is computed row by row`;
    }
    if (late) return "needs all rows, and the kernel does one after the other";
    if (sameIndex(position, positionOf(has, this.#at))) return null;
    return `reads other elements of ${value.type.text} than the kernel has at hand`;
  }

  /**
   * Which pass computes what, and where results live that a later pass reads.
   * `stored`: the results that go to memory in any case.
   */
  plan(roots: readonly Equation[], stored: ReadonlySet<Value>): RowPlan {
    const level = new Map<Equation, number>();
    /** From which pass on a value can be read. */
    const available = new Map<Value, number>();
    const lastUse = new Map<Value, number>();
    let passes = 1;
    for (const equation of roots) {
      const role = this.roles.get(equation) ?? "after";
      const reads = [...(this.#reads.get(equation)?.own ?? [])];
      const at = Math.max(0, ...reads.map((v) => available.get(v) ?? 0));
      level.set(equation, at);
      for (const v of reads) lastUse.set(v, Math.max(lastUse.get(v) ?? 0, at));
      const folds = role === "reduce";
      if (folds || role === "element" || role === "total" || role === "columns") {
        passes = Math.max(passes, at + 1);
      }
      for (const v of equation.outputs) available.set(v, folds ? at + 1 : at);
    }
    const kept = new Map<Value, Kept>();
    const taken = new Set<Value>();
    for (const equation of roots) {
      if (this.roles.get(equation) !== "element") continue;
      for (const v of equation.outputs) {
        const until = lastUse.get(v) ?? 0;
        if (until <= (level.get(equation) ?? 0)) continue;
        const home = stored.has(v) ? v : this.#homeFor(v, until, roots, level, stored, taken);
        if (home !== null) taken.add(home);
        kept.set(v, home === null ? { where: "scratch" } : { where: "output", home });
      }
    }
    return { domain: this.domain, roles: this.roles, level, passes, kept };
  }

  /** A result of the row's shape whose memory is free until `until`. */
  #homeFor(
    value: Value,
    until: number,
    roots: readonly Equation[],
    level: ReadonlyMap<Equation, number>,
    stored: ReadonlySet<Value>,
    taken: ReadonlySet<Value>,
  ): Value | null {
    // A half float in memory has been rounded; between passes values keep the dtype they are computed in.
    if (computeDType(value.type.dtype) !== value.type.dtype) return null;
    for (const equation of roots) {
      if (this.roles.get(equation) !== "element" || (level.get(equation) ?? 0) < until) continue;
      for (const v of equation.outputs) {
        if (stored.has(v) && !taken.has(v) && v.type.dtype === value.type.dtype) return v;
      }
    }
    return null;
  }
}

/** An access that reports where it reads and yields an opaque value. */
function opaque(x: Operand, onRead: (index: readonly Expr[]) => void): Access {
  const dtype = computeDType(x.type.dtype);
  const read = (index: readonly Expr[]): Expr => {
    onRead(index);
    return { op: "local", dtype, local: { name: "probe", dtype } };
  };
  return Object.assign(read, { type: x.type });
}
