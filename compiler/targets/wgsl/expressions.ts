/** Expressions of the kernel IR as WGSL text. What is used twice becomes a `let`, in the block where it is first needed. */
import {
  type Axis,
  type BinaryExpr,
  type BufferParam,
  COMPARE_FNS,
  type ConvertExpr,
  type Expr,
  type Local,
  operandsOf,
  type UnaryExpr,
  withOperands,
} from "../../kernel/expr.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { InternalError, UnsupportedError } from "../../types/errors.ts";
import { wgslConstant, wgslType } from "./scalars.ts";

/** What the text around an expression decides. */
export interface ExprContext {
  /** Whether the adapter multiplies and adds in one instruction. */
  readonly fma: boolean;
  axis(axis: Axis): string;
  local(local: Local): string;
  /** An element of a buffer; `index` may be written several times. */
  load(buffer: BufferParam, index: string): string;
  /** The variable that stands for a place of an invocation's registers; null for other memory. */
  register(buffer: BufferParam, index: Expr): string | null;
  /** Asks for a helper function of `helpers.ts`. */
  helper(name: string): void;
  /** The name of a function of the math library. */
  math(name: string, dtype: DType): string;
  fresh(prefix: string): string;
}

/** Text beyond which a subexpression gets a line of its own. */
const MAX_INLINE = 90;

/** Nodes known in a block and in those around it. */
class Scope {
  readonly #known = new Map<Expr, string>();
  constructor(readonly outer: Scope | null) {}

  find(e: Expr): string | undefined {
    return this.#known.get(e) ?? this.outer?.find(e);
  }

  set(e: Expr, text: string): void {
    this.#known.set(e, text);
  }
}

/**
 * Equal expressions of a statement as one node, whether or not they were one: the text form of kernels repeats short
 * index arithmetic, and what is read back from it has to give the same shader.
 */
class Merging {
  readonly #merged = new Map<Expr, Expr>();
  readonly #byKey = new Map<string, Expr>();
  readonly #numbers = new Map<object, number>();

  expr(e: Expr): Expr {
    const known = this.#merged.get(e);
    if (known !== undefined) return known;
    const before = operandsOf(e);
    const after = before.map((x) => this.expr(x));
    const key = this.#key(e, after);
    let merged = this.#byKey.get(key);
    if (merged === undefined) {
      merged = after.every((x, i) => x === before[i]) ? e : withOperands(e, after);
      this.#byKey.set(key, merged);
    }
    this.#merged.set(e, merged);
    return merged;
  }

  #key(e: Expr, operands: readonly Expr[]): string {
    return `${e.op} ${e.dtype} ${this.#own(e)} ${operands.map((x) => this.#number(x)).join()}`;
  }

  /** What an expression is beside its operands. */
  #own(e: Expr): string | number {
    switch (e.op) {
      case "const":
        return Object.is(e.value, -0) ? "-0" : e.value;
      case "axis":
        return this.#number(e.axis);
      case "local":
        return this.#number(e.local);
      case "load":
        return this.#number(e.buffer);
      case "unary":
      case "binary":
      case "call":
        return e.fn;
      case "word":
        return e.half;
      default:
        return "";
    }
  }

  #number(x: object): number {
    const number = this.#numbers.get(x) ?? this.#numbers.size;
    this.#numbers.set(x, number);
    return number;
  }
}

/** An operand of a product or the dividend: compilers take 0 · x for 0, which it is not for infinities and NaN. */
function factor(operand: Expr, text: string): string {
  if (operand.op !== "const" || operand.value !== 0 || wgslType(operand.dtype) !== "f32") return text;
  return Object.is(operand.value, -0) ? "bitcast<f32>(0x80000000u | zero_bits)" : "bitcast<f32>(zero_bits)";
}

/** Writes the lines that an expression needs before it, and gives its text. */
export class ExprWriter {
  readonly #uses = new Map<Expr, number>();

  constructor(
    private readonly context: ExprContext,
    private readonly line: (text: string) => void,
    private readonly indented: (body: () => void) => void,
    /** Every sum is rounded as it is written: the functions of the math library rely on it. */
    private readonly exact = false,
  ) {}

