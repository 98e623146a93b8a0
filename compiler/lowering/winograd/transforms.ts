/**
 * The transforms of one dimension as matrices, for the points 0, 1, -1 and ∞, and their products over two dimensions.
 * Below, d are four elements of the image, g the window, m the four products.
 */
import type { Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";

export type Matrix = readonly (readonly number[])[];

export interface Transforms {
  readonly image: Matrix;
  readonly window: Matrix;
  readonly result: Matrix;
}

/** F(2, 3): y[j] = Σ d[j + k]·g[k] for j < 2, k < 3. */
export const THREE_TERMS: Transforms = {
  image: [
    [1, 0, -1, 0],
    [0, 1, 1, 0],
    [0, -1, 1, 0],
    [0, 1, 0, -1],
  ],
  window: [
    [1, 0, 0],
    [0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5],
    [0, 0, 1],
  ],
  result: [
    [1, 1, 1, 0],
    [0, 1, -1, -1],
  ],
};

/** F(3, 2): the same for j < 3, k < 2. */
export const TWO_TERMS: Transforms = {
  image: [
    [1, 0, -1, 0],
    [0, 1, 1, 0],
    [0, -1, 1, 0],
    [0, -1, 0, 1],
  ],
  window: [
    [1, 0],
    [0.5, 0.5],
    [0.5, -0.5],
    [0, 1],
  ],
  result: [
    [1, 1, 1, 0],
    [0, 1, -1, 0],
    [0, 1, 1, 1],
  ],
};

/** Σ row[n]·x(n); its factors other than 0 are ±1, or all ±½. */
function combine(row: readonly number[], x: (n: number) => Expr): Expr {
  const terms = row.flatMap((factor, n) => (factor === 0 ? [] : [{ factor, n }]));
  // A positive term first, so that nothing is negated by itself.
  terms.sort((a, b) => Number(b.factor > 0) - Number(a.factor > 0));
  const [first, ...others] = terms;
  const sum = others.reduce((e, { factor, n }) => (factor > 0 ? s.add(e, x(n)) : s.sub(e, x(n))), x(first.n));
  const scale = Math.abs(first.factor);
  return scale === 1 ? sum : s.mul(sum, s.const(scale, sum.dtype));
}

/**
 * matrix · x · matrixᵀ of a square x, row by row of the result, so that few values are alive at a time. `x` is asked
 * for an element each time it is needed.
 */
export function transform(
  k: KernelBuilder,
  matrix: Matrix,
  x: (row: number, column: number) => Expr,
  store: (row: number, column: number, value: Expr) => void,
): void {
  const size = matrix[0].length;
  for (const [r, row] of matrix.entries()) {
    const across = Array.from({ length: size }, (_, c) =>
      s.local(
        k.let(
          "t",
          combine(row, (n) => x(n, c)),
        ),
      ),
    );
    for (const [c, column] of matrix.entries())
      store(
        r,
        c,
        combine(column, (n) => across[n]),
      );
  }
}
