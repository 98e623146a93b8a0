/** Random graphs and kernels that use every part of the text forms; valid, but made to be printed, not run. */
import { DeferredGraph, DenseTensor, type Graph, Literal, type Operand } from "../../compiler/graph/graph.ts";
import { type BinaryName, UNARY_NAMES } from "../../compiler/graph/names.ts";
import { readElement, roundTo } from "../../compiler/kernel/constants.ts";
import type { BufferParam, Expr, Local } from "../../compiler/kernel/expr.ts";
import type { CombineFn, Kernel } from "../../compiler/kernel/kernel.ts";
import { KernelBuilder } from "../../compiler/kernel/kernel-builder.ts";
import { scalarOps as s } from "../../compiler/kernel/scalar-ops.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { DTYPE_INFO, DTYPES, type DType, isFloating } from "../../compiler/types/dtype.ts";
import { knownSource, type SourceRef } from "../../compiler/types/source.ts";
import { bytesOf, type TensorType, tensorType } from "../../compiler/types/tensor-type.ts";
import type { Random } from "./random.ts";

const FLOAT_UNARY = UNARY_NAMES.filter((name) => !["not", "population_count", "clz"].includes(name));
const BINARY: readonly BinaryName[] = ["add", "sub", "mul", "max", "min", "lt", "eq"];
const SHAPES = [[], [1], [3], [2, 3], [0], [20]] as const;
const HINTS = ["x", "w", "args[0].w", "0", "", "θ", "a b", "x", "_1", "return", "inf"];

/** A value of the dtype, often a special one. */
export function randomElement(r: Random, dtype: DType): number {
  if (r.below(3) === 0) return roundTo(r.below(200) - 100, dtype);
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, r.bits());
  view.setUint32(4, r.bits());
  const special = [NaN, Infinity, -Infinity, -0, 5e-324];
  const x = isFloating(dtype) && r.below(5) === 0 ? r.pick(special) : readElement(view, 0, dtype);
  return roundTo(x, dtype);
}

function randomSource(r: Random): SourceRef | null {
  if (r.below(3) === 0) return null;
  const file = r.pick([
    "a.ts",
    "/src/deep/b.ts",
    "C:\\x y\\c.ts",
    'odd "name.ts',
    "in f:3:4",
    " lead",
    "d.ts:1:2",
    "",
  ]);
  const location = { file, line: r.below(1000), column: r.below(100) };
  const functionName = r.pick([undefined, undefined, "loss", "Model.loss in x", "f:1:2", "", "<anonymous>"]);
  return knownSource(functionName === undefined ? location : { ...location, functionName });
}

/** `deferred: false` leaves custom derivative rules out: parsed ones are no longer the same by identity. */
export function randomGraph(r: Random, size: number, options: { deferred: boolean }): Graph {
  const b = new GraphBuilder();
  const pool: Operand[] = [];
  for (let i = r.below(4); i >= 0; i--) {
    const hint = r.below(3) === 0 ? null : r.pick(HINTS);
    pool.push(b.input(tensorType(r.pick(DTYPES), r.pick(SHAPES)), hint));
  }
  for (let i = 0; i < size; i++) {
    b.source = randomSource(r);
    pool.push(...randomEquation(r, b, pool, size, options));
  }
  const outputs = Array.from({ length: r.below(4) }, () => r.pick(pool));
  return b.finish(r.pick(["f", "jvp(f)", "f.g", "a b", "", '"', "λ"]), outputs);
}

