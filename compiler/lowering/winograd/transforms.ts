/**
 * The transforms of one dimension as matrices, and their products over two dimensions. Below, d are elements of the image,
 * g the window, y the results.
 */
import type { Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";

export type Matrix = readonly (readonly number[])[];

export interface Transforms {
  readonly points: number;
  /** Elements of the image that a tile reads. */
  readonly elements: number;
  /** points × elements, points × window, results × points. */
  readonly image: Matrix;
  readonly window: Matrix;
  readonly result: Matrix;
}

function transforms(image: Matrix, window: Matrix, result: Matrix): Transforms {
  return { points: image.length, elements: image[0].length, image, window, result };
}

/** F(2, 3), for the points 0, 1, -1 and ∞: y[j] = Σ d[j + k]·g[k] for j < 2, k < 3. */
const RESULTS = transforms(
  [
    [1, 0, -1, 0],
    [0, 1, 1, 0],
    [0, -1, 1, 0],
    [0, 1, 0, -1],
  ],
  [
    [1, 0, 0],
    [0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5],
    [0, 0, 1],
  ],
  [
    [1, 1, 1, 0],
    [0, 1, -1, -1],
  ],
);

/** F(3, 2): the same for j < 3, k < 2. */
const WINDOW = transforms(
  [
    [1, 0, -1, 0],
    [0, 1, 1, 0],
    [0, -1, 1, 0],
    [0, -1, 0, 1],
  ],
  [
    [1, 0],
    [0.5, 0.5],
    [0.5, -0.5],
    [0, 1],
  ],
  [
    [1, 1, 1, 0],
    [0, 1, -1, 0],
    [0, 1, 1, 1],
  ],
);

/**
 * y[j] = Σ d[2j + k]·g[k] for j < 2, k < 3: three products for the even elements, which are F(2, 2) by g[0] and g[2], and
 * two for the odd ones.
 */
const STRIDED_RESULTS = transforms(
  [
    [1, 0, -1, 0, 0],
    [0, 0, 1, 0, 0],
    [0, 0, -1, 0, 1],
    [0, 1, 0, 0, 0],
    [0, 0, 0, 1, 0],
  ],
  [
    [1, 0, 0],
    [1, 0, 1],
    [0, 0, 1],
    [0, 1, 0],
    [0, 1, 0],
  ],
  [
    [1, 1, 0, 1, 0],
    [0, 1, 1, 0, 1],
  ],
);

/** y[j] = Σ d[j + 2k]·g[k] for j < 3, k < 2: the transpose of the above in g and y. */
const STRIDED_WINDOW = transforms(
  STRIDED_RESULTS.image,
  transposed(STRIDED_RESULTS.result),
  transposed(STRIDED_RESULTS.window),
);

function transposed(matrix: Matrix): Matrix {
  return matrix[0].map((_, column) => matrix.map((row) => row[column]));
}

/** The transforms for a stride, null where there are none. */
export function transformsOf(tiled: "results" | "window", stride: number): Transforms | null {
  if (stride === 1) return tiled === "results" ? RESULTS : WINDOW;
  if (stride === 2) return tiled === "results" ? STRIDED_RESULTS : STRIDED_WINDOW;
  return null;
}

/** Σ row[n]·x(n); its factors other than 0 are ±1, or all ±½, and the first or another one is positive. */
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
