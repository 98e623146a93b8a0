/** The words of the kernel text form, and the names that a kernel's axes, locals and buffers get in it. */
import type { ArithmeticFn, Axis, AxisKind, BinaryFn, BufferParam, Local, UnaryFn } from "../kernel/expr.ts";
import type { CombineFn, Kernel, Stmt } from "../kernel/kernel.ts";
import { DTYPE_INFO, DTYPES } from "../types/dtype.ts";
import { beginsWithDigit, UniqueNames } from "./names.ts";

export const AXIS_KINDS: readonly AxisKind[] = [
  "grid",
  "local",
  "fold",
  "serial",
  "reduce",
  "unroll",
  "vector",
];

export interface Infix {
  readonly fn: BinaryFn;
  /** A higher one binds tighter. All are left-associative. */
  readonly precedence: number;
}

/** Operators and their precedence, which is C's. `>>` is `shr`, `>>>` is `shrLogical`, as in JavaScript. */
export const INFIX: ReadonlyMap<string, Infix> = new Map<string, Infix>([
  ["|", { fn: "or", precedence: 1 }],
  ["^", { fn: "xor", precedence: 2 }],
  ["&", { fn: "and", precedence: 3 }],
  ["==", { fn: "eq", precedence: 4 }],
  ["!=", { fn: "ne", precedence: 4 }],
  ["<", { fn: "lt", precedence: 5 }],
  ["<=", { fn: "le", precedence: 5 }],
  [">", { fn: "gt", precedence: 5 }],
  [">=", { fn: "ge", precedence: 5 }],
  ["<<", { fn: "shl", precedence: 6 }],
  [">>", { fn: "shr", precedence: 6 }],
  [">>>", { fn: "shrLogical", precedence: 6 }],
  ["+", { fn: "add", precedence: 7 }],
  ["-", { fn: "sub", precedence: 7 }],
  ["*", { fn: "mul", precedence: 8 }],
  ["/", { fn: "div", precedence: 8 }],
  ["%", { fn: "rem", precedence: 8 }],
]);

export const INFIX_OF: ReadonlyMap<BinaryFn, Infix & { readonly sign: string }> = new Map(
  [...INFIX].map(([sign, infix]) => [infix.fn, { ...infix, sign }]),
);

/** Binary operations written as functions. */
export const BINARY_CALLS: ReadonlyMap<string, ArithmeticFn> = new Map<string, ArithmeticFn>([
  ["max", "max"],
  ["min", "min"],
  ["pair16", "pair16"],
  ["dot16", "dot16"],
]);

/** Unary operations written as functions; `neg` is `-x`, `not` is `!x`. */
export const UNARY_CALLS: ReadonlyMap<string, UnaryFn> = new Map(
  (["abs", "floor", "ceil", "trunc", "nearest", "sqrt", "popcount", "clz"] as const).map((fn) => [fn, fn]),
);

/** `acc %s += …` */
export const COMBINE_SIGNS: Readonly<Record<CombineFn, string>> = {
  add: "+=",
  mul: "*=",
  max: "max=",
  min: "min=",
  and: "&=",
  or: "|=",
  xor: "^=",
};

/** Words that mean something where an axis could stand. */
const RESERVED: ReadonlySet<string> = new Set([
  ...AXIS_KINDS,
  ...UNARY_CALLS.keys(),
  ...BINARY_CALLS.keys(),
  ...DTYPES.map((d) => DTYPE_INFO[d].short),
  ..."load store let acc while if else with in fma select guard bitcast highWord lowWord fromWords true false inf nan kernel".split(
    " ",
  ),
]);

export interface KernelNames {
  readonly axes: ReadonlyMap<Axis, string>;
  /** Locals and buffers, without the `%`. */
  readonly values: ReadonlyMap<Local | BufferParam, string>;
}

/** Names of everything the kernel declares: its own where they are unique and plain. */
export function kernelNames(kernel: Kernel): KernelNames {
  const axes = new Map<Axis, string>();
  const values = new Map<Local | BufferParam, string>();
  const axisNames = new UniqueNames(RESERVED);
  const valueNames = new UniqueNames();
  const { shared = [], registers = [] } = kernel.workgroup ?? {};
  for (const param of [...kernel.params, ...shared, ...registers]) {
    if (!values.has(param)) values.set(param, valueNames.take(param.name));
  }
  forEachStmt(kernel.body, (stmt) => {
    if (stmt.kind === "loop" && !axes.has(stmt.axis)) {
      const { name } = stmt.axis;
      axes.set(stmt.axis, axisNames.take(beginsWithDigit(name) ? `i${name}` : name));
    } else if (stmt.kind === "let" && !values.has(stmt.local)) {
      values.set(stmt.local, valueNames.take(stmt.local.name));
    }
  });
  return { axes, values };
}

/** Visits every statement, outer ones first. */
export function forEachStmt(stmts: readonly Stmt[], visit: (stmt: Stmt) => void): void {
  for (const stmt of stmts) {
    visit(stmt);
    if (stmt.kind === "loop" || stmt.kind === "while") forEachStmt(stmt.body, visit);
    else if (stmt.kind === "if") {
      forEachStmt(stmt.then, visit);
      forEachStmt(stmt.else, visit);
    }
  }
}
