/** The verifier of kernels. */
import {
  type Axis,
  type AxisKind,
  type BufferParam,
  type Expr,
  type Local,
  operandsOf,
} from "../kernel/expr.ts";
import type { Kernel, Stmt } from "../kernel/kernel.ts";
import { type KernelNames, kernelNames } from "../text/kernel-names.ts";
import { printStmt } from "../text/kernel-printer.ts";
import { computeDType } from "../types/dtype.ts";
import { combineProblem, expectDType, exprProblem } from "./expr-rules.ts";
import { boundsProblem } from "./index-bounds.ts";
import { throwViolations, type Violation } from "./violations.ts";

/** Throws a VerifyError that lists every violation. */
export function verifyKernel(kernel: Kernel): void {
  throwViolations(kernelViolations(kernel));
}

/** All violations, in the order of the text. */
export function kernelViolations(kernel: Kernel): Violation<Stmt>[] {
  const verifier = new KernelVerifier(kernel);
  verifier.params();
  verifier.block(kernel.body, false);
  return verifier.violations;
}

class KernelVerifier {
  readonly violations: Violation<Stmt>[] = [];
  /** Parameters, and the memory of workgroups. */
  readonly #memory: readonly BufferParam[];
  readonly #buffers: ReadonlySet<BufferParam>;
  readonly #axes = new Set<Axis>();
  /** Kinds of axes that may be around one of a kind; any, where the kind is not listed. */
  readonly #placeOf: ReadonlyMap<AxisKind, readonly AxisKind[]> = new Map([
    ["grid", ["grid"]],
    ["local", ["grid", "serial", "reduce"]],
    ["fold", ["grid", "serial", "reduce"]],
  ]);
  readonly #locals = new Set<Local>();
  #names: KernelNames | null = null;

  constructor(private readonly kernel: Kernel) {
    const { shared = [], registers = [] } = kernel.workgroup ?? {};
    this.#memory = [...kernel.params, ...shared, ...registers];
    this.#buffers = new Set(this.#memory);
  }

  params(): void {
    const seen = new Set<BufferParam>();
    for (const param of this.#memory) {
      if (seen.has(param)) this.#report(`buffer %${param.name} is a parameter twice`, null);
      if (!isNatural(param.size)) this.#report(`buffer %${param.name} has a size of ${param.size}`, null);
      seen.add(param);
    }
  }

  /** `guarded`: the statements may not run for every value of the axes, so index ranges prove nothing. */
  block(stmts: readonly Stmt[], guarded: boolean): void {
    const declared: Local[] = [];
    for (const stmt of stmts) {
      this.#stmt(stmt, guarded);
      if (stmt.kind !== "let") continue;
      if (this.#locals.has(stmt.local)) this.#report(`%${stmt.local.name} is declared twice`, stmt);
      else declared.push(stmt.local);
      this.#locals.add(stmt.local);
    }
    for (const local of declared) this.#locals.delete(local);
  }

  #stmt(stmt: Stmt, guarded: boolean): void {
    switch (stmt.kind) {
      case "loop":
        return this.#loop(stmt.axis, stmt, guarded);
      case "while":
        this.#exprs([stmt.cond], stmt, guarded);
        this.#demand(expectDType("the condition of while", stmt.cond.dtype, "bool"), stmt);
        return this.block(stmt.body, true);
      case "if":
        this.#exprs([stmt.cond], stmt, guarded);
        this.#demand(expectDType("the condition of if", stmt.cond.dtype, "bool"), stmt);
        this.block(stmt.then, true);
        return this.block(stmt.else, true);
      case "let":
        this.#exprs([stmt.value], stmt, guarded);
        return this.#demand(expectDType(`%${stmt.local.name}`, stmt.value.dtype, stmt.local.dtype), stmt);
      case "assign":
      case "accumulate":
        this.#exprs([stmt.value], stmt, guarded);
        if (!this.#locals.has(stmt.local)) this.#report(`%${stmt.local.name} is not declared here`, stmt);
        this.#demand(expectDType(`%${stmt.local.name}`, stmt.value.dtype, stmt.local.dtype), stmt);
        if (stmt.kind === "accumulate") this.#demand(combineProblem(stmt.fn, stmt.local.dtype), stmt);
        return;
      case "store":
        return this.#store(stmt, guarded);
      default:
        stmt satisfies never;
    }
  }

  #loop(axis: Axis, stmt: Stmt & { kind: "loop" }, guarded: boolean): void {
    if (this.#axes.has(axis)) this.#report(`axis ${axis.name} is looped over already`, stmt);
    if (!isNatural(axis.extent) || axis.extent > 2147483647) {
      this.#report(`axis ${axis.name} has an extent of ${axis.extent}`, stmt);
    }
    if (axis.kind === "local" || axis.kind === "fold") this.#localAxis(axis, stmt);
    const outside = this.#placeOf.get(axis.kind);
    const inside = outside === undefined ? null : [...this.#axes].find((a) => !outside.includes(a.kind));
    if (inside)
      this.#report(
        `the ${axis.kind} axis ${axis.name} is within the ${inside.kind} axis ${inside.name}`,
        stmt,
      );
    this.#axes.add(axis);
    this.block(stmt.body, guarded || axis.extent === 0);
    this.#axes.delete(axis);
  }

  #localAxis(axis: Axis, stmt: Stmt): void {
    const size = this.kernel.workgroup?.size;
    // A fold has an iteration for each element but the first.
    if (size === undefined) this.#report(`the ${axis.kind} axis ${axis.name} needs a workgroup`, stmt);
    else if (axis.extent !== (axis.kind === "fold" ? size - 1 : size)) {
      this.#report(
        `the ${axis.kind} axis ${axis.name} has an extent of ${axis.extent} in a workgroup of ${size}`,
        stmt,
      );
    }
  }

  #store(stmt: Stmt & { kind: "store" }, guarded: boolean): void {
    const { buffer, index, value } = stmt;
    this.#exprs([index, value], stmt, guarded);
    if (!this.#buffers.has(buffer))
      this.#report(`buffer %${buffer.name} is no parameter of the kernel`, stmt);
    if (buffer.access === "read") this.#report(`%${buffer.name} is only read, but stored to`, stmt);
    const what = `what is stored to %${buffer.name}`;
    this.#demand(expectDType(what, value.dtype, computeDType(buffer.dtype)), stmt);
    const dtypeProblem = expectDType(`the index of a store to %${buffer.name}`, index.dtype, "int32");
    this.#demand(dtypeProblem, stmt);
    if (dtypeProblem === null && !guarded) this.#bounds(index, buffer, stmt);
  }

  #bounds(index: Expr, buffer: BufferParam, stmt: Stmt): void {
    const problem = boundsProblem(index, buffer.size);
    if (problem !== null) this.#report(`%${buffer.name}: ${problem}`, stmt);
  }

  /** Every expression once; first those evaluated always, then those behind a guard. */
  #exprs(roots: readonly Expr[], stmt: Stmt, guarded: boolean): void {
    const seen = new Set<Expr>();
    const behindGuards: Expr[] = [];
    this.#walk(roots, seen, stmt, guarded, behindGuards);
    this.#walk(behindGuards, seen, stmt, true, behindGuards);
  }

  #walk(roots: readonly Expr[], seen: Set<Expr>, stmt: Stmt, guarded: boolean, behindGuards: Expr[]): void {
    const stack = [...roots].reverse();
    for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
      if (seen.has(e)) continue;
      seen.add(e);
      this.#expr(e, stmt, guarded);
      if (e.op === "guard" && !guarded) {
        behindGuards.push(e.x);
        stack.push(e.y, e.cond);
      } else {
        const operands = operandsOf(e);
        for (let i = operands.length - 1; i >= 0; i--) stack.push(operands[i]);
      }
    }
  }

  #expr(e: Expr, stmt: Stmt, guarded: boolean): void {
    const problem = exprProblem(e);
    if (problem !== null) return this.#report(problem, stmt);
    if (e.op === "axis" && !this.#axes.has(e.axis)) {
      this.#report(`${e.axis.name} is no axis of an enclosing loop`, stmt);
    } else if (e.op === "local" && !this.#locals.has(e.local)) {
      this.#report(`%${e.local.name} is not declared here`, stmt);
    } else if (e.op === "load") {
      const { buffer } = e;
      if (!this.#buffers.has(buffer))
        this.#report(`buffer %${buffer.name} is no parameter of the kernel`, stmt);
      if (buffer.access === "write") this.#report(`%${buffer.name} is only written, but loaded from`, stmt);
      if (!guarded) this.#bounds(e.index, buffer, stmt);
    }
  }

  #demand(problem: string | null, stmt: Stmt): void {
    if (problem !== null) this.#report(problem, stmt);
  }

  #report(message: string, stmt: Stmt | null): void {
    this.#names ??= kernelNames(this.kernel);
    const place = stmt === null ? "" : `, statement ${printStmt(stmt, this.#names).slice(0, 200)}`;
    const source = this.kernel.sources[0] ?? null;
    this.violations.push({ message, where: `kernel @${this.kernel.name}${place}`, node: stmt, source });
  }
}

function isNatural(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}
