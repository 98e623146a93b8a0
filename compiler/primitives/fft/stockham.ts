/**
 * The kernel of a forward transform: Stockham's autosort form, whose stages read and write in order and leave the
 * result in its natural place without a bit reversal (C. Van Loan, "Computational Frameworks for the Fast Fourier
 * Transform", SIAM 1992, §1.7).
 *
 * Real and imaginary parts lie apart, so every butterfly runs in lanes: over the interleaved transforms from the second
 * stage on, and over the transform itself in the first, where there is only one.
 */
import type { CustomBuffers } from "../../graph/primitive.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import type { TensorType } from "../../types/tensor-type.ts";
import { rootCount, type Stage, unitRoot } from "./plan.ts";

/** A complex number of the kernel. */
interface Complex {
  readonly re: Expr;
  readonly im: Expr;
}

/** Real and imaginary parts of a row, and where it begins in them. */
interface Row {
  readonly re: BufferParam;
  readonly im: BufferParam;
  readonly base: Expr;
}

const plus = (s: ScalarOps, x: Complex, y: Complex): Complex => ({
  re: s.add(x.re, y.re),
  im: s.add(x.im, y.im),
});
const minus = (s: ScalarOps, x: Complex, y: Complex): Complex => ({
  re: s.sub(x.re, y.re),
  im: s.sub(x.im, y.im),
});
/** x − i·y and x + i·y. */
const minusTurned = (s: ScalarOps, x: Complex, y: Complex): Complex => ({
  re: s.add(x.re, y.im),
  im: s.sub(x.im, y.re),
});
const plusTurned = (s: ScalarOps, x: Complex, y: Complex): Complex => ({
  re: s.sub(x.re, y.im),
  im: s.add(x.im, y.re),
});

/** A value computed once and used several times. */
function held(k: KernelBuilder, s: ScalarOps, name: string, x: Complex): Complex {
  return { re: s.local(k.let(name, x.re)), im: s.local(k.let(name, x.im)) };
}

/** The discrete transform of 2, 3, 4, 5, 7, 11 or 13 numbers. */
function butterfly(k: KernelBuilder, s: ScalarOps, x: readonly Complex[]): Complex[] {
  const radix = x.length;
  if (radix === 2) return [plus(s, x[0], x[1]), minus(s, x[0], x[1])];
  if (radix === 4) {
    const [a, b] = [plus(s, x[0], x[2]), minus(s, x[0], x[2])].map((y) => held(k, s, "t", y));
    const [c, d] = [plus(s, x[1], x[3]), minus(s, x[1], x[3])].map((y) => held(k, s, "t", y));
    return [plus(s, a, c), minusTurned(s, b, d), minus(s, a, c), plusTurned(s, b, d)];
  }
  // An odd prime: x_j and x_(r−j) have the same cosine and opposite sines.
  const { dtype } = x[0].re;
  const half = (radix - 1) / 2;
  const pairs = Array.from({ length: half }, (_, i) => ({
    sum: held(k, s, "t", plus(s, x[i + 1], x[radix - 1 - i])),
    difference: held(k, s, "t", minus(s, x[i + 1], x[radix - 1 - i])),
  }));
  const result: Complex[] = new Array<Complex>(radix).fill(x[0]);
  result[0] = pairs.reduce((total, { sum }) => plus(s, total, sum), x[0]);
  for (let i = 1; i <= half; i++) {
    let even = x[0];
    let odd: Complex | null = null;
    for (const [j, { sum, difference }] of pairs.entries()) {
      const [cos, sin] = unitRoot(i * (j + 1), radix).map((v) => s.const(v, dtype));
      even = {
        re: s.add(even.re, s.mul(sum.re, cos)),
        im: s.add(even.im, s.mul(sum.im, cos)),
      };
      const term: Complex = { re: s.mul(difference.re, sin), im: s.mul(difference.im, sin) };
      odd = odd === null ? term : plus(s, odd, term);
    }
    const [e, o] = [even, odd ?? x[0]].map((y) => held(k, s, "u", y));
    result[i] = minusTurned(s, e, o);
    result[radix - i] = plusTurned(s, e, o);
  }
  return result;
}