  /** Texts of several expressions of one statement. */
  write(...roots: readonly Expr[]): string[] {
    const merging = new Merging();
    const merged = roots.map((root) => merging.expr(root));
    for (const root of merged) this.#count(root);
    const scope = new Scope(null);
    return merged.map((root) => bare(this.#node(root, scope)));
  }

  #count(e: Expr): void {
    const before = this.#uses.get(e) ?? 0;
    this.#uses.set(e, before + 1);
    if (before === 0) for (const x of operandsOf(e)) this.#count(x);
  }

  #node(e: Expr, scope: Scope): string {
    const known = scope.find(e);
    if (known !== undefined) return known;
    const text = this.#emit(e, scope);
    const trivial = e.op === "const" || e.op === "axis" || e.op === "local";
    const shared = (this.#uses.get(e) ?? 0) > 1;
    if (trivial || (!shared && text.length <= MAX_INLINE)) return text;
    const name = this.#bind(e, text);
    scope.set(e, name);
    return name;
  }

  #bind(e: Expr, text: string): string {
    const name = this.context.fresh("t");
    this.line(`let ${name}: ${wgslType(e.dtype)} = ${bare(text)};`);
    return name;
  }

  #emit(e: Expr, scope: Scope): string {
    const { context } = this;
    switch (e.op) {
      case "const":
        return wgslConstant(e.value, e.dtype);
      case "axis":
        return context.axis(e.axis);
      case "local":
        return context.local(e.local);
      case "load": {
        const register = context.register(e.buffer, e.index);
        if (register !== null) return register;
        let index = this.#node(e.index, scope);
        if (DTYPE_INFO[e.buffer.dtype].bytes < 4 && !/^\w+$/.test(index)) {
          const name = context.fresh("at");
          this.line(`let ${name}: i32 = ${index};`);
          index = name;
        }
        return context.load(e.buffer, bare(index));
      }
      case "unary":
        return this.#unary(e, this.#node(e.x, scope));
      case "binary": {
        const [x, y] = [this.#node(e.x, scope), this.#node(e.y, scope)];
        // An extremum with a constant is written with its operand twice.
        const twice = (e.fn === "max" || e.fn === "min") && e.dtype === "float32";
        const named = (operand: Expr, text: string): string =>
          twice && operand.op !== "const" && !/^\w+$/.test(text) ? this.#bind(operand, text) : text;
        const isBound = e.x.op === "const" || e.y.op === "const";
        return isBound ? this.#binary(e, named(e.x, x), named(e.y, y)) : this.#binary(e, x, y);
      }
      case "fma": {
        if (!this.context.fma) return this.#multiplyAdd(e, scope);
        return `fma(${this.#list([e.x, e.y, e.z], scope)})`;
      }
      case "fused":
        context.helper("fused_f32");
        return `fused_f32(${this.#list([e.x, e.y, e.z], scope)})`;
      case "select":
        return `select(${this.#list([e.y, e.x, e.cond], scope)})`;
      case "guard":
        return this.#guard(e, scope);
      case "convert":
        return this.#convert(e, this.#node(e.x, scope));
      case "bitcast":
        return this.#bitcast(e.x.dtype, e.dtype, this.#node(e.x, scope));
      case "word":
      case "fromWords":
        throw new UnsupportedError("WebGPU has no float64: run this function on Wasm.");
      case "call":
        return `${context.math(e.fn, e.dtype)}(${this.#list(e.args, scope)})`;
      default:
        return e satisfies never;
    }
  }

