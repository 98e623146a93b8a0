/**
 * Scalar expressions of the kernel IR: pure, typed, a DAG. Effects are statements (`kernel.ts`).
 *
 * Every operation is total and means the same on every target; what a target leaves undefined, its code generator
 * has to define (WGSL's shifts and conversions, Wasm's trapping division).
 */
import type { DType } from "../types/dtype.ts";

/**
 * `neg abs floor ceil trunc nearest sqrt` on floats (nearest rounds half to even), `neg abs` on integers (wrapping;
 * abs(INT_MIN) = INT_MIN), `not` on bool (logical) and integers (bitwise), `popcount clz` on integers of any width
 * (clz counts within the dtype's own width).
 */
export type UnaryFn =
  | "neg"
  | "abs"
  | "floor"
  | "ceil"
  | "trunc"
  | "nearest"
  | "sqrt"
  | "not"
  | "popcount"
  | "clz";

/**
 * `add sub mul` wrap on integers. `div`: IEEE on floats; on integers truncating, x/0 = -1 (all ones) and
 * INT_MIN/-1 = INT_MIN, as XLA. `rem`: C's fmod on floats; on integers the sign of the dividend, x%0 = x,
 * INT_MIN % -1 = 0. `max min` propagate NaN, and max(-0, +0) = +0. `and or xor` on bool and integers.
 * Shifts: an amount outside [0, bits) gives 0, or the sign for `shr` of a signed type. `shr` is arithmetic on signed
 * types, `shrLogical` always logical.
 * On int32 only, of numbers as two signed halves of 16 bits: `pair16` is y·2^16 + the lower half of x, and `dot16` the sum
 * of the products of lower halves and of upper halves, which wraps (in the one case that all four are -2^15).
 */
export type ArithmeticFn =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "rem"
  | "max"
  | "min"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shr"
  | "shrLogical"
  | "pair16"
  | "dot16";

/** Result bool. Comparisons with NaN are false, except `ne`. */
export type CompareFn = "eq" | "ne" | "lt" | "le" | "gt" | "ge";

export type BinaryFn = ArithmeticFn | CompareFn;

export const COMPARE_FNS: ReadonlySet<string> = new Set<CompareFn>(["eq", "ne", "lt", "le", "gt", "ge"]);

/**
 * How a loop may be run. `vector`: lanes of one iteration; `unroll`: expanded by the scheduler; `grid`: in any order and
 * at the same time; `local`: by the invocations of a workgroup (`Workgroup` in kernel.ts); `fold`: iteration i folds element
 * i + 1 of workgroup memories into element 0, an associative operation, so that the invocations may share it: each memory
 * has an element per invocation, is loaded at 0 and i + 1 and stored at 0, and nothing but element 0 is read afterwards.
 */
export type AxisKind = "grid" | "local" | "fold" | "serial" | "reduce" | "unroll" | "vector";

/** A loop variable: int32, running over 0 … extent-1. Identity is the object; `name` is for reading. */
export interface Axis {
  readonly name: string;
  readonly extent: number;
  readonly kind: AxisKind;
}

/** A mutable scalar variable of a kernel. Identity is the object. */
export interface Local {
  readonly name: string;
  readonly dtype: DType;
}

export type BufferAccess = "read" | "write" | "readwrite";

/** A buffer a kernel is given: dense elements of one dtype. Identity is the object. */
export interface BufferParam {
  readonly name: string;
  /** Storage dtype; a float16 buffer loads and stores float32 scalars. */
  readonly dtype: DType;
  /** Elements. */
  readonly size: number;
  readonly access: BufferAccess;
}

export type Expr =
  | ConstExpr
  | AxisExpr
  | LocalExpr
  | LoadExpr
  | UnaryExpr
  | BinaryExpr
  | FmaExpr
  | FusedExpr
  | SelectExpr
  | GuardExpr
  | ConvertExpr
  | BitcastExpr
  | WordExpr
  | FromWordsExpr
  | CallExpr;

