/**
 * Kernel expressions as text. An expression is a DAG: what is used more than once within a statement is bound to
 * `$0`, `$1`, … before it, so that the text is linear in the DAG and parses back to the same sharing. (Only small
 * index arithmetic is repeated: `i * 4 + j` reads better than a binding.)
 */
import { type Axis, type BufferParam, type Expr, type Local, operandsOf } from "../kernel/expr.ts";
import { DTYPE_INFO, type DType } from "../types/dtype.ts";
import { formatGlobal } from "./cursor.ts";
import { INFIX_OF, type KernelNames } from "./kernel-names.ts";
import { formatElement } from "./numbers.ts";

/** Index expressions of at most this many nodes are repeated instead of bound. */
const SMALL_INDEX = 7;
/** Expressions nested deeper than this are broken into bindings, for readers and for the recursion of parsers. */
const MAX_DEPTH = 24;
/** Binds tighter than every infix operator. */
const PRIMARY = 10;
const PREFIX = 9;
const SUM = 7;
const SHIFT = 6;
/** `&`, the tightest of `| ^ &`. */
const BITWISE = 3;

interface Text {
  readonly text: string;
  readonly precedence: number;
}

/** The texts of the expressions of one statement, and the bindings (`$0 = …`) they need before them. */
export function printExprs(
  roots: readonly Expr[],
  names: KernelNames,
): { bindings: string[]; texts: string[] } {
  const order = postOrder(roots);
  const uses = countUses(order, roots);
  const bindings: string[] = [];
  const texts = new Map<Expr, Text>();
  const depths = new Map<Expr, number>();
  const sizes = new Map<Expr, number>();
  for (const e of order) {
    const operands = operandsOf(e);
    const built = exprText(e, (x) => texts.get(x) ?? { text: "?", precedence: 0 }, names);
    let depth = 1;
    let size = 1;
    for (const x of operands) {
      depth = Math.max(depth, 1 + (depths.get(x) ?? 0));
      size += sizes.get(x) ?? 0;
    }
    const repeated = (uses.get(e) ?? 0) > 1 && operands.length > 0;
    const small = e.dtype === "int32" && e.op !== "load" && size <= SMALL_INDEX;
    if ((repeated && !small) || depth > MAX_DEPTH) {
      const name = `$${bindings.length}`;
      bindings.push(`${name} = ${built.text}`);
      texts.set(e, { text: name, precedence: PRIMARY });
      depths.set(e, 0);
      sizes.set(e, SMALL_INDEX + 1);
    } else {
      texts.set(e, built);
      depths.set(e, depth);
      sizes.set(e, size);
    }
  }
  return { bindings, texts: roots.map((e) => texts.get(e)?.text ?? "?") };
}

/** Operands before their users, each expression once. Iterative: unrolled sums are thousands deep. */
export function postOrder(roots: readonly Expr[]): Expr[] {
  const order: Expr[] = [];
  const done = new Set<Expr>();
  const stack: { e: Expr; next: number }[] = [];
  for (const root of roots) {
    if (!done.has(root)) stack.push({ e: root, next: 0 });
    while (stack.length > 0) {
      const frame = stack[stack.length - 1];
      const operands = operandsOf(frame.e);
      while (frame.next < operands.length && done.has(operands[frame.next])) frame.next++;
      if (frame.next < operands.length) stack.push({ e: operands[frame.next++], next: 0 });
      else {
        stack.pop();
        if (!done.has(frame.e)) order.push(frame.e);
        done.add(frame.e);
      }
    }
  }
  return order;
}

function countUses(order: readonly Expr[], roots: readonly Expr[]): Map<Expr, number> {
  const uses = new Map<Expr, number>();
  const use = (e: Expr): void => {
    uses.set(e, (uses.get(e) ?? 0) + 1);
  };
  for (const root of roots) use(root);
  for (const e of order) operandsOf(e).forEach(use);
  return uses;
}

