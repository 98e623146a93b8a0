/** The kernel IR: loops and stores over pure expressions. One kernel is one function of the target. */
import type { SourceRef } from "../types/source.ts";
import type { Axis, BufferParam, Expr, Local } from "./expr.ts";

/** Operations an accumulator may combine with; each is associative, so lanes and chunks may be combined at the end. */
export type CombineFn = "add" | "mul" | "max" | "min" | "and" | "or" | "xor";

export type Stmt = LoopStmt | WhileStmt | IfStmt | LetStmt | AssignStmt | AccumulateStmt | StoreStmt;

/**
 * Runs `body` for axis = start … start + (count-1) in steps of 1, where count = axis.extent. An `unroll` axis stands for
 * copies of the body, and a local declared under it for one local per iteration, which later unroll loops over the
 * same Axis object share; see `expandUnroll` in unroll.ts.
 */
export interface LoopStmt {
  readonly kind: "loop";
  readonly axis: Axis;
  readonly body: readonly Stmt[];
}
/** Runs `body` while `cond` (bool) holds. */
export interface WhileStmt {
  readonly kind: "while";
  readonly cond: Expr;
  readonly body: readonly Stmt[];
}
export interface IfStmt {
  readonly kind: "if";
  readonly cond: Expr;
  readonly then: readonly Stmt[];
  readonly else: readonly Stmt[];
}
/** Declares `local` in the enclosing block and gives it its first value. */
export interface LetStmt {
  readonly kind: "let";
  readonly local: Local;
  readonly value: Expr;
}
export interface AssignStmt {
  readonly kind: "assign";
  readonly local: Local;
  readonly value: Expr;
}
/** local = combine(local, value). Inside a `vector` loop the lanes accumulate apart and are combined after it. */
export interface AccumulateStmt {
  readonly kind: "accumulate";
  readonly local: Local;
  readonly fn: CombineFn;
  readonly value: Expr;
}
export interface StoreStmt {
  readonly kind: "store";
  readonly buffer: BufferParam;
  readonly index: Expr;
  readonly value: Expr;
}

/**
 * What the invocations of a workgroup have beside the kernel's buffers. A kernel with a workgroup runs each iteration of
 * its `grid` loops as one workgroup. A `local` axis has one iteration per invocation; all of them have run when the loop
 * over it ends, so that a later loop may read what another invocation wrote. Outside of `local` loops are only loops
 * and conditions that are the same for the whole workgroup.
 */
export interface Workgroup {
  /** Invocations; the extent of every `local` axis. */
  readonly size: number;
  /** Memory of the workgroup, all of it readable by all invocations. Its contents are undefined at first. */
  readonly shared: readonly BufferParam[];
  /** Memory of `size` equal parts; invocation t uses part t only, and every place in it is a constant: registers. */
  readonly registers: readonly BufferParam[];
}

/** A loop nest over buffers: what one launch computes. */
export interface Kernel {
  readonly name: string;
  readonly params: readonly BufferParam[];
  readonly body: readonly Stmt[];
  /** Absent: iterations of the `grid` loops, which are outermost, run each on their own. */
  readonly workgroup?: Workgroup;
  /** The user's lines that were fused into this kernel, each once. */
  readonly sources: readonly SourceRef[];
}

/** The loop over the grains of a kernel whose grains threads share, or null of a kernel that one thread runs. */
export function gridOf(kernel: Kernel): LoopStmt | null {
  const [only] = kernel.body;
  return kernel.body.length === 1 && only.kind === "loop" && only.axis.kind === "grid" ? only : null;
}
