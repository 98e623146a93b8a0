/**
 * Evaluates nodes to vectors of four lanes. Every kind of expression has a vector form; what the lanes share is
 * evaluated as a scalar and splatted once.
 */
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { InternalError } from "../../types/errors.ts";
import type { LocalIndex } from "./encoder.ts";
import { type Extremum, ExtremumCode, type ExtremumFn, isExtremum } from "./extremum.ts";
import { type LaneContext, LaneMemory } from "./lane-memory.ts";
import type { Node } from "./nodes.ts";
import { Op, Simd } from "./opcodes.ts";
import { valueTypeOf } from "./scalar-code.ts";
import { FIRST_VECTOR_SLOT, SCALAR_SLOT, SPLAT_SLOT } from "./scalar-values.ts";
import { takesImmediate } from "./vector-code.ts";
import { LANES } from "./vectorize.ts";

/** Operands of one max or min from which keeping NaN and signs apart pays. */
const MIN_EXTREMUM_LEAVES = 4;

/** The operands of a tree of the same function whose inner nodes are used nowhere else. */
function leavesOf(node: Node, fn: ExtremumFn): Node[] {
  return node.operands.flatMap((x) =>
    x.expr.op === "binary" && x.expr.fn === fn && x.uses === 1 ? leavesOf(x, fn) : [x],
  );
}

/** Below this weight both sides of a guard without loads are cheaper than a branch. */
const BRANCH_WEIGHT = 16;

export class VectorValues extends LaneMemory {
  /** Pushes the four lanes of a part; of float64, its half 0 or 1. */
  vector(node: Node, part: number, half = 0): void {
    const { expr } = node;
    if (!this.varying(node)) return this.#splat(node);
    if (expr.op === "local") return this.f.get(this.bindingOf(expr.local).slots[part * 2 + half]);
    const slot = FIRST_VECTOR_SLOT + part * 2 + half;
    const kept = this.recall(node.id, slot);
    if (kept !== undefined) return this.f.get(kept);
    this.#compute(node, part, half);
    // Guards and calls have remembered their own result.
    if (node.uses > 1 && this.recall(node.id, slot) === undefined) this.keep(node.id, slot, node, "v128");
  }