  /** Only the chosen side is evaluated. */
  #guard(e: Expr & { op: "guard" }, scope: Scope): string {
    const cond = this.#node(e.cond, scope);
    const name = this.context.fresh("g");
    this.line(`var ${name}: ${wgslType(e.dtype)};`);
    const arm = (x: Expr): void =>
      this.indented(() => {
        this.line(`${name} = ${bare(this.#node(x, new Scope(scope)))};`);
      });
    this.line(`if (${cond}) {`);
    arm(e.x);
    this.line("} else {");
    arm(e.y);
    this.line("}");
    // One place in memory decides: it may not be computed again.
    scope.set(e, name);
    return name;
  }

  #unary({ fn, dtype }: UnaryExpr, x: string): string {
    const { kind, bits } = DTYPE_INFO[dtype];
    switch (fn) {
      case "neg":
        return kind === "uint" ? wrap(`(0u - ${x})`, dtype) : wrap(`(-${x})`, dtype);
      case "abs":
        return kind === "uint" ? x : wrap(`abs(${x})`, dtype);
      case "floor":
      case "ceil":
      case "trunc":
      case "sqrt":
        return `${fn}(${x})`;
      case "nearest":
        return `round(${x})`;
      case "not":
        return kind === "bool" ? `(!${x})` : wrap(`(~${x})`, dtype);
      case "popcount":
        return bits === 32 || kind === "uint"
          ? `countOneBits(${x})`
          : `countOneBits(${x} & ${2 ** bits - 1})`;
      case "clz": {
        if (bits === 32) return `countLeadingZeros(${x})`;
        const u = kind === "uint" ? `${32 - bits}u` : String(32 - bits);
        const own = kind === "uint" ? x : `(${x} & ${2 ** bits - 1})`;
        return `(countLeadingZeros(${own}) - ${u})`;
      }
      default:
        return fn satisfies never;
    }
  }

  #binary({ fn, x: left, y: right }: BinaryExpr, x: string, y: string): string {
    const { dtype } = left;
    if (COMPARE_FNS.has(fn)) return this.#compare(fn, left, right, x, y);
    const type = wgslType(dtype);
    switch (fn) {
      case "add":
      case "sub": {
        const sign = fn === "add" ? "+" : "-";
        const [a, b] = type === "f32" ? [this.#kept(left, right, x), this.#kept(right, left, y)] : [x, y];
        return wrap(`(${a} ${sign} ${b})`, dtype);
      }
      case "mul":
        return wrap(`(${factor(left, x)} * ${factor(right, y)})`, dtype);
      case "div":
      case "rem":
        return this.#divide(fn, type, left, right, x, y, dtype);
      case "max":
      case "min":
        if (type === "bool") return fn === "max" ? `(${x} | ${y})` : `(${x} & ${y})`;
        return type === "f32" ? this.#extremum(fn, left, right, x, y) : `${fn}(${bare(x)}, ${bare(y)})`;
      case "and":
        return `(${x} & ${y})`;
      case "or":
        return `(${x} | ${y})`;
      case "xor":
        return type === "bool" ? `(${x} != ${y})` : `(${x} ^ ${y})`;
      case "shl":
      case "shr":
      case "shrLogical":
        return shift(fn, dtype, right, x, y);
      case "pair16":
        return `insertBits(${bare(x)}, ${bare(y)}, 16u, 16u)`;
      case "dot16": {
        const low = (v: string): string => `extractBits(${bare(v)}, 0u, 16u)`;
        return `(${low(x)} * ${low(y)} + (${x} >> 16u) * (${y} >> 16u))`;
      }
      default:
        throw new InternalError(`no WGSL for ${fn}`);
    }
  }

  /** Rounded twice: as good, and faster where the adapter has no instruction for it. */
  #multiplyAdd(e: Expr & { op: "fma" }, scope: Scope): string {
    const [x, y, z] = [e.x, e.y, e.z].map((operand) => this.#node(operand, scope));
    const product: Expr = { op: "binary", fn: "mul", dtype: e.dtype, x: e.x, y: e.y };
    return `(${x} * ${y} + ${this.#kept(e.z, product, z)})`;
  }

  /** The arguments of a function. */
  #list(operands: readonly Expr[], scope: Scope): string {
    return operands.map((x) => bare(this.#node(x, scope))).join(", ");
  }

  /** NaN wins, and +0 is greater than -0. With a constant, which is no NaN, one comparison tells. */
  #extremum(fn: "max" | "min", left: Expr, right: Expr, x: string, y: string): string {
    if (left.op === "const" && right.op !== "const") return this.#extremum(fn, right, left, y, x);
    if (right.op !== "const" || Number.isNaN(right.value) || !/^\w+$/.test(x)) {
      this.context.helper(`${fn}_f32`);
      return `${fn}_f32(${bare(x)}, ${bare(y)})`;
    }
    const sign = fn === "max" ? "<" : ">";
    // The zero that wins over the other one.
    if (!Object.is(right.value, fn === "max" ? 0 : -0)) return `select(${x}, ${y}, ${x} ${sign} ${y})`;
    this.context.helper("is_nan");
    return `select(${y}, ${x}, (${y} ${sign} ${x}) | is_nan(${x}))`;
  }

  /**
   * An operand of a sum that is a sum itself. WGSL lets compilers reassociate, which would take (x + c) - c for x: where
   * rounding is the point, the inner sum is hidden from them.
   */
  #kept(inner: Expr, other: Expr, text: string): string {
    const isSum = inner.op === "fma" || (inner.op === "binary" && (inner.fn === "add" || inner.fn === "sub"));
    if (!isSum) return text;
    const cancels = operandsOf(inner).some(
      (x) => x === other || (x.op === "const" && other.op === "const") || operandsOf(other).includes(x),
    );
    if (!this.exact && !cancels) return text;
    this.context.helper("keep");
    return `keep(${text})`;
  }

  #compare(fn: string, left: Expr, right: Expr, x: string, y: string): string {
    const sign = { eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=" }[fn] ?? "==";
    if (left.dtype === "bool" && fn !== "eq" && fn !== "ne") return `(u32(${x}) ${sign} u32(${y}))`;
    if (left.dtype === "float32" && left === right && (fn === "eq" || fn === "ne")) {
      // Some drivers take x != x for false: ask the bits.
      this.context.helper("is_nan");
      return fn === "ne" ? `is_nan(${x})` : `(!is_nan(${x}))`;
    }
    // NaN differs from everything, which != does not say on every target.
    if (left.dtype === "float32" && fn === "ne") {
      this.context.helper("ne_f32");
      return `ne_f32(${x}, ${y})`;
    }
    return `(${x} ${sign} ${y})`;
  }

  #divide(
    fn: "div" | "rem",
    type: string,
    left: Expr,
    right: Expr,
    x: string,
    y: string,
    dtype: DType,
  ): string {
    if (type === "f32") {
      if (fn === "div") return `(${factor(left, x)} / ${y})`;
      this.context.helper("rem_f32");
      return `rem_f32(${x}, ${y})`;
    }
    const sign = fn === "div" ? "/" : "%";
    if (right.op === "const" && right.value > 0) return `(${x} ${sign} ${y})`;
    this.context.helper(`${fn}_${type}`);
    return wrap(`${fn}_${type}(${x}, ${y})`, dtype);
  }

  #convert({ x: from, dtype: to }: ConvertExpr, x: string): string {
    const source = wgslType(from.dtype);
    const target = wgslType(to);
    if (target === "bool")
      return source === "f32"
        ? `((bitcast<u32>(${x}) & 0x7fffffffu) != 0u)`
        : `(${x} != ${source === "u32" ? "0u" : "0"})`;
    if (source === "bool") {
      const [zero, one] = { f32: ["0.0", "1.0"], i32: ["0", "1"], u32: ["0u", "1u"] }[target];
      return `select(${zero}, ${one}, ${x})`;
    }
    if (target === "f32") return source === "f32" ? x : `f32(${x})`;
    if (source === "f32") {
      const { bits, kind, min, max } = DTYPE_INFO[to];
      this.context.helper(`f32_to_${target}`);
      const wide = `f32_to_${target}(${x})`;
      if (bits === 32) return wide;
      return kind === "int" ? `clamp(${wide}, ${min}, ${max})` : `min(${wide}, ${max}u)`;
    }
    return wrap(source === target ? x : `bitcast<${target}>(${x})`, to, from.dtype);
  }

  #bitcast(from: DType, to: DType, x: string): string {
    const target = wgslType(to);
    if (wgslType(from) === "bool") return `select(${target}(0), ${target}(1), ${x})`;
    if (target === "bool") return `(${x} != ${wgslType(from) === "u32" ? "0u" : "0"})`;
    return wrap(`bitcast<${target}>(${x})`, to, DTYPE_INFO[to].bits === 32 ? to : from);
  }
}

