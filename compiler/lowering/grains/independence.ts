/**
 * Whether the iterations of a loop may run at the same time: none writes what another reads or writes.
 *
 * An index is a sum of terms c·x. The iterations of axis a, which has coefficient c, are apart if what all smaller terms
 * make together is less than |c|, and c·a with them less than the common divisor of all greater ones: then the index
 * modulo that divisor tells a. This is what row-major results and tiles of them look like.
 */
import type { Axis, BufferParam, Expr, Local } from "../../kernel/expr.ts";
import { operandsOf } from "../../kernel/expr.ts";
import { linearForm, rangeOf } from "../../kernel/index-math.ts";
import type { Stmt } from "../../kernel/kernel.ts";
import { dependsOn } from "../strides.ts";

/** Σ k·term is at most `most`. */
interface Bound {
  readonly terms: ReadonlyMap<Expr, number>;
  readonly most: number;
}

/** Where a buffer is loaded from or stored to. */
interface Place {
  readonly index: Expr;
  /** What holds there because of conditions around. */
  readonly bounds: readonly Bound[];
}

export interface Uses {
  /** By buffer, of loads and stores. */
  readonly indices: Map<BufferParam, Place[]>;
  readonly stored: Set<BufferParam>;
  /** Buffers that are stored to before anything is loaded from them. */
  readonly begun: Set<BufferParam>;
  /** Locals read, declared, and given another value. */
  readonly read: Set<Local>;
  readonly declared: Set<Local>;
  readonly changed: Set<Local>;
}

export function usesOf(stmts: readonly Stmt[]): Uses {
  const uses: Uses = {
    indices: new Map(),
    stored: new Set(),
    begun: new Set(),
    read: new Set(),
    declared: new Set(),
    changed: new Set(),
  };
  // An expression may stand under different conditions.
  let seen = new Set<Expr>();
  let bounds: readonly Bound[] = [];
  const index = (buffer: BufferParam, e: Expr): void => {
    const place = { index: e, bounds };
    const list = uses.indices.get(buffer);
    if (list === undefined) uses.indices.set(buffer, [place]);
    else list.push(place);
  };
  const expression = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.op === "load") index(e.buffer, e.index);
    else if (e.op === "local") uses.read.add(e.local);
    operandsOf(e).forEach(expression);
  };
  const visit = (stmt: Stmt): void => {
    switch (stmt.kind) {
      case "loop":
        return stmt.body.forEach(visit);
      case "while":
        expression(stmt.cond);
        return stmt.body.forEach(visit);
      case "if": {
        expression(stmt.cond);
        const outside = { bounds, seen };
        bounds = [...bounds, ...boundsOf(stmt.cond)];
        seen = new Set();
        stmt.then.forEach(visit);
        ({ bounds, seen } = outside);
        return stmt.else.forEach(visit);
      }
      case "store":
        expression(stmt.index);
        expression(stmt.value);
        if (!uses.indices.has(stmt.buffer)) uses.begun.add(stmt.buffer);
        uses.stored.add(stmt.buffer);
        return index(stmt.buffer, stmt.index);
      default:
        (stmt.kind === "let" ? uses.declared : uses.changed).add(stmt.local);
        expression(stmt.value);
    }
  };
  stmts.forEach(visit);
  return uses;
}

/** Conditions `sum < number`, which guard what is left over of a loop. Other conditions are taken to hold everywhere. */
function boundsOf(cond: Expr): Bound[] {
  if (cond.op !== "binary" || cond.fn !== "lt" || cond.x.dtype !== "int32" || cond.y.op !== "const")
    return [];
  const { terms, constant } = linearForm(cond.x);
  return [{ terms, most: cond.y.value - 1 - constant }];
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : greatestDivisor(b, a % b);
}