function randomEquation(
  r: Random,
  b: GraphBuilder,
  pool: readonly Operand[],
  size: number,
  options: { deferred: boolean },
): readonly Operand[] {
  const x = r.pick(pool);
  const { type } = x;
  const { dtype, shape } = type;
  const literal = new Literal(type, randomElement(r, dtype));
  const inner = (): Graph => closed(r, type, Math.floor(size / 3), options);
  switch (r.below(12)) {
    case 0:
      return isFloating(dtype)
        ? [b.unary(r.pick(FLOAT_UNARY), x)]
        : [b.unary("not", dtype === "bool" ? x : literal)];
    case 1:
      return dtype === "bool" ? [b.binary("and", x, literal)] : [b.binary(r.pick(BINARY), x, literal)];
    case 2:
      return [b.convert(x, r.pick(DTYPES))];
    case 3:
      return shape.length > 0 && dtype !== "bool" ? [b.sum(x, [r.below(shape.length)])] : [x];
    case 4:
      return [
        b.splat(b.literal(randomElement(r, dtype), dtype), r.pick(SHAPES)),
        b.broadcastInDim(
          x,
          [2, ...shape],
          shape.map((_, i) => i + 1),
        ),
      ];
    case 5:
      return b.emit("iota", [], { dtype: "int32", shape: [4, 2], dimension: r.below(2) });
    case 6:
      return b.emit("constant", [], { value: randomDense(r, tensorType(r.pick(DTYPES), r.pick(SHAPES))) });
    case 7:
      return b.emit("cond", [b.literal(r.below(2), "int32"), x], { branches: [inner(), inner()] });
    case 8: {
      const cond = new GraphBuilder();
      cond.input(type, "carry");
      const stop = cond.finish("cond", [cond.literal(0, "bool")]);
      return b.emit("while", [x], { cond: stop, body: inner(), condConsts: 0, bodyConsts: 0 });
    }
    case 9:
      return b.emit("call", [x], {
        graph: inner(),
        name: r.pick(["f", 'quo"te', "new\nline", "\u2028", ""]),
      });
    case 10: {
      if (!options.deferred || !isFloating(dtype)) return [b.select(b.literal(1, "bool", shape), x, literal)];
      const graph = inner();
      const rule = new GraphBuilder();
      const inputs = [rule.input(type), rule.input(type)];
      const jvp = new DeferredGraph({}, () => rule.finish("rule", inputs));
      return b.emit("custom_jvp_call", [x], { graph, jvp, name: "custom" });
    }
    default:
      if (shape.length === 0) return [b.reshape(x, [1, 1])];
      return b.emit("sort", [literal, x], {
        dimension: 0,
        isStable: r.below(2) === 0,
        numKeys: 1 + r.below(2),
      });
  }
}

/** A closed graph of one input and one output of a type. */
function closed(r: Random, type: TensorType, size: number, options: { deferred: boolean }): Graph {
  const b = new GraphBuilder();
  const x = b.input(type, r.pick([null, "x", "y"]));
  const pool: Operand[] = [x];
  for (let i = 0; i < size; i++) pool.push(...randomEquation(r, b, pool, Math.floor(size / 3), options));
  const same = pool.filter((v) => v.type === type);
  return b.finish("inner", [r.pick(same)]);
}

/** Random bytes: NaNs with payloads too. Bools are 0 or 1. */
function randomDense(r: Random, type: TensorType): DenseTensor {
  const bytes = Uint8Array.from({ length: bytesOf(type) }, () => r.below(type.dtype === "bool" ? 2 : 256));
  return new DenseTensor(type, bytes);
}

const SCALARS: readonly DType[] = DTYPES.filter((d) => d !== "float16");

