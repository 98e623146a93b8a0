/** Memory of a vector loop: how the lanes of a part are loaded and stored, whatever their stride. */
import type { Axis, Local } from "../../kernel/expr.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { InternalError } from "../../types/errors.ts";
import type { LocalIndex } from "./encoder.ts";
import type { Access, Dependencies, Node } from "./nodes.ts";
import { Op, Simd } from "./opcodes.ts";
import { ScalarValues } from "./scalar-values.ts";
import { isVarying, LANES, laneStride } from "./vectorize.ts";

/** The vector loop being in: part p covers iterations base + 4p … base + 4p + 3, base being the axis's binding. */
export interface LaneContext {
  readonly axis: Axis;
  readonly parts: number;
  /** Lanes of the last part that stand for iterations; the others hold any value and touch no memory. */
  readonly lastActive: number;
  readonly varying: ReadonlySet<Local>;
}

/** Loads of one lane by the logarithm of the element's bytes: the first lane, then the others. */
const FIRST_LANE_LOAD = [Simd.load8Splat, Simd.load16Splat, Simd.load32Zero, Simd.load64Zero] as const;
const LANE_LOAD = [Simd.load8Lane, Simd.load16Lane, Simd.load32Lane, Simd.load64Lane] as const;
const LANE_STORE = [Simd.store8Lane, Simd.store16Lane, Simd.store32Lane, Simd.store64Lane] as const;

export abstract class LaneMemory extends ScalarValues {
  lanes: LaneContext | null = null;

  protected get context(): LaneContext {
    if (this.lanes === null) throw new InternalError("vectors are used outside of a vector loop");
    return this.lanes;
  }

  varying(d: Dependencies): boolean {
    return this.lanes !== null && isVarying(d, this.lanes.axis, this.lanes.varying);
  }

  active(part: number): number {
    const { parts, lastActive } = this.context;
    return part === parts - 1 ? lastActive : LANES;
  }

  /** The halves of a dtype's vectors. */
  halvesOf(dtype: DType): readonly number[] {
    return dtype === "float64" ? [0, 1] : [0];
  }

  /** Pushes the four lanes of a part; of float64, its half 0 or 1. */
  abstract vector(node: Node, part: number, half?: number): void;

  /** The vector in a Wasm local. */
  protected abstract inLocal(node: Node, part: number, half: number): LocalIndex;

  protected loadLanes(node: Node, part: number, half: number): void {
    const { access } = node;
    if (access === null) throw new InternalError("a load without an access");
    const { dtype } = access.buffer;
    const { bytes } = DTYPE_INFO[dtype];
    const { axis, varying } = this.context;
    const stride = laneStride(access, axis, varying);
    const active = this.active(part);
    // Lanes of this half, and the first of them.
    const first = part * LANES + (bytes === 8 ? half * 2 : 0);
    const count = bytes === 8 ? Math.max(0, Math.min(2, active - half * 2)) : active;
    if (count === 0) return this.f.i32x4(0, 0, 0, 0);
    if (stride === null) {
      this.#gather(access, part, bytes === 8 ? half * 2 : 0, count);
    } else if (stride === bytes) {
      this.#loadContiguous(access, first * stride, count);
    } else if (stride === -bytes && count * bytes === 16) {
      const offset = this.address(access, (first + count - 1) * stride);
      this.f.simdMemory(Simd.load, 0, offset);
      const v = this.f.temp("v128");
      this.f.tee(v);
      this.f.get(v);
      if (bytes === 8) this.f.shuffle32(2, 3, 0, 1);
      else this.f.shuffle32(3, 2, 1, 0);
      this.f.release(v);
    } else {
      this.#assemble(access, count, (lane) => this.address(access, (first + lane) * stride));
    }
    this.vectorCode.widen(dtype);
  }

  /** Pairs of neighbours in memory are loaded as they lie there; false where the halves are anything else. */
  protected loadPairs(low: Node, high: Node, part: number): boolean {
    const [x, y] = [unconverted(low).access, unconverted(high).access];
    if (x === null || y === null || x.buffer !== y.buffer || this.active(part) !== LANES) return false;
    const { dtype } = x.buffer;
    const { bytes, kind } = DTYPE_INFO[dtype];
    if (bytes > 2 || kind === "float" || kind === "bool") return false;
    const { axis, varying } = this.context;
    if (laneStride(x, axis, varying) !== 2 * bytes || !follows(x, y, bytes)) return false;
    const offset = this.address(x, part * LANES * 2 * bytes);
    this.f.simdMemory(bytes === 2 ? Simd.load : Simd.load64Zero, 0, offset);
    if (bytes === 1) this.f.simd(dtype === "int8" ? Simd.i16x8ExtendLowI8x16S : Simd.i16x8ExtendLowI8x16U);
    return true;
  }

