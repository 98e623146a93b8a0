/**
 * What Jacobi's methods on a GPU have in common, a workgroup per matrix: rows scaled to a safe range with the product of the
 * rotations beside them, sweeps that are made until one rotates nothing, and the order of what comes out.
 */
import type { CustomBuffers, GpuForm } from "../../graph/primitive.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { ShareOut } from "./gpu-factorisations.ts";
import { MAX_SWEEPS } from "./jacobi-kernel.ts";
import type { Matrix, MatrixKernel } from "./kernel-matrices.ts";
import { rangeScale } from "./row-values.ts";

/** A flag for each sweep, and one that the last may set. */
const FLAGS = MAX_SWEEPS + 1;

/** For matrices of n rows, with so many numbers each. */
export function sweepScratch(
  dtype: MatrixKernel["dtype"],
  batch: number,
  n: number,
  numbers: number,
): GpuForm["scratch"] {
  return [
    { dtype, size: batch * 2 * n * n },
    { dtype, size: batch * numbers },
    { dtype: "int32", size: batch * FLAGS },
  ];
}

export class Sweeps {
  /** The rows, [n, 2n]: those of the rotations' product are behind the matrix's own. */
  readonly rows: Matrix;
  readonly #numbers: BufferParam;
  readonly #flags: BufferParam;

  /** `buffers` have the scratch of `sweepScratch`; `at` is the matrix's number. */
  constructor(
    private readonly w: ShareOut,
    private readonly at: Expr,
    { scratch: [rows, numbers, flags] }: CustomBuffers,
    private readonly n: number,
    private readonly numberCount: number,
  ) {
    const { s } = w;
    this.rows = { buffer: rows, rowStride: 2 * n, columnStride: 1, offset: s.mul(at, s.int(2 * n * n)) };
    this.#numbers = numbers;
    this.#flags = flags;
  }

  #numberAt(i: Expr): Expr {
    const { s } = this.w;
    return s.add(s.mul(this.at, s.int(this.numberCount)), i);
  }

  number(i: Expr): Expr {
    return this.w.s.load(this.#numbers, this.#numberAt(i));
  }

  setNumber(i: Expr, value: Expr): void {
    this.w.k.store(this.#numbers, this.#numberAt(i), value);
  }

  #flagAt(sweep: Expr): Expr {
    const { s } = this.w;
    return s.add(s.mul(this.at, s.int(FLAGS)), sweep);
  }

  /** Whether a sweep has to be made. That the first has says that the matrix is sound: without infinities and NaN. */
  isSet(sweep: Expr): Expr {
    const { s } = this.w;
    return s.ne(s.load(this.#flags, this.#flagAt(sweep)), s.int(0));
  }

  /** Has the sweep after this one made. */
  setNext(sweep: Expr): void {
    const { k, s, m } = this.w;
    k.store(this.#flags, this.#flagAt(m.plus(sweep, 1)), s.int(1));
  }

  /**
   * Makes the rows from the elements that `read` gives, divided by a scale that becomes number `scaleAt`; returns the scale.
   * Numbers 0 … n - 1 are used for it. `also` may keep others.
   */
  begin(
    read: (i: Expr, j: Expr) => Expr,
    scaleAt: Expr,
    also: (greatest: Expr, scale: Expr) => void = () => {},
  ): Expr {
    const { w, n, rows } = this;
    const { k, s, m } = w;
    const [zero, end] = [s.int(0), s.int(n)];
    w.each(zero, end, (i) => {
      const greatest = k.let("greatest", m.float(0));
      m.lanes(n, (j) => k.accumulate(greatest, "max", s.abs(read(i, j))));
      this.setNumber(i, s.local(greatest));
    });
    w.once(() => {
      const local = k.let("greatest", m.float(0));
      m.lanes(n, (i) => k.accumulate(local, "max", this.number(i)));
      const greatest = s.local(local);
      const scale = rangeScale(m, greatest);
      this.setNumber(scaleAt, scale);
      also(greatest, scale);
      const isSound = s.lt(greatest, m.float(Number.POSITIVE_INFINITY));
      k.loop(FLAGS, (sweep) => {
        const first = s.select(s.and(s.eq(sweep, zero), isSound), s.int(1), zero);
        k.store(this.#flags, this.#flagAt(sweep), first);
      });
    });
    const scale = this.number(scaleAt);
    w.block(zero, end, end, (i, j) => {
      m.store(rows, i, j, s.div(read(i, j), scale));
      m.store(rows, i, m.plus(j, n), s.select(s.eq(i, j), m.float(1), m.float(0)));
    });
    return scale;
  }

  /**
   * The place of number i, which is `own`, among the first n in the order of `before`, of equal ones the first first; and
   * whether the matrix is sound. What is not is not ordered either, but every place has to be written.
   */
  placeOf(
    i: Expr,
    own: Expr,
    before: (other: Expr, own: Expr) => Expr,
  ): { readonly place: Expr; readonly isSound: Expr } {
    const { k, s, m } = this.w;
    const zero = s.int(0);
    const rank = k.let("rank", zero);
    m.each("r", zero, s.int(this.n), (r) => {
      const other = m.value("other", this.number(r));
      const isBefore = s.or(before(other, own), s.and(s.eq(other, own), s.lt(r, i)));
      k.accumulate(rank, "add", s.select(isBefore, s.int(1), zero));
    });
    const isSound = m.value("isSound", this.isSet(zero));
    const place = m.value("place", s.select(isSound, s.local(rank), i));
    return { place, isSound };
  }
}