/** A kernel of random statements whose expressions share parts; valid but for index bounds. */
export function randomKernel(r: Random, size: number): Kernel {
  const k = new KernelBuilder();
  const params: BufferParam[] = SCALARS.map((dtype) => ({
    name: `b_${DTYPE_INFO[dtype].short}`,
    dtype,
    size: 1000,
    access: "readwrite",
  }));
  const block = (depth: number, pool: readonly Expr[], locals: readonly Local[]): void => {
    const known = [...pool];
    const mine = [...locals];
    for (let i = 0; i < size; i++) {
      const e = randomExpr(r, known, params);
      const kind = r.below(depth > 2 ? 4 : 7);
      const local = mine.find((l) => l.dtype === e.dtype);
      if (kind === 0) {
        const fresh = k.let(r.pick(["s", "t", "acc"]), e);
        mine.push(fresh);
        known.push(s.local(fresh));
      } else if (kind === 1 && local) k.assign(local, e);
      else if (kind === 2 && local) k.accumulate(local, combineFn(r, e.dtype), e);
      else if (kind === 4) {
        const name = r.pick(["i", "load", "f32", "x"]);
        const kinds = ["serial", "reduce", "unroll", "vector"] as const;
        k.loop(2 + r.below(5), (i) => block(depth + 1, [...known, i], mine), { name, kind: r.pick(kinds) });
      } else if (kind === 5) k.while(s.ne(e, e), () => block(depth + 1, known, mine));
      else if (kind === 6)
        k.if(
          s.ne(e, e),
          () => block(depth + 1, known, mine),
          () => r.below(2) === 0 && block(depth + 1, known, mine),
        );
      else k.store(params[SCALARS.indexOf(e.dtype)], s.int(r.below(1000)), e);
    }
  };
  block(0, [s.int(3), s.const(0.5, "float32")], []);
  const sources = [randomSource(r), randomSource(r)].filter((x) => x !== null);
  return { name: r.pick(["k0", "fused mul"]), params, body: k.finish(), sources };
}

function combineFn(r: Random, dtype: DType): CombineFn {
  if (dtype === "bool") return r.pick(["and", "or", "xor"]);
  return isFloating(dtype)
    ? r.pick(["add", "mul", "max", "min"])
    : r.pick(["add", "mul", "max", "and", "xor"]);
}

/** An expression over a growing pool, so that parts are shared and deep. */
function randomExpr(r: Random, leaves: readonly Expr[], params: readonly BufferParam[]): Expr {
  const pool = [...leaves, s.load(params[r.below(params.length)], s.int(r.below(1000)))];
  const steps = 3 + r.below(25);
  for (let i = 0; i < steps; i++) pool.push(exprStep(r, pool));
  return pool[pool.length - 1];
}

function exprStep(r: Random, pool: readonly Expr[]): Expr {
  // The last ones are picked more often, for depth.
  const x = r.below(2) === 0 ? pool[pool.length - 1] : r.pick(pool);
  const y = pool.filter((e) => e.dtype === x.dtype).at(-1 - r.below(2)) ?? x;
  const float = isFloating(x.dtype);
  const { kind } = DTYPE_INFO[x.dtype];
  switch (r.below(11)) {
    case 0:
      return s.const(randomElement(r, r.pick(SCALARS)), r.pick(SCALARS));
    case 1:
      return kind === "bool" ? s.not(x) : s.neg(x);
    case 2:
      return float ? s.unary(r.pick(["floor", "ceil", "sqrt", "nearest", "trunc", "abs"]), x) : s.not(x);
    case 3:
      return s.convert(x, r.pick(SCALARS));
    case 4:
      return s.binary(r.pick(["eq", "ne", "lt", "le", "gt", "ge"]), x, y);
    case 5:
      return s.select(s.lt(x, y), x, y);
    case 6:
      return s.guard(s.ge(x, y), x, y);
    case 7:
      return float ? s.fma(x, y, x) : s.binary(r.pick(["and", "or", "xor"]), x, y);
    case 8:
      return s.call("exp", x, y);
    case 9:
      if (x.dtype === "float64") return s.fromWords(s.highWord(x), s.lowWord(y));
      return x.dtype === "float32" ? s.bitcast(x, "int32") : s.bitcast(s.convert(x, "uint32"), "float32");
    default:
      if (kind === "bool") return s.binary(r.pick(["and", "or", "max"]), x, y);
      if (!float && r.below(2) === 0) return s.binary(r.pick(["shl", "shr", "shrLogical", "rem"]), x, y);
      return s.binary(r.pick(["add", "sub", "mul", "div", "rem", "max", "min"]), x, y);
  }
}