function exprText(e: Expr, textOf: (x: Expr) => Text, names: KernelNames): Text {
  const list = (...args: readonly Expr[]): string => `(${args.map((x) => textOf(x).text).join(", ")})`;
  const primary = (text: string): Text => ({ text, precedence: PRIMARY });
  const short = (dtype: DType): string => DTYPE_INFO[dtype].short;
  switch (e.op) {
    case "const":
      return {
        text: constText(e.value, e.dtype),
        precedence: e.value < 0 || Object.is(e.value, -0) ? PREFIX : PRIMARY,
      };
    case "axis":
      return primary(axisName(e.axis, names));
    case "local":
      return primary(valueName(e.local, names));
    case "load":
      return primary(`load ${valueName(e.buffer, names)}[${textOf(e.index).text}]`);
    case "unary": {
      if (e.fn !== "neg" && e.fn !== "not") return primary(`${e.fn}${list(e.x)}`);
      const x = textOf(e.x);
      const sign = e.fn === "neg" ? "-" : "!";
      // `-3` is a constant: the negation of the constant 3 is `-(3)`.
      const bare = x.precedence >= PREFIX && e.x.op !== "const";
      return { text: sign + (bare ? x.text : `(${x.text})`), precedence: PREFIX };
    }
    case "binary": {
      const infix = INFIX_OF.get(e.fn);
      if (infix === undefined) return primary(`${e.fn}${list(e.x, e.y)}`);
      const { sign, precedence } = infix;
      const left = textOf(e.x);
      const right = parenthesised(textOf(e.y), precedence);
      const x =
        sameFn(e.x, e.fn) || leftToRight(left, precedence) ? left.text : parenthesised(left, precedence);
      return { text: `${x} ${sign} ${right}`, precedence };
    }
    case "fma":
    case "fused":
      return primary(`${e.op}${list(e.x, e.y, e.z)}`);
    case "select":
    case "guard":
      return primary(`${e.op}${list(e.cond, e.x, e.y)}`);
    case "convert":
      return primary(`${short(e.dtype)}${list(e.x)}`);
    case "bitcast":
      return primary(`bitcast<${short(e.dtype)}>${list(e.x)}`);
    case "word":
      return primary(`${e.half}Word${list(e.x)}`);
    case "fromWords":
      return primary(`fromWords${list(e.high, e.low)}`);
    case "call": {
      const typed = e.args[0]?.dtype === e.dtype ? "" : `:${short(e.dtype)}`;
      return primary(`${formatGlobal(e.fn)}${typed}${list(...e.args)}`);
    }
    default:
      return e satisfies never;
  }
}

/** Whether an operand is the same operation: `a & b & c`. A shared one is bound, and then it is only a name. */
function sameFn(e: Expr, fn: string): boolean {
  return e.op === "binary" && e.fn === fn;
}

/** `a - b + c` */
function leftToRight(left: Text, outer: number): boolean {
  return left.precedence === SUM && outer === SUM;
}

/** Within sums and comparisons, arithmetic needs no parentheses; the rarer mixtures get them for the reader. */
function parenthesised({ text, precedence }: Text, outer: number): string {
  const arithmetic = precedence >= SUM && precedence > outer;
  const needless = precedence >= PREFIX || (arithmetic && outer > BITWISE && outer !== SHIFT);
  return needless ? text : `(${text})`;
}

/** `3` is an int32, `3.0` a float32, `true` a bool; others name their dtype. */
function constText(value: number, dtype: DType): string {
  const text = formatElement(value, dtype);
  const bare = dtype === "int32" || dtype === "float32" || dtype === "bool";
  return bare ? text : `${text}:${DTYPE_INFO[dtype].short}`;
}

/** Names that nothing declares (the verifier reports them) still have to print. */
export function axisName(axis: Axis, names: KernelNames): string {
  return names.axes.get(axis) ?? "undeclared";
}

export function valueName(value: Local | BufferParam, names: KernelNames): string {
  return `%${names.values.get(value) ?? "undeclared"}`;
}