export interface ConstExpr {
  readonly op: "const";
  readonly dtype: DType;
  /** The value, already representable in dtype; bool as 0 or 1. */
  readonly value: number;
}
export interface AxisExpr {
  readonly op: "axis";
  readonly dtype: "int32";
  readonly axis: Axis;
}
export interface LocalExpr {
  readonly op: "local";
  readonly dtype: DType;
  readonly local: Local;
}
/** One element. The index (int32, in elements) must be within the buffer whenever the load is evaluated. */
export interface LoadExpr {
  readonly op: "load";
  readonly dtype: DType;
  readonly buffer: BufferParam;
  readonly index: Expr;
}
export interface UnaryExpr {
  readonly op: "unary";
  readonly fn: UnaryFn;
  readonly dtype: DType;
  readonly x: Expr;
}
export interface BinaryExpr {
  readonly op: "binary";
  readonly fn: BinaryFn;
  readonly dtype: DType;
  readonly x: Expr;
  readonly y: Expr;
}
/** x·y + z on floats, rounded once or twice as the target likes (`relaxed_madd`). */
export interface FmaExpr {
  readonly op: "fma";
  readonly dtype: DType;
  readonly x: Expr;
  readonly y: Expr;
  readonly z: Expr;
}
/**
 * x·y + z on float32, rounded once on every target, where bits are promised. Without the instruction it is computed in
 * float64, whose sum is rounded before; one result in 2^29 shows it.
 */
export interface FusedExpr {
  readonly op: "fused";
  readonly dtype: "float32";
  readonly x: Expr;
  readonly y: Expr;
  readonly z: Expr;
}
/** cond ? x : y; both sides may be evaluated. */
export interface SelectExpr {
  readonly op: "select";
  readonly dtype: DType;
  readonly cond: Expr;
  readonly x: Expr;
  readonly y: Expr;
}
/** cond ? x : y; `x` is evaluated only where cond holds (a load in it may be out of range elsewhere). */
export interface GuardExpr {
  readonly op: "guard";
  readonly dtype: DType;
  readonly cond: Expr;
  readonly x: Expr;
  readonly y: Expr;
}
/**
 * Value conversion with XLA's meaning: float → integer truncates, saturates, NaN → 0; integer → narrower integer
 * wraps; to bool: x != 0; float64 → float32 rounds to nearest even.
 */
export interface ConvertExpr {
  readonly op: "convert";
  readonly dtype: DType;
  readonly x: Expr;
}
/** Same bits, other dtype of the same width. */
export interface BitcastExpr {
  readonly op: "bitcast";
  readonly dtype: DType;
  readonly x: Expr;
}
/**
 * Half of the bits of a float64 (there is no 64-bit integer to bitcast it to): `high` holds the sign, the exponent
 * and the upper 20 bits of the significand. Over lanes this is one shuffle of a pair of f64x2.
 */
export interface WordExpr {
  readonly op: "word";
  readonly dtype: "int32";
  readonly half: "high" | "low";
  /** float64 */
  readonly x: Expr;
}
/** The float64 whose bits are the two int32 words: the inverse of `word`. */
export interface FromWordsExpr {
  readonly op: "fromWords";
  readonly dtype: "float64";
  readonly high: Expr;
  readonly low: Expr;
}
/** A function of the math library (`compiler/math`), chosen by name and the dtype of the arguments. */
export interface CallExpr {
  readonly op: "call";
  readonly fn: string;
  readonly dtype: DType;
  readonly args: readonly Expr[];
}

/** The operands of an expression, in order. */
export function operandsOf(e: Expr): readonly Expr[] {
  switch (e.op) {
    case "const":
    case "axis":
    case "local":
      return [];
    case "load":
      return [e.index];
    case "unary":
    case "convert":
    case "bitcast":
    case "word":
      return [e.x];
    case "fromWords":
      return [e.high, e.low];
    case "binary":
      return [e.x, e.y];
    case "fma":
    case "fused":
      return [e.x, e.y, e.z];
    case "select":
    case "guard":
      return [e.cond, e.x, e.y];
    case "call":
      return e.args;
    default:
      return e satisfies never;
  }
}

/** The same expression over other operands (same number, same dtypes). */
export function withOperands(e: Expr, ops: readonly Expr[]): Expr {
  switch (e.op) {
    case "const":
    case "axis":
    case "local":
      return e;
    case "load":
      return { ...e, index: ops[0] };
    case "unary":
    case "convert":
    case "bitcast":
    case "word":
      return { ...e, x: ops[0] };
    case "fromWords":
      return { ...e, high: ops[0], low: ops[1] };
    case "binary":
      return { ...e, x: ops[0], y: ops[1] };
    case "fma":
    case "fused":
      return { ...e, x: ops[0], y: ops[1], z: ops[2] };
    case "select":
    case "guard":
      return { ...e, cond: ops[0], x: ops[1], y: ops[2] };
    case "call":
      return { ...e, args: ops };
    default:
      return e satisfies never;
  }
}