/** The range of Σ k·term, under one of the bounds if its terms are among them. */
function rangeOfSum(
  terms: ReadonlyMap<Expr, number>,
  bounds: readonly Bound[],
): { min: number; max: number } {
  let min = 0;
  let max = 0;
  for (const [leaf, k] of terms) {
    const range = rangeOf(leaf);
    min += Math.min(range.min * k, range.max * k);
    max += Math.max(range.min * k, range.max * k);
  }
  for (const bound of bounds) {
    const [first] = bound.terms;
    const scale = first === undefined ? 0 : (terms.get(sameTerm(terms, first[0])) ?? 0) / first[1];
    if (scale <= 0) continue;
    let most = bound.most * scale;
    const rest = new Map(terms);
    const inside = [...bound.terms].every(([leaf, k]) => {
      const own = sameTerm(rest, leaf);
      if (rest.get(own) !== k * scale) return false;
      return rest.delete(own);
    });
    if (!inside) continue;
    most += rangeOfSum(rest, []).max;
    max = Math.min(max, most);
  }
  return { min, max };
}

/** The key that denotes the same axis as `leaf`, or `leaf`. */
function sameTerm(terms: ReadonlyMap<Expr, number>, leaf: Expr): Expr {
  if (terms.has(leaf) || leaf.op !== "axis") return leaf;
  for (const other of terms.keys()) if (other.op === "axis" && other.axis === leaf.axis) return other;
  return leaf;
}

/** Whether each iteration of the axis uses elements of its own. */
function apart(axis: Axis, places: readonly Place[]): boolean {
  const forms = places.map(({ index, bounds }) => ({ ...linearForm(index), bounds }));
  const isOwn = (leaf: Expr): boolean => leaf.op === "axis" && leaf.axis === axis;
  let coefficient = 0;
  for (const { terms } of forms) {
    let own = 0;
    for (const [leaf, k] of terms) {
      if (isOwn(leaf)) own = k;
      else if (dependsOn(leaf, axis)) return false;
    }
    if (own === 0 || (coefficient !== 0 && own !== coefficient)) return false;
    coefficient = own;
  }
  const step = Math.abs(coefficient);
  let divisor = 0;
  for (const { terms } of forms) {
    for (const [leaf, k] of terms) {
      if (!isOwn(leaf) && Math.abs(k) >= step) divisor = greatestDivisor(divisor, k);
    }
  }
  // What the smaller terms make, and what they make with the axis.
  const within = { min: Infinity, max: -Infinity };
  const whole = { min: Infinity, max: -Infinity };
  const join = (range: typeof within, { min, max }: typeof within, constant: number): void => {
    range.min = Math.min(range.min, min + constant);
    range.max = Math.max(range.max, max + constant);
  };
  for (const { terms, constant, bounds } of forms) {
    const base = divisor === 0 ? constant : ((constant % divisor) + divisor) % divisor;
    const small = new Map([...terms].filter(([leaf, k]) => !isOwn(leaf) && Math.abs(k) < step));
    const withAxis = new Map([...terms].filter(([leaf, k]) => isOwn(leaf) || Math.abs(k) < step));
    join(within, rangeOfSum(small, bounds), base);
    join(whole, rangeOfSum(withAxis, bounds), base);
  }
  return within.max - within.min < step && (divisor === 0 || whole.max - whole.min < divisor);
}

/**
 * The scratch buffers of which each of a loop's iterations needs one of its own, or null if the iterations depend on
 * each other. `memory` names what lies in the same memory; `temporary` are scratch buffers that hold nothing from one
 * iteration to another.
 */
export function independent(
  axis: Axis,
  body: readonly Stmt[],
  temporary: ReadonlySet<BufferParam>,
  memory: (buffer: BufferParam) => BufferParam,
): ReadonlySet<BufferParam> | null {
  const uses = usesOf(body);
  for (const local of uses.changed) if (!uses.declared.has(local)) return null;
  const written = new Set([...uses.stored].map(memory));
  const indices = new Map<BufferParam, Place[]>();
  for (const [buffer, list] of uses.indices) {
    const whole = memory(buffer);
    if (written.has(whole)) indices.set(whole, [...(indices.get(whole) ?? []), ...list]);
  }
  const own = new Set<BufferParam>();
  for (const [buffer, list] of indices) {
    if (apart(axis, list)) continue;
    const fresh = temporary.has(buffer) && uses.begun.has(buffer);
    if (!fresh || list.some(({ index }) => dependsOn(index, axis))) return null;
    own.add(buffer);
  }
  return own;
}
