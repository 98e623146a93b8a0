/** Random kernels from fixed seeds: Wasm in both variants gives the interpreter's bits. */
import { test } from "node:test";
import type { BufferParam, Expr } from "../../compiler/kernel/expr.ts";
import { KernelBuilder } from "../../compiler/kernel/kernel-builder.ts";
import { scalarOps as s } from "../../compiler/kernel/scalar-ops.ts";
import { DTYPE_INFO, DTYPES, type DType } from "../../compiler/types/dtype.ts";
import { Random } from "../helpers/random.ts";
import { buffer, checkKernel, encode, kernelOf, sampleValues } from "./run-kernel.ts";

const FLOAT_FNS = ["add", "sub", "mul", "div", "rem", "max", "min"] as const;
const INTEGER_FNS = [...FLOAT_FNS, "and", "or", "xor", "shl", "shr", "shrLogical"] as const;
const COMPARE_FNS = ["eq", "ne", "lt", "le", "gt", "ge"] as const;
/** float16 is met in buffers and conversions; arithmetic on it is float32's. */
const COMPUTED = DTYPES.filter((d) => d !== "float16");

class Generator {
  readonly inputs: BufferParam[] = [];
  readonly random: Random;
  /** Expressions made so far, to be used again. */
  readonly #made: Expr[] = [];
  #index: readonly Expr[] = [];

  constructor(
    seed: number,
    readonly size: number,
  ) {
    this.random = new Random(seed);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.random.below(items.length)];
  }

  /** Axes of the loops around, each with fewer iterations than `size`. */
  within(axes: readonly Expr[]): void {
    this.#index = axes;
    this.#made.length = 0;
  }

  #position(): Expr {
    const axis = this.pick(this.#index);
    const last = s.int(this.size - 1);
    switch (this.random.below(7)) {
      case 0:
        return s.sub(last, axis);
      case 1:
        return s.int(this.random.below(this.size));
      case 2:
        return s.rem(s.mul(axis, s.int(7)), s.int(this.size));
      case 3:
        return s.min(s.add(axis, s.int(2)), last);
      case 4: {
        const index = this.load("int32", axis);
        return s.min(s.max(index, s.int(0)), last);
      }
      default:
        return axis;
    }
  }

  load(dtype: DType, index: Expr): Expr {
    const candidates = this.inputs.filter((b) => b.dtype === dtype);
    let from = candidates.length > 1 ? this.pick(candidates) : undefined;
    if (from === undefined) {
      from = buffer(`in${this.inputs.length}`, dtype, this.size);
      this.inputs.push(from);
    }
    return s.load(from, index);
  }

  #leaf(dtype: DType): Expr {
    const kept = this.#made.filter((e) => e.dtype === dtype);
    if (kept.length > 0 && this.random.chance(0.3)) return this.pick(kept);
    if (dtype === "int32" && this.random.chance(0.15)) return this.pick(this.#index);
    if (this.random.chance(0.2)) return s.const(sampleValues(dtype, 1, this.random)[0], dtype);
    if (dtype === "float32" && this.random.chance(0.2)) return this.load("float16", this.#position());
    return this.load(dtype, this.#position());
  }

  expr(dtype: DType, depth: number): Expr {
    if (depth === 0) return this.#leaf(dtype);
    const made = this.#operation(dtype, depth - 1);
    this.#made.push(made);
    return made;
  }

  #operation(dtype: DType, depth: number): Expr {
    const { kind, bytes } = DTYPE_INFO[dtype];
    const x = (): Expr => this.expr(dtype, depth);
    switch (this.random.below(8)) {
      case 0:
        return s.convert(this.expr(this.pick(COMPUTED), depth), dtype);
      case 1: {
        const same = COMPUTED.filter((d) => DTYPE_INFO[d].bytes === bytes);
        const from = this.pick(same);
        // An operation's NaN may have any sign and payload, which a bitcast would show; a loaded one has its own.
        if (DTYPE_INFO[from].kind === "float") return s.bitcast(this.load(from, this.#position()), dtype);
        return s.bitcast(this.expr(from, depth), dtype);
      }
      case 2:
        return s.select(this.expr("bool", depth), x(), x());
      case 3: {
        // A load that is in range only where the condition holds.
        const axis = this.pick(this.#index);
        const shift = s.int(this.random.below(5));
        const value = this.load(dtype, s.sub(axis, shift));
        return s.guard(s.ge(axis, shift), value, x());
      }
      case 4:
        if (kind === "float")
          return s.unary(this.pick(["neg", "abs", "floor", "ceil", "trunc", "nearest", "sqrt"]), x());
        return kind === "bool"
          ? s.not(x())
          : s.unary(this.pick(["neg", "abs", "not", "popcount", "clz"]), x());
      default:
        if (kind === "bool") {
          if (this.random.chance(0.4)) return s.binary(this.pick(["and", "or", "xor"]), x(), x());
          const of = this.pick(COMPUTED);
          return s.binary(this.pick(COMPARE_FNS), this.expr(of, depth), this.expr(of, depth));
        }
        return s.binary(this.pick(kind === "float" ? FLOAT_FNS : INTEGER_FNS), x(), x());
    }
  }
}

function check(seed: number): void {
  const shape = new Random(seed * 7919);
  const n = 1 + shape.below(40);
  const g = new Generator(seed, Math.max(n, 5));
  const b = new KernelBuilder();
  const outs: BufferParam[] = [];
  const store = (i: Expr, value: Expr): void => {
    const out = buffer(`out${outs.length}`, value.dtype, g.size * g.size, "write");
    outs.push(out);
    b.store(out, i, value);
  };
  const kind = shape.chance(0.8) ? ("vector" as const) : ("serial" as const);
  const nested = shape.chance(0.4);
  b.loop(
    n,
    (i) => {
      g.within([i]);
      for (let k = 0; k < 2; k++) store(i, g.expr(g.pick(COMPUTED), 3));
      if (!nested) return;
      const dtype = g.pick(["int32", "uint8", "int16", "uint32"] as const);
      const acc = b.let("acc", g.expr(dtype, 1));
      b.loop(
        Math.min(3, g.size),
        (j) => {
          g.within([i, j]);
          b.accumulate(acc, g.pick(["add", "mul", "max", "min", "xor"] as const), g.expr(dtype, 2));
          store(s.add(s.mul(i, s.int(g.size)), j), s.add(s.local(acc), g.expr(dtype, 1)));
        },
        { kind: "reduce" },
      );
      g.within([i]);
      store(i, s.local(acc));
    },
    { kind },
  );
  const params = [...g.inputs, ...outs];
  const values = new Random(seed + 1);
  checkKernel(
    kernelOf(b, params),
    params.map((p) => encode(p.dtype, sampleValues(p.dtype, p.size, values))),
  );
}

const SEEDS = 160;
const PER_TEST = 40;

for (let first = 1; first <= SEEDS; first += PER_TEST) {
  test(`random kernels ${first} to ${first + PER_TEST - 1}`, () => {
    for (let seed = first; seed < first + PER_TEST; seed++) {
      try {
        check(seed);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });
}