/** The text without parentheses around all of it. */
function bare(text: string): string {
  if (!text.startsWith("(")) return text;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")") depth--;
    if (depth === 0) return i === text.length - 1 ? bare(text.slice(1, -1)) : text;
  }
  return text;
}

/** Brings a result back into the range of an 8- or 16-bit dtype. `from`: the dtype it is known to be in the range of. */
function wrap(text: string, dtype: DType, from: DType | null = null): string {
  const { bits, kind } = DTYPE_INFO[dtype];
  if (bits === 32 || kind === "bool" || kind === "float") return text;
  if (from === dtype) return text;
  return kind === "int" ? `extractBits(${text}, 0u, ${bits}u)` : `(${text} & ${2 ** bits - 1}u)`;
}

/** Amounts of the dtype's width or more (negative ones count as such) shift everything out. */
function shift(fn: "shl" | "shr" | "shrLogical", dtype: DType, right: Expr, x: string, y: string): string {
  const { bits, kind } = DTYPE_INFO[dtype];
  const known = right.op === "const" && right.value >= 0 && right.value < bits;
  const amount =
    right.op === "const" && right.value >= 0 ? `${right.value}u` : kind === "uint" ? y : `u32(${y})`;
  if (fn === "shr" && kind === "int") {
    return known ? `(${x} >> ${amount})` : `(${x} >> min(${amount}, ${bits - 1}u))`;
  }
  const zero = kind === "uint" ? "0u" : "0";
  const safe = known ? amount : `min(${amount}, 31u)`;
  let shifted: string;
  if (fn === "shl") shifted = wrap(`(${x} << ${safe})`, dtype);
  else if (kind === "uint") shifted = `(${x} >> ${safe})`;
  else {
    const pattern = bits === 32 ? `bitcast<u32>(${x})` : `(bitcast<u32>(${x}) & ${2 ** bits - 1}u)`;
    shifted = wrap(`bitcast<i32>(${pattern} >> ${safe})`, dtype);
  }
  return known ? shifted : `select(${zero}, ${shifted}, ${amount} < ${bits}u)`;
}
