/**
 * Executes kernels exactly as the targets do: float32 is rounded after every operation, integers wrap, loads and
 * stores go through typed memory, functions are the bodies of the math library. The oracle for code generators and
 * the way to measure the library's accuracy; its speed is that of closures.
 *
 * Accumulation is in the order of the loops: a target that lets lanes accumulate apart may round differently.
 */
import {
  bitcastConstant,
  convertConstant,
  evaluateBinary,
  evaluateUnary,
  fromWordsConstant,
  readElement,
  wordConstant,
  writeElement,
} from "../kernel/constants.ts";
import type { Axis, BinaryFn, BufferParam, Expr, Local } from "../kernel/expr.ts";
import type { Kernel, Stmt } from "../kernel/kernel.ts";
import { scalarOps } from "../kernel/scalar-ops.ts";
import { lookupMath } from "../math/index.ts";
import { DTYPE_INFO, type DType } from "../types/dtype.ts";
import { InternalError } from "../types/errors.ts";

export interface InterpretOptions {
  /** How `fma` rounds: after the product and after the sum (`twice`, the default), or only after the sum. */
  readonly fma?: "once" | "twice";
}

/**
 * Runs a kernel.
 *
 * @param memory the buffers of the kernel's parameters, in their order; elements are little-endian
 * @throws InternalError naming the kernel where an index is outside a buffer, or a read-only buffer is stored to
 */
export function runKernel(kernel: Kernel, memory: readonly DataView[], options: InterpretOptions = {}): void {
  if (memory.length !== kernel.params.length) {
    throw new InternalError(
      `kernel ${kernel.name} takes ${kernel.params.length} buffers, got ${memory.length}`,
    );
  }
  const buffers = new Map(kernel.params.map((param, i) => [param, memory[i]]));
  for (const [param, view] of buffers) {
    if (view.byteLength < param.size * DTYPE_INFO[param.dtype].bytes) {
      throw new InternalError(
        `kernel ${kernel.name}: ${param.name} has ${param.size} elements of ${param.dtype}, ` +
          `its memory only ${view.byteLength} bytes`,
      );
    }
  }
  const { shared = [], registers = [] } = kernel.workgroup ?? {};
  for (const param of [...shared, ...registers]) {
    buffers.set(param, new DataView(new ArrayBuffer(param.size * DTYPE_INFO[param.dtype].bytes)));
  }
  const compiler = new ClosureCompiler(kernel.name, buffers, options);
  const run = compiler.block(kernel.body);
  run(compiler.frame());
}

/** An expression of some locals as a JavaScript function of their values. */
export function compileExpression(
  inputs: readonly Local[],
  e: Expr,
  options: InterpretOptions = {},
): (...values: number[]) => number {
  const compiler = new ClosureCompiler("expression", new Map(), options);
  const slots = inputs.map((local) => compiler.slotOf(local));
  const value = compiler.expression(e);
  const frame = compiler.frame();
  return (...values) => {
    for (let i = 0; i < slots.length; i++) frame[slots[i]] = values[i];
    return value(frame);
  };
}

/** Values of locals, axes and expression nodes; a double holds every scalar exactly. */
type Frame = Float64Array;
type Step = (frame: Frame) => void;

/** Straight-line code of one expression, in which a node that is used twice is computed once. */
class Scope {
  readonly steps: Step[] = [];
  readonly #slots = new Map<Expr, number>();
  constructor(readonly outer: Scope | null) {}

  find(e: Expr): number | undefined {
    return this.#slots.get(e) ?? this.outer?.find(e);
  }

  set(e: Expr, slot: number): void {
    this.#slots.set(e, slot);
  }
}

class ClosureCompiler {
  #size = 0;
  readonly #variables = new Map<Local | Axis, number>();
  /** Compiled bodies of the math library: their arguments' slots, their code, their result's slot. */
  readonly #functions = new Map<string, { args: number[]; run: Step; result: number }>();

