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

export interface Kernel {
  readonly name: string;
  readonly params: readonly BufferParam[];
  readonly body: readonly Stmt[];
  /** The user's lines that were fused into this kernel, each once. */
  readonly sources: readonly SourceRef[];
}
