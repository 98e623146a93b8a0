/** Typing rules of kernel expressions: what each operation demands of its operands' dtypes. */
import { COMPARE_FNS, type Expr } from "../kernel/expr.ts";
import type { CombineFn } from "../kernel/kernel.ts";
import { isRepresentable } from "../text/numbers.ts";
import { computeDType, DTYPE_INFO, type DType } from "../types/dtype.ts";

const FLOAT_UNARY: ReadonlySet<string> = new Set(["floor", "ceil", "trunc", "nearest", "sqrt"]);
const BITWISE: ReadonlySet<string> = new Set(["and", "or", "xor"]);
const SHIFTS: ReadonlySet<string> = new Set(["shl", "shr", "shrLogical"]);
const HALVES: ReadonlySet<string> = new Set(["pair16", "dot16"]);
const ORDER: ReadonlySet<string> = new Set(["max", "min"]);

/** What is wrong with one expression, its operands taken as right; null where nothing is. */
export function exprProblem(e: Expr): string | null {
  // A float16 buffer loads float32 scalars: no scalar is a float16.
  if (e.dtype === "float16") return "scalars are never float16; buffers of it load float32";
  switch (e.op) {
    case "const":
      return isRepresentable(e.value, e.dtype) ? null : `${e.value} is not a value of ${e.dtype}`;
    case "axis":
      return expectDType("an axis", e.dtype, "int32");
    case "local":
      return expectDType(`%${e.local.name}`, e.dtype, e.local.dtype);
    case "load":
      return (
        expectDType(`the index of a load from %${e.buffer.name}`, e.index.dtype, "int32") ??
        expectDType(`a load from %${e.buffer.name}`, e.dtype, computeDType(e.buffer.dtype))
      );
    case "unary":
      return unaryProblem(e.fn, e.x.dtype) ?? expectDType(e.fn, e.dtype, e.x.dtype);
    case "binary": {
      if (e.x.dtype !== e.y.dtype) return `${e.fn} of ${e.x.dtype} and ${e.y.dtype}`;
      if (COMPARE_FNS.has(e.fn)) return expectDType(e.fn, e.dtype, "bool");
      return binaryProblem(e.fn, e.x.dtype) ?? expectDType(e.fn, e.dtype, e.x.dtype);
    }
    case "fma":
      if (DTYPE_INFO[e.dtype].kind !== "float") return `fma is for floats, got ${e.dtype}`;
      return sameDTypes("fma", [e.x, e.y, e.z], e.dtype);
    case "fused":
      return sameDTypes("fused", [e.x, e.y, e.z], "float32");
    case "select":
    case "guard":
      return (
        expectDType(`the condition of ${e.op}`, e.cond.dtype, "bool") ?? sameDTypes(e.op, [e.x, e.y], e.dtype)
      );
    case "convert":
      return null;
    case "bitcast": {
      const from = DTYPE_INFO[e.x.dtype].bytes;
      const to = DTYPE_INFO[e.dtype].bytes;
      return from === to ? null : `bitcast of ${e.x.dtype} (${from} bytes) to ${e.dtype} (${to} bytes)`;
    }
    case "word":
      return (
        expectDType(`${e.half}Word`, e.dtype, "int32") ??
        expectDType(`the operand of ${e.half}Word`, e.x.dtype, "float64")
      );
    case "fromWords":
      return (
        expectDType("fromWords", e.dtype, "float64") ?? sameDTypes("fromWords", [e.high, e.low], "int32")
      );
    case "call":
      return e.args.length === 0 ? `the call of ${e.fn} has no arguments` : null;
    default:
      return e satisfies never;
  }
}

function unaryProblem(fn: string, dtype: DType): string | null {
  const { kind } = DTYPE_INFO[dtype];
  const float = kind === "float";
  const integer = kind === "int" || kind === "uint";
  if (FLOAT_UNARY.has(fn)) return float ? null : `${fn} is for floats, got ${dtype}`;
  if (fn === "not") return float ? `not is for bools and integers, got ${dtype}` : null;
  if (fn === "neg" || fn === "abs") return kind === "bool" ? `${fn} is for numbers, got bool` : null;
  return integer ? null : `${fn} is for integers, got ${dtype}`;
}

function binaryProblem(fn: string, dtype: DType): string | null {
  const { kind } = DTYPE_INFO[dtype];
  if (BITWISE.has(fn)) return kind === "float" ? `${fn} is for bools and integers, got ${dtype}` : null;
  if (HALVES.has(fn)) return dtype === "int32" ? null : `${fn} is for int32, got ${dtype}`;
  if (SHIFTS.has(fn)) return kind === "int" || kind === "uint" ? null : `${fn} is for integers, got ${dtype}`;
  return kind === "bool" && !ORDER.has(fn) ? `${fn} is for numbers, got bool` : null;
}

/** What is wrong with accumulating values of `dtype` by `fn`. */
export function combineProblem(fn: CombineFn, dtype: DType): string | null {
  return binaryProblem(fn, dtype);
}

function sameDTypes(what: string, operands: readonly Expr[], dtype: DType): string | null {
  if (operands.every((x) => x.dtype === dtype)) return null;
  return `${what} of ${operands.map((x) => x.dtype).join(" and ")}, result ${dtype}`;
}

export function expectDType(what: string, got: DType, wanted: DType): string | null {
  return got === wanted ? null : `${what} must be ${wanted}, got ${got}`;
}
