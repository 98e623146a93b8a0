/**
 * What neighbouring accumulations have in common is computed once: the loads that the multiply-adds of an unrolled
 * register tile share (which is what makes a tile worth its registers), and the producers of sibling reductions.
 */
import { type Expr, type Local, operandsOf, withOperands } from "../kernel/expr.ts";
import type { AccumulateStmt, LetStmt, Stmt } from "../kernel/kernel.ts";
import { Numbering } from "../kernel/numbering.ts";

/** Shares values among runs of accumulate statements, in all nested blocks. */
export function shareValues(body: readonly Stmt[], fresh: (prefix: string) => string): Stmt[] {
  const out: Stmt[] = [];
  let run: AccumulateStmt[] = [];
  const flush = (): void => {
    out.push(...shareRun(run, fresh));
    run = [];
  };
  for (const stmt of body) {
    if (stmt.kind === "accumulate") {
      run.push(stmt);
      continue;
    }
    flush();
    if (stmt.kind === "loop" || stmt.kind === "while")
      out.push({ ...stmt, body: shareValues(stmt.body, fresh) });
    else if (stmt.kind === "if") {
      out.push({ ...stmt, then: shareValues(stmt.then, fresh), else: shareValues(stmt.else, fresh) });
    } else out.push(stmt);
  }
  flush();
  return out;
}

/** Nothing to save: as cheap as reading a local. */
function trivial(e: Expr): boolean {
  return e.op === "const" || e.op === "axis" || e.op === "local";
}

function shareRun(run: readonly AccumulateStmt[], fresh: (prefix: string) => string): Stmt[] {
  if (run.length < 2) return [...run];
  const numbering = new Numbering();
  /** How many different expressions and statements use each value. */
  const uses = new Map<number, number>();
  const count = (e: Expr): void => {
    if (trivial(e)) return;
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
    if (trivial(e)) return e;
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