function emitStage(
  k: KernelBuilder,
  s: ScalarOps,
  from: Row,
  to: Row,
  table: { readonly buffer: BufferParam; readonly count: number },
  { radix, rest, stride, roots }: Stage,
): void {
  const at = (row: Row, index: Expr): Expr => s.add(row.base, index);
  const root = (part: number, order: number, p: Expr): Expr =>
    s.load(table.buffer, s.add(p, s.int(part * table.count + roots + (order - 1) * rest)));
  const rootsAt = (p: Expr): (Complex | null)[] =>
    Array.from({ length: radix }, (_, order) =>
      order === 0 || rest === 1 ? null : held(k, s, "w", { re: root(0, order, p), im: root(1, order, p) }),
    );
  /** x[q + stride·(p + rest·j)] → y[q + stride·(radix·p + k)]. */
  const element = (p: Expr, q: Expr, factors: readonly (Complex | null)[]): void => {
    const source = s.add(s.mul(p, s.int(stride)), q);
    const x = Array.from({ length: radix }, (_, j) => {
      const index = at(from, s.add(source, s.int(j * rest * stride)));
      return held(k, s, "x", { re: s.load(from.re, index), im: s.load(from.im, index) });
    });
    const target = s.add(s.mul(p, s.int(stride * radix)), q);
    const results = butterfly(k, s, x).map((y, order): Complex => {
      const w = factors[order];
      if (w === null) return y;
      const { re, im } = held(k, s, "y", y);
      return {
        re: s.sub(s.mul(re, w.re), s.mul(im, w.im)),
        im: s.add(s.mul(re, w.im), s.mul(im, w.re)),
      };
    });
    for (const [order, y] of results.entries()) {
      const index = at(to, s.add(target, s.int(order * stride)));
      k.store(to.re, index, y.re);
      k.store(to.im, index, y.im);
    }
  };
  if (stride >= 4) {
    k.loop(
      rest,
      (p) => {
        const factors = rootsAt(p);
        k.loop(stride, (q) => element(p, q, factors), { name: "q", kind: "vector" });
      },
      { name: "p" },
    );
  } else {
    k.loop(stride, (q) => k.loop(rest, (p) => element(p, q, rootsAt(p)), { name: "p", kind: "vector" }), {
      name: "q",
    });
  }
}

/** Writes the kernel: each row of the last axis through all stages, between its result and a scratch row. */
export function buildStages(
  k: KernelBuilder,
  s: ScalarOps,
  buffers: CustomBuffers,
  stages: readonly Stage[],
  type: TensorType,
): void {
  const n = type.shape[type.shape.length - 1];
  if (type.size === 0) return;
  const [inRe, inIm, roots] = buffers.inputs;
  const [outRe, outIm] = buffers.outputs;
  const table = { buffer: roots, count: rootCount(stages) };
  k.loop(
    type.size / n,
    (row) => {
      const base = s.local(k.let("base", s.mul(row, s.int(n))));
      const input: Row = { re: inRe, im: inIm, base };
      const output: Row = { re: outRe, im: outIm, base };
      if (stages.length === 0) {
        k.store(outRe, base, s.load(inRe, base));
        k.store(outIm, base, s.load(inIm, base));
        return;
      }
      const [re, im] = buffers.scratch;
      let from = input;
      for (const [i, stage] of stages.entries()) {
        const toOutput = (stages.length - 1 - i) % 2 === 0;
        const to = toOutput ? output : { re, im, base: s.int(0) };
        emitStage(k, s, from, to, table, stage);
        from = to;
      }
    },
    { name: "row" },
  );
}
