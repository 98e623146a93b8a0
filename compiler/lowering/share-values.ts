/**
 * What neighbouring accumulations and locals have in common is computed once: the loads that the multiply-adds of an
 * unrolled register tile share (which is what makes a tile worth its registers), and the producers of sibling reductions.
 */
import { type Axis, type Expr, type Local, operandsOf, withOperands } from "../kernel/expr.ts";
import type { AccumulateStmt, LetStmt, Stmt } from "../kernel/kernel.ts";
import { Numbering } from "../kernel/numbering.ts";

type Shared = AccumulateStmt | LetStmt;

/** Shares values among runs of statements that write no memory, in all nested blocks. */
export function shareValues(body: readonly Stmt[], fresh: (prefix: string) => string): Stmt[] {
  return shareBlock(body, fresh, () => false);
}

function shareBlock(
  body: readonly Stmt[],
  fresh: (prefix: string) => string,
  invariant: (e: Expr) => boolean,
): Stmt[] {
  const out: Stmt[] = [];
  let run: Shared[] = [];
  const flush = (): void => {
    // What is the same in every turn of the loop is computed before it: a local would bring it back into the loop.
    const locals = run.some(({ kind }) => kind === "let");
    out.push(...shareRun(run, fresh, locals ? invariant : () => false));
    run = [];
  };
  for (const stmt of body) {
    if (stmt.kind === "accumulate" || stmt.kind === "let") {
      // Reads what the run has changed: the same expression had another value before.
      if (run.some((before) => before.kind === "accumulate" && reads(stmt.value, before.local))) flush();
      run.push(stmt);
      continue;
    }
    flush();
    if (stmt.kind === "loop") {
      out.push({ ...stmt, body: shareBlock(stmt.body, fresh, invariantIn(stmt.axis, stmt.body)) });
    } else if (stmt.kind === "while") out.push({ ...stmt, body: shareValues(stmt.body, fresh) });
    else if (stmt.kind === "if") {
      out.push({ ...stmt, then: shareValues(stmt.then, fresh), else: shareValues(stmt.else, fresh) });
    } else out.push(stmt);
  }
  flush();
  return out;
}

function reads(e: Expr, local: Local): boolean {
  return e.op === "local" ? e.local === local : operandsOf(e).some((x) => reads(x, local));
}

/** Whether an expression has the same value in every turn of a loop. Loads count as such: that is for the code generator to see. */
function invariantIn(axis: Axis, body: readonly Stmt[]): (e: Expr) => boolean {
  const own = new Set<Local>();
  for (const stmt of body) if ("local" in stmt) own.add(stmt.local);
  const known = new Map<Expr, boolean>();
  const visit = (e: Expr): boolean => {
    let result = known.get(e);
    if (result === undefined) {
      if (e.op === "axis") result = e.axis !== axis;
      else if (e.op === "local") result = !own.has(e.local);
      else result = operandsOf(e).every(visit);
      known.set(e, result);
    }
    return result;
  };
  return visit;
}

/** Nothing to save: as cheap as reading a local. */
function trivial(e: Expr): boolean {
  return e.op === "const" || e.op === "axis" || e.op === "local";
}

function shareRun(
  run: readonly Shared[],
  fresh: (prefix: string) => string,
  invariant: (e: Expr) => boolean,
): Stmt[] {
  if (run.length < 2) return [...run];
  const numbering = new Numbering();
  /** How many different expressions and statements use each value. */
  const uses = new Map<number, number>();
  const count = (e: Expr): void => {
    if (trivial(e) || invariant(e)) return;
    const number = numbering.of(e);
    const before = uses.get(number) ?? 0;
    uses.set(number, before + 1);
    // A load's index is the code generator's business; what a guard guards must stay behind it.
    if (before === 0 && e.op !== "load" && e.op !== "guard") operandsOf(e).forEach(count);
  };
  for (const stmt of run) count(stmt.value);

  const rewritten = new Map<number, Expr>();
  const out: Stmt[] = [];
  const rewrite = (e: Expr): Expr => {
    if (trivial(e) || invariant(e)) return e;
    const number = numbering.of(e);
    const known = rewritten.get(number);
    if (known !== undefined) return known;
    const inner = e.op === "load" || e.op === "guard" ? e : withOperands(e, operandsOf(e).map(rewrite));
    let result: Expr = inner;
    if ((uses.get(number) ?? 0) > 1) {
      const local: Local = { name: fresh("x"), dtype: e.dtype };
      const binding: LetStmt = { kind: "let", local, value: inner };
      out.push(binding);
      result = { op: "local", dtype: e.dtype, local };
    }
    rewritten.set(number, result);
    return result;
  };
  for (const stmt of run) out.push({ ...stmt, value: rewrite(stmt.value) });
  return out;
}