  /** Loads `count` consecutive elements into the low bytes of a vector. */
  #loadContiguous(access: Access, displacement: number, count: number): void {
    const { f } = this;
    const { bytes } = DTYPE_INFO[access.buffer.dtype];
    const total = bytes * count;
    if (total === 16) {
      const offset = this.address(access, displacement);
      return f.simdMemory(Simd.load, 0, offset);
    }
    // The rest is loaded as its powers of two, greatest first: 12 = 8 + 4, 6 = 4 + 2, 3 = 2 + 1.
    const chunks: { at: number; log: number }[] = [];
    for (let at = 0, log = 3; at < total; log--) {
      if (total - at < 2 ** log) continue;
      chunks.push({ at, log });
      at += 2 ** log;
    }
    const offsets = chunks.map(() => 0);
    for (let i = chunks.length - 1; i >= 0; i--) {
      offsets[i] = this.address(access, displacement + chunks[i].at);
    }
    chunks.forEach(({ at, log }, i) => {
      if (i === 0) f.simdMemory(FIRST_LANE_LOAD[log], 0, offsets[i]);
      else this.#loadLane(log, offsets[i], at >> log);
    });
  }

  /** A lane load takes the address below the vector. */
  #loadLane(log: number, offset: number, lane: number): void {
    this.f.simdMemoryLane(LANE_LOAD[log], 0, offset, lane);
  }

  /** Loads elements from `count` addresses; `push` pushes an address and returns its immediate offset. */
  #assemble(access: Access, count: number, push: (lane: number) => number): void {
    const log = Math.log2(DTYPE_INFO[access.buffer.dtype].bytes);
    const offsets: number[] = new Array(count).fill(0);
    for (let lane = count - 1; lane >= 0; lane--) offsets[lane] = push(lane);
    for (let lane = 0; lane < count; lane++) {
      if (lane === 0) this.f.simdMemory(FIRST_LANE_LOAD[log], 0, offsets[lane]);
      else this.#loadLane(log, offsets[lane], lane);
    }
  }

  /** Loads through an index that differs from lane to lane in any way. */
  #gather(access: Access, part: number, firstLane: number, count: number): void {
    const index = this.inLocal(access.index, part, 0);
    this.#assemble(access, count, (lane) => this.#laneAddress(access, index, firstLane + lane));
  }

  #laneAddress(access: Access, index: LocalIndex, lane: number): number {
    const { f } = this;
    const base = this.bases.get(access.buffer);
    if (base === undefined) throw new InternalError(`buffer ${access.buffer.name} is not a parameter`);
    f.get(base);
    f.get(index);
    f.simdLane(Simd.i32x4ExtractLane, lane);
    this.scale(DTYPE_INFO[access.buffer.dtype].bytes);
    f.op(Op.i32Add);
    return 0;
  }

  /** Stores every active lane of a part. Lanes that go to one element are stored in order: the last one stays. */
  store(access: Access, value: Node, part: number): void {
    const { f } = this;
    const { dtype } = access.buffer;
    const { bytes } = DTYPE_INFO[dtype];
    const { axis, varying } = this.context;
    const stride = laneStride(access, axis, varying);
    const active = this.active(part);
    if (stride === bytes && active === LANES) {
      for (const half of this.halvesOf(dtype)) {
        const offset = this.address(access, (part * LANES + half * 2) * bytes);
        this.vector(value, part, half);
        this.vectorCode.pack(dtype);
        if (bytes >= 4) f.simdMemory(Simd.store, 0, offset);
        else f.simdMemoryLane(bytes === 1 ? Simd.store32Lane : Simd.store64Lane, 0, offset, 0);
      }
      return;
    }
    const halves = this.halvesOf(dtype).map((half) => {
      this.vector(value, part, half);
      this.vectorCode.pack(dtype);
      const packed = f.temp("v128");
      f.set(packed);
      return packed;
    });
    const log = Math.log2(bytes);
    const lanesPerHalf = bytes === 8 ? 2 : LANES;
    const index = stride === null ? this.inLocal(access.index, part, 0) : null;
    for (let lane = stride === 0 ? active - 1 : 0; lane < active; lane++) {
      const offset =
        index === null
          ? this.address(access, (part * LANES + lane) * (stride ?? 0))
          : this.#laneAddress(access, index, lane);
      f.get(halves[Math.floor(lane / lanesPerHalf)]);
      f.simdMemoryLane(LANE_STORE[log], 0, offset, lane % lanesPerHalf);
    }
    f.release(...halves);
  }
}

/** An integer without the conversions that keep its lower 16 bits. */
function unconverted(node: Node): Node {
  let x = node;
  while (x.expr.op === "convert" && DTYPE_INFO[x.dtype].bits >= 16) [x] = x.operands;
  return x;
}

/** Whether `y` is so many bytes behind `x`. */
function follows(x: Access, y: Access, bytes: number): boolean {
  const [a, b] = [x.address, y.address];
  return (
    a.terms.length === b.terms.length &&
    a.terms.every((t, i) => t.node === b.terms[i].node && t.scale === b.terms[i].scale) &&
    b.constant + y.offset - a.constant - x.offset === bytes
  );
}
