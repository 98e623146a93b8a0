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

export interface Uses {
  /** Indices by buffer, of loads and stores. */
  readonly indices: Map<BufferParam, Expr[]>;
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
  const seen = new Set<Expr>();
  const index = (buffer: BufferParam, e: Expr): void => {
    const list = uses.indices.get(buffer);
    if (list === undefined) uses.indices.set(buffer, [e]);
    else list.push(e);
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
      case "if":
        expression(stmt.cond);
        stmt.then.forEach(visit);
        return stmt.else.forEach(visit);
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

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : greatestDivisor(b, a % b);
}

/** Whether each iteration of the axis uses elements of its own. */
function apart(axis: Axis, indices: readonly Expr[]): boolean {
  let coefficient = 0;
  let divisor = 0;
  const forms = indices.map((e) => linearForm(e));
  for (const { terms } of forms) {
    let own = 0;
    for (const [leaf, k] of terms) {
      if (leaf.op === "axis" && leaf.axis === axis) own = k;
      else if (dependsOn(leaf, axis)) return false;
    }
    if (own === 0 || (coefficient !== 0 && own !== coefficient)) return false;
    coefficient = own;
  }
  const step = Math.abs(coefficient);
  for (const { terms } of forms) {
    for (const [leaf, k] of terms) {
      if (leaf.op === "axis" && leaf.axis === axis) continue;
      if (Math.abs(k) >= step) divisor = greatestDivisor(divisor, k);
    }
  }
  let least = Infinity;
  let most = -Infinity;
  for (const { terms, constant } of forms) {
    let low = divisor === 0 ? constant : ((constant % divisor) + divisor) % divisor;
    let high = low;
    for (const [leaf, k] of terms) {
      if ((leaf.op === "axis" && leaf.axis === axis) || Math.abs(k) >= step) continue;
      const range = rangeOf(leaf);
      low += Math.min(range.min * k, range.max * k);
      high += Math.max(range.min * k, range.max * k);
    }
    least = Math.min(least, low);
    most = Math.max(most, high);
  }
  const within = most - least;
  return within < step && (divisor === 0 || step * (axis.extent - 1) + within < divisor);
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
  const indices = new Map<BufferParam, Expr[]>();
  for (const [buffer, list] of uses.indices) {
    const whole = memory(buffer);
    if (written.has(whole)) indices.set(whole, [...(indices.get(whole) ?? []), ...list]);
  }
  const own = new Set<BufferParam>();
  for (const [buffer, list] of indices) {
    if (apart(axis, list)) continue;
    const fresh = temporary.has(buffer) && uses.begun.has(buffer);
    if (!fresh || list.some((e) => dependsOn(e, axis))) return null;
    own.add(buffer);
  }
  return own;
}