  #splat(node: Node): void {
    const { expr } = node;
    const kept = this.recall(node.id, SPLAT_SLOT);
    if (kept !== undefined) return this.f.get(kept);
    if (expr.op === "const") return this.vectorCode.constant(expr.value, expr.dtype);
    this.#scalarSplat(node);
    if (node.uses > 1 || this.context.parts > 1 || node.dtype === "float64") {
      this.keep(node.id, SPLAT_SLOT, node, "v128");
    }
  }

  #scalarSplat(node: Node): void {
    const { access } = node;
    const bytes = access ? DTYPE_INFO[access.buffer.dtype].bytes : 0;
    if (access !== null && bytes >= 4 && this.recall(node.id, SCALAR_SLOT) === undefined) {
      // One instruction on x64 where load and splat are three.
      const offset = this.address(access, 0);
      return this.f.simdMemory(bytes === 8 ? Simd.load64Splat : Simd.load32Splat, 0, offset);
    }
    this.scalar(node);
    this.vectorCode.splat(node.dtype);
  }

  /** Evaluates the node now in every part and half it has. */
  materializeVector(node: Node): void {
    const set = (slot: number, push: () => void): void => {
      if (this.recall(node.id, slot) !== undefined) return;
      push();
      if (this.recall(node.id, slot) !== undefined) {
        this.f.op(Op.drop);
        return;
      }
      const local = this.f.temp("v128");
      this.f.set(local);
      this.remember(node.id, slot, local, node);
    };
    if (!this.varying(node)) return set(SPLAT_SLOT, () => this.#splat(node));
    if (node.expr.op === "local") return;
    for (let part = 0; part < this.context.parts; part++) {
      for (const half of this.halvesOf(node.dtype)) {
        set(FIRST_VECTOR_SLOT + part * 2 + half, () => this.vector(node, part, half));
      }
    }
  }

  /** The vector in a Wasm local. */
  protected inLocal(node: Node, part: number, half: number): LocalIndex {
    const varying = this.varying(node);
    if (varying && node.expr.op === "local") return this.bindingOf(node.expr.local).slots[part * 2 + half];
    const slot = varying ? FIRST_VECTOR_SLOT + part * 2 + half : SPLAT_SLOT;
    const known = this.recall(node.id, slot);
    if (known !== undefined) return known;
    this.vector(node, part, half);
    const kept = this.recall(node.id, slot);
    if (kept !== undefined) {
      this.f.op(Op.drop);
      return kept;
    }
    const local = this.f.temp("v128");
    this.f.set(local);
    this.remember(node.id, slot, local, node);
    return local;
  }

  /** A bool node as a mask of the lane width of `dtype`. */
  #mask(cond: Node, dtype: DType, part: number, half: number): void {
    if (dtype !== "float64") return this.vector(cond, part);
    this.f.get(this.inLocal(cond, part, 0));
    this.vectorCode.widenMask(half);
  }

  #compute(node: Node, part: number, half: number): void {
    const { vectorCode: code } = this;
    const { expr, operands, dtype } = node;
    switch (expr.op) {
      case "axis":
        return this.#axis(node, part);
      case "load":
        return this.loadLanes(node, part, half);
      case "unary":
        this.vector(operands[0], part, half);
        return code.unary(expr.fn, dtype);
      case "binary":
        return this.#binary(node, part, half);
      case "fma":
        for (const operand of operands) this.vector(operand, part, half);
        return code.fma(dtype);
      case "fused":
        for (const operand of operands) this.vector(operand, part, half);
        return code.fused();
      case "select":
        return this.#select(node, part, half);
      case "guard":
        return this.#guard(node, part, half);
      case "convert":
        return this.#convert(operands[0], dtype, part, half);
      case "bitcast":
        this.vector(operands[0], part, half);
        return code.bitcast(operands[0].dtype, dtype);
      case "word": {
        const first = expr.half === "high" ? 1 : 0;
        this.vector(operands[0], part, 0);
        this.vector(operands[0], part, 1);
        return this.f.shuffle32(first, first + 2, first + 4, first + 6);
      }
      case "fromWords": {
        const low = this.inLocal(operands[1], part, 0);
        const high = this.inLocal(operands[0], part, 0);
        this.f.get(low);
        this.f.get(high);
        return this.f.shuffle32(half * 2, half * 2 + 4, half * 2 + 1, half * 2 + 5);
      }
      case "call":
        return this.#call(node, part, half);
      default:
        throw new InternalError(`no vector code for ${expr.op}`);
    }
  }

  #axis(node: Node, part: number): void {
    const { f } = this;
    const first = part * LANES;
    this.axisValue(this.context.axis);
    f.simd(Simd.i32x4Splat);
    f.i32x4(first, first + 1, first + 2, first + 3);
    f.simd(Simd.i32x4Add);
    this.keep(node.id, FIRST_VECTOR_SLOT + part * 2, node, "v128");
  }

  #binary(node: Node, part: number, half: number): void {
    if (node.expr.op !== "binary") return;
    const { fn } = node.expr;
    let [x, y] = node.operands;
    if ((fn === "max" || fn === "min") && x.expr.op === "const") [x, y] = [y, x];
    if (isExtremum(fn, node.dtype)) {
      const leaves = leavesOf(node, fn);
      if (leaves.length >= MIN_EXTREMUM_LEAVES) return this.#extremum(fn, node.dtype, leaves, part, half);
    }
    if (fn === "pair16" && this.loadPairs(x, y, part)) return;
    const constant = y.expr.op === "const" ? y.expr.value : undefined;
    const from = x.dtype;
    if (from === "float64" && node.dtype === "bool") {
      for (const h of [0, 1]) {
        this.vector(x, part, h);
        this.vector(y, part, h);
        this.vectorCode.binary(fn, from, constant);
      }
      return this.vectorCode.joinMasks();
    }
    this.vector(x, part, half);
    if (constant === undefined || !takesImmediate(fn)) this.vector(y, part, half);
    this.vectorCode.binary(fn, from, constant);
  }

  /** The greatest or least of several vectors. */
  #extremum(fn: ExtremumFn, dtype: DType, leaves: readonly Node[], part: number, half: number): void {
    const { f } = this;
    const temps = [f.temp("v128"), f.temp("v128"), f.temp("v128"), f.temp("v128")];
    const [x, value, first, second] = temps;
    const running: Extremum = { value, first, second };
    const code = new ExtremumCode(f, fn, dtype);
    for (const [n, leaf] of leaves.entries()) {
      this.vector(leaf, part, half);
      f.set(x);
      if (n === 0) code.begin(x, running);
      else code.add(x, running);
    }
    code.finish(running);
    f.release(...temps);
  }

  #select(node: Node, part: number, half: number): void {
    const [cond, x, y] = node.operands;
    // Where one of the two is zero, the mask alone leaves the other: one instruction, which needs no relaxed SIMD.
    if (this.varying(cond) && (isZero(x) || isZero(y))) {
      this.vector(isZero(y) ? x : y, part, half);
      this.#mask(cond, node.dtype, part, half);
      return this.f.simd(isZero(y) ? Simd.and : Simd.andnot);
    }
    this.vector(x, part, half);
    this.vector(y, part, half);
    if (!this.varying(cond)) {
      this.scalar(cond);
      return this.f.selectTyped("v128");
    }
    this.#mask(cond, node.dtype, part, half);
    this.vectorCode.select(node.dtype);
  }

  #convert(x: Node, to: DType, part: number, half: number): void {
    const { f, vectorCode: code } = this;
    const from = x.dtype;
    if (to === "float64" && from !== "float64") {
      const source = this.inLocal(x, part, 0);
      f.get(source);
      if (from === "bool") {
        code.widenMask(half);
        f.f64x2(1);
        return f.simd(Simd.and);
      }
      if (half === 1) {
        f.get(source);
        f.shuffle32(2, 3, 2, 3);
      }
      if (DTYPE_INFO[from].kind === "float") return f.simd(Simd.f64x2PromoteLowF32x4);
      return f.simd(from === "uint32" ? Simd.f64x2ConvertLowI32x4U : Simd.f64x2ConvertLowI32x4S);
    }
    if (from !== "float64" || to === "float64") {
      this.vector(x, part, half);
      return code.convert(from, to);
    }
    this.#convertFromFloat64(x, to, part);
  }

  #convertFromFloat64(x: Node, to: DType, part: number): void {
    const { f, vectorCode: code } = this;
    const { kind } = DTYPE_INFO[to];
    if (to === "float16") {
      for (let lane = 0; lane < LANES; lane++) {
        f.get(this.inLocal(x, part, lane >> 1));
        code.extract("float64", lane & 1);
        f.call(this.module.helpers.get("f64_to_f32_odd"));
        if (lane === 0) code.splat("float32");
        else code.replace("float32", lane);
      }
      return code.wrap("float16");
    }
    for (const half of [0, 1]) {
      this.vector(x, part, half);
      if (to === "bool") {
        f.f64x2(0);
        f.simd(Simd.f64x2Ne);
      } else if (kind === "float") f.simd(Simd.f32x4DemoteF64x2Zero);
      else f.simd(kind === "uint" ? Simd.i32x4TruncSatF64x2UZero : Simd.i32x4TruncSatF64x2SZero);
    }
    if (to === "bool") return code.joinMasks();
    f.shuffle32(0, 1, 4, 5);
    if (kind !== "float") code.clampToDtype(to);
  }

  #call(node: Node, part: number, half: number): void {
    if (node.expr.op !== "call") return;
    if (node.inlined !== null) return this.vector(node.inlined, part, half);
    const { f } = this;
    // Two parts at a time where there are two; of float64 both halves.
    const first = part & ~1;
    const count = first + 1 < this.context.parts ? 2 : 1;
    const parts = Array.from({ length: count }, (_, i) => first + i);
    const halves = this.halvesOf(node.dtype);
    const fn = this.module.mathFunction(node.expr.fn, node.dtype, node.operands.length, count);
    for (const operand of node.operands) {
      for (const p of parts) for (const h of halves) this.vector(operand, p, h);
    }
    f.call(fn);
    if (node.dtype === "float16" && count === 1) return this.vectorCode.wrap("float16");
    if (count === 1 && halves.length === 1) return;
    const results = parts.map(() => halves.map(() => f.temp("v128")));
    for (const result of results.toReversed()) {
      for (const local of result.toReversed()) {
        if (node.dtype === "float16") this.vectorCode.wrap("float16");
        f.set(local);
      }
    }
    parts.forEach((p, i) => {
      this.#rememberHalves(node, p, results[i]);
    });
    f.get(results[part - first][half]);
  }

  #rememberHalves(node: Node, part: number, results: readonly LocalIndex[]): void {
    results.forEach((local, h) => {
      this.remember(node.id, FIRST_VECTOR_SLOT + part * 2 + h, local, node);
    });
  }

  // Guards

  #guard(node: Node, part: number, half: number): void {
    const [cond, x, y] = node.operands;
    const { f, vectorCode: code } = this;
    const uniform = !this.varying(cond);
    if (!uniform && x.loads.size === 0 && x.weight < BRANCH_WEIGHT) return this.#select(node, part, half);
    const halves = this.halvesOf(node.dtype);
    const results = halves.map(() => f.temp("v128"));
    const assign = (value: Node): void => {
      this.scope(() => {
        for (const h of halves) {
          this.vector(value, part, h);
          f.set(results[h]);
        }
      });
    };
    if (uniform) {
      this.scalar(cond);
      f.if(
        null,
        () => assign(x),
        () => assign(y),
      );
    } else {
      const mask = this.inLocal(cond, part, 0);
      assign(y);
      this.#pushActive(mask, part, false);
      f.simd(Simd.anyTrue);
      f.if(null, () => {
        if (x.loads.size === 0) {
          this.scope(() => {
            for (const h of halves) {
              this.vector(x, part, h);
              f.get(results[h]);
              f.get(mask);
              if (node.dtype === "float64") code.widenMask(h);
              code.select(node.dtype);
              f.set(results[h]);
            }
          });
          return;
        }
        this.#pushActive(mask, part, true);
        f.simd(Simd.i32x4AllTrue);
        f.if(
          null,
          () => assign(x),
          () => this.#laneByLane(x, mask, part, results),
        );
      });
    }
    this.#rememberHalves(node, part, results);
    f.get(results[half]);
  }

  /** The mask with its inactive lanes set to `fill`. */
  #pushActive(mask: LocalIndex, part: number, fill: boolean): void {
    const { f } = this;
    const active = this.active(part);
    f.get(mask);
    if (active === LANES) return;
    const lane = (i: number): number => (i < active !== fill ? -1 : 0);
    f.i32x4(lane(0), lane(1), lane(2), lane(3));
    f.simd(fill ? Simd.or : Simd.and);
  }

  /** Evaluates `x` as a scalar in every lane whose mask is set, in a loop over the lanes, into `results`. */
  #laneByLane(x: Node, mask: LocalIndex, part: number, results: readonly LocalIndex[]): void {
    const { f, vectorCode: code } = this;
    const context = this.context;
    const base = this.axes.get(context.axis);
    if (base === undefined) throw new InternalError("a vector axis without a binding");
    const lane = f.temp("i32");
    const iteration = f.temp("i32");
    f.i32(0);
    f.set(lane);
    f.loop(() => {
      f.get(mask);
      f.simd(Simd.i32x4Bitmask);
      f.get(lane);
      f.op(Op.i32ShrU);
      f.i32(1);
      f.op(Op.i32And);
      f.if(null, () => {
        this.axisValue(context.axis);
        f.i32(part * LANES);
        f.op(Op.i32Add);
        f.get(lane);
        f.op(Op.i32Add);
        f.set(iteration);
        this.scope(() => this.#inOneLane(context, iteration, lane, part, x));
        const value = f.temp(valueTypeOf(x.dtype));
        f.set(value);
        results.forEach((result, h) => {
          f.get(value);
          code.splat(x.dtype);
          f.get(result);
          f.i32x4(0, 1, 2, 3);
          f.get(lane);
          f.simd(Simd.i32x4Splat);
          f.simd(Simd.i32x4Eq);
          if (x.dtype === "float64") code.widenMask(h);
          f.simd(Simd.bitselect);
          f.set(result);
        });
        f.release(value);
      });
      f.get(lane);
      f.i32(1);
      f.op(Op.i32Add);
      f.tee(lane);
      f.i32(this.active(part));
      f.op(Op.i32LtU);
      f.brIf(0);
    });
    this.axes.set(context.axis, base);
    f.release(lane, iteration);
  }

  /** Pushes the scalar of one lane: the axis is that lane's iteration, and locals are that lane's. */
  #inOneLane(context: LaneContext, iteration: LocalIndex, lane: LocalIndex, part: number, x: Node): void {
    const { f } = this;
    const base = this.axes.get(context.axis);
    const rebound = [...x.locals].filter((local) => context.varying.has(local));
    const before = rebound.map((local) => this.bindingOf(local));
    const scalars = rebound.map((local, i) => {
      const scalar = f.temp(valueTypeOf(local.dtype));
      this.#extractDynamic(before[i].slots, local.dtype, lane, part);
      f.set(scalar);
      return scalar;
    });
    rebound.forEach((local, i) => {
      this.locals.set(local, { vector: false, slots: [scalars[i]] });
    });
    this.axes.set(context.axis, { kind: "local", local: iteration });
    this.lanes = null;
    this.laneAxis = context.axis;
    this.scope(() => this.scalar(x));
    this.laneAxis = null;
    this.lanes = context;
    if (base) this.axes.set(context.axis, base);
    rebound.forEach((local, i) => {
      this.locals.set(local, before[i]);
    });
    f.release(...scalars);
  }

  /** Pushes the scalar of a lane whose number is known only at run time. */
  #extractDynamic(slots: readonly LocalIndex[], dtype: DType, lane: LocalIndex, part: number): void {
    const { f } = this;
    const double = dtype === "float64";
    f.get(slots[part * 2]);
    if (double) {
      f.get(slots[part * 2 + 1]);
      f.get(lane);
      f.i32(2);
      f.op(Op.i32LtU);
      f.selectTyped("v128");
    }
    // Bytes (lane · width …) to the front.
    const width = double ? 8 : 4;
    f.get(lane);
    if (double) {
      f.i32(1);
      f.op(Op.i32And);
    }
    f.i32(Math.log2(width));
    f.op(Op.i32Shl);
    f.simd(Simd.i8x16Splat);
    f.i32x4(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c);
    f.simd(Simd.i8x16Add);
    f.simd(Simd.swizzle);
    this.vectorCode.extract(dtype, 0);
  }
}

/** All of whose bits are 0. */
function isZero({ expr }: Node): boolean {
  return expr.op === "const" && Object.is(expr.value, 0);
}