  constructor(
    readonly name: string,
    readonly buffers: ReadonlyMap<BufferParam, DataView>,
    readonly options: InterpretOptions,
  ) {}

  frame(): Frame {
    return new Float64Array(this.#size);
  }

  slotOf(variable: Local | Axis): number {
    let slot = this.#variables.get(variable);
    if (slot === undefined) {
      slot = this.#size++;
      this.#variables.set(variable, slot);
    }
    return slot;
  }

  expression(e: Expr): (frame: Frame) => number {
    const scope = new Scope(null);
    const slot = this.#node(e, scope);
    const { steps } = scope;
    return (frame) => {
      for (let i = 0; i < steps.length; i++) steps[i](frame);
      return frame[slot];
    };
  }

  /** The slot that holds the node's value once the scope's steps have run. */
  #node(e: Expr, scope: Scope): number {
    const known = scope.find(e);
    if (known !== undefined) return known;
    const slot = this.#emit(e, scope);
    scope.set(e, slot);
    return slot;
  }

  #emit(e: Expr, scope: Scope): number {
    if (e.op === "axis") return this.slotOf(e.axis);
    if (e.op === "local") return this.slotOf(e.local);
    const out = this.#size++;
    const { steps } = scope;
    switch (e.op) {
      case "const": {
        const { value } = e;
        steps.push((f) => {
          f[out] = value;
        });
        return out;
      }
      case "load": {
        const index = this.#node(e.index, scope);
        const at = this.#address(e.buffer, "load");
        const view = this.#view(e.buffer);
        const { dtype } = e.buffer;
        steps.push((f) => {
          f[out] = readElement(view, at(f[index]), dtype);
        });
        return out;
      }
      case "unary": {
        const { fn, dtype } = e;
        const x = this.#node(e.x, scope);
        steps.push((f) => {
          f[out] = evaluateUnary(fn, f[x], dtype);
        });
        return out;
      }
      case "binary": {
        const x = this.#node(e.x, scope);
        const y = this.#node(e.y, scope);
        steps.push(binaryStep(e.fn, e.x.dtype, out, x, y));
        return out;
      }
      case "fma": {
        const [x, y, z] = [e.x, e.y, e.z].map((operand) => this.#node(operand, scope));
        const { dtype } = e;
        const once = this.options.fma === "once";
        const compute = once ? (dtype === "float32" ? fusedFloat32 : fusedFloat64) : unfused(dtype);
        steps.push((f) => {
          f[out] = compute(f[x], f[y], f[z]);
        });
        return out;
      }
      case "fused": {
        const [x, y, z] = [e.x, e.y, e.z].map((operand) => this.#node(operand, scope));
        steps.push((f) => {
          f[out] = Math.fround(f[x] * f[y] + f[z]);
        });
        return out;
      }
      case "select": {
        const [cond, x, y] = [e.cond, e.x, e.y].map((operand) => this.#node(operand, scope));
        steps.push((f) => {
          f[out] = f[cond] !== 0 ? f[x] : f[y];
        });
        return out;
      }
      case "guard": {
        const cond = this.#node(e.cond, scope);
        const x = this.#arm(e.x, scope);
        const y = this.#arm(e.y, scope);
        steps.push((f) => {
          const arm = f[cond] !== 0 ? x : y;
          for (let i = 0; i < arm.steps.length; i++) arm.steps[i](f);
          f[out] = f[arm.slot];
        });
        return out;
      }
      case "convert": {
        const { dtype } = e;
        const from = e.x.dtype;
        const x = this.#node(e.x, scope);
        steps.push((f) => {
          f[out] = convertConstant(f[x], from, dtype);
        });
        return out;
      }
      case "bitcast": {
        const { dtype } = e;
        const from = e.x.dtype;
        const x = this.#node(e.x, scope);
        steps.push((f) => {
          f[out] = bitcastConstant(f[x], from, dtype);
        });
        return out;
      }
      case "word": {
        const { half } = e;
        const x = this.#node(e.x, scope);
        steps.push((f) => {
          f[out] = wordConstant(f[x], half);
        });
        return out;
      }
      case "fromWords": {
        const high = this.#node(e.high, scope);
        const low = this.#node(e.low, scope);
        steps.push((f) => {
          f[out] = fromWordsConstant(f[high], f[low]);
        });
        return out;
      }
      case "call": {
        const values = e.args.map((arg) => this.#node(arg, scope));
        const { args, run, result } = this.#function(e.fn, e.dtype);
        steps.push((f) => {
          for (let i = 0; i < args.length; i++) f[args[i]] = f[values[i]];
          run(f);
          f[out] = f[result];
        });
        return out;
      }
      default:
        return e satisfies never;
    }
  }

  #arm(e: Expr, scope: Scope): { steps: Step[]; slot: number } {
    const inner = new Scope(scope);
    const slot = this.#node(e, inner);
    return { steps: inner.steps, slot };
  }

  #function(fn: string, dtype: DType): { args: number[]; run: Step; result: number } {
    const key = `${fn}.${dtype}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const math = lookupMath(fn, dtype);
    if (math === undefined) throw new InternalError(`kernel ${this.name} calls ${fn} on ${dtype}`);
    const locals = Array.from({ length: math.arity }, (_, i): Local => ({ name: `${fn}${i}`, dtype }));
    const args = locals.map((local) => this.slotOf(local));
    const scope = new Scope(null);
    const result = this.#node(math.body(scalarOps, ...locals.map(scalarOps.local)), scope);
    const { steps } = scope;
    const run: Step = (f) => {
      for (let i = 0; i < steps.length; i++) steps[i](f);
    };
    const compiled = { args, run, result };
    this.#functions.set(key, compiled);
    return compiled;
  }

  #view(buffer: BufferParam): DataView {
    const view = this.buffers.get(buffer);
    if (view === undefined) {
      throw new InternalError(`kernel ${this.name} uses ${buffer.name}, which is none of its parameters`);
    }
    return view;
  }

  /** Checks an index and gives its byte offset. */
  #address(buffer: BufferParam, what: "load" | "store"): (index: number) => number {
    const { bytes } = DTYPE_INFO[buffer.dtype];
    return (index) => {
      if (index < 0 || index >= buffer.size) {
        throw new InternalError(
          `kernel ${this.name}: ${what} of ${buffer.name}[${index}], which has ${buffer.size} elements`,
        );
      }
      return index * bytes;
    };
  }

  block(stmts: readonly Stmt[]): Step {
    const steps = stmts.map((stmt) => this.#statement(stmt));
    return (f) => {
      for (let i = 0; i < steps.length; i++) steps[i](f);
    };
  }

  #statement(stmt: Stmt): Step {
    switch (stmt.kind) {
      case "loop": {
        const slot = this.slotOf(stmt.axis);
        const { extent } = stmt.axis;
        const body = this.block(stmt.body);
        return (f) => {
          for (let i = 0; i < extent; i++) {
            f[slot] = i;
            body(f);
          }
        };
      }
      case "while": {
        const cond = this.expression(stmt.cond);
        const body = this.block(stmt.body);
        return (f) => {
          while (cond(f) !== 0) body(f);
        };
      }
      case "if": {
        const cond = this.expression(stmt.cond);
        const then = this.block(stmt.then);
        const otherwise = this.block(stmt.else);
        return (f) => (cond(f) !== 0 ? then(f) : otherwise(f));
      }
      case "let":
      case "assign": {
        const slot = this.slotOf(stmt.local);
        const value = this.expression(stmt.value);
        return (f) => {
          f[slot] = value(f);
        };
      }
      case "accumulate": {
        const slot = this.slotOf(stmt.local);
        const value = this.expression(stmt.value);
        const { fn } = stmt;
        const { dtype } = stmt.local;
        return (f) => {
          const next = value(f);
          f[slot] = evaluateBinary(fn, f[slot], next, dtype);
        };
      }
      case "store": {
        const { buffer } = stmt;
        if (buffer.access === "read") {
          throw new InternalError(`kernel ${this.name} stores to ${buffer.name}, which it may only read`);
        }
        const index = this.expression(stmt.index);
        const value = this.expression(stmt.value);
        const at = this.#address(buffer, "store");
        const view = this.#view(buffer);
        return (f) => {
          const offset = at(index(f));
          writeElement(view, offset, buffer.dtype, value(f));
        };
      }
      default:
        return stmt satisfies never;
    }
  }
}

/** The common operations have their own closures; the rest goes through `evaluateBinary`. */
function binaryStep(fn: BinaryFn, dtype: DType, out: number, x: number, y: number): Step {
  if (dtype === "float32" || dtype === "float64") {
    const round = dtype === "float32" ? Math.fround : (v: number) => v;
    if (fn === "add") {
      return (f) => {
        f[out] = round(f[x] + f[y]);
      };
    }
    if (fn === "sub") {
      return (f) => {
        f[out] = round(f[x] - f[y]);
      };
    }
    if (fn === "mul") {
      return (f) => {
        f[out] = round(f[x] * f[y]);
      };
    }
  }
  return (f) => {
    f[out] = evaluateBinary(fn, f[x], f[y], dtype);
  };
}

function unfused(dtype: DType): (x: number, y: number, z: number) => number {
  return dtype === "float32" ? (x, y, z) => Math.fround(Math.fround(x * y) + z) : (x, y, z) => x * y + z;
}

/** The sum of two doubles and its rounding error, exactly (Knuth). */
function twoSum(a: number, b: number): [sum: number, error: number] {
  const sum = a + b;
  const bb = sum - a;
  return [sum, a - (sum - bb) + (b - bb)];
}

/** a + b rounded to odd: rounding it once more to fewer digits gives what one rounding of the exact sum gives. */
function sumToOdd(a: number, b: number): number {
  const [sum, error] = twoSum(a, b);
  if (error === 0 || !Number.isFinite(sum)) return sum;
  const high = wordConstant(sum, "high");
  const low = wordConstant(sum, "low");
  if (low & 1) return sum;
  // One step in the direction of the error; `low` is even, so stepping up is setting its last bit.
  if (error > 0 === sum > 0) return fromWordsConstant(high, low | 1);
  return low === 0 ? fromWordsConstant(high - 1, -1) : fromWordsConstant(high, low - 1);
}

/** x·y + z on float32, rounded once: the product of two floats is exact in double precision. */
function fusedFloat32(x: number, y: number, z: number): number {
  return Math.fround(sumToOdd(x * y, z));
}

/**
 * x·y + z on float64, rounded once (Boldo & Melquiond, "Emulation of FMA and correctly rounded sums", 2008). Where
 * the exact product could leave the range it is rounded twice, as `fma` allows.
 */
function fusedFloat64(x: number, y: number, z: number): number {
  const product = x * y;
  const within = (v: number): boolean => v === 0 || (Math.abs(v) > 2 ** -900 && Math.abs(v) < 2 ** 900);
  if (![x, y, z, product].every(within) || Math.abs(x) > 2 ** 960 || Math.abs(y) > 2 ** 960)
    return product + z;
  const [xh, xl] = split(x);
  const [yh, yl] = split(y);
  const error = xl * yl - (product - xh * yh - xl * yh - xh * yl);
  const [th, tl] = twoSum(z, error);
  const [vh, vl] = twoSum(product, th);
  return vh + sumToOdd(tl, vl);
}

/** Veltkamp's splitting into two halves of 26 bits. */
function split(x: number): [high: number, low: number] {
  const c = 134217729 * x;
  const high = c - (c - x);
  return [high, x - high];
}
