/**
 * The meanings of the factorisations in double precision, for `evaluate`: textbook forms, not those of the kernels.
 * A matrix is a list of rows.
 */
import type { RefTensor } from "../../graph/reference.ts";
import type { Shape, TensorType } from "../../types/tensor-type.ts";
import { product } from "./matrices.ts";

export type Rows = number[][];

export function zeros(rows: number, columns: number): Rows {
  return Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
}

export function identity(n: number, columns = n): Rows {
  return zeros(n, columns).map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
}

export function transpose(a: Rows, columns = a[0]?.length ?? 0): Rows {
  return Array.from({ length: columns }, (_, j) => a.map((row) => row[j]));
}

export function multiply(a: Rows, b: Rows, columns = b[0]?.length ?? 0): Rows {
  return a.map((row) =>
    Array.from({ length: columns }, (_, j) => row.reduce((sum, x, i) => sum + x * b[i][j], 0)),
  );
}

/**
 * Runs `body` for each element of the batch on that element's matrices (rows of the last axis; a vector is one row) and
 * packs the results, each a list of rows, into tensors of `types`.
 */
export function eachMatrix(
  inputs: readonly RefTensor[],
  dims: readonly Shape[],
  batch: Shape,
  types: readonly TensorType[],
  body: (...matrices: Rows[]) => readonly Rows[],
): RefTensor[] {
  const count = product(batch);
  const outputs = types.map((type) => ({ type, data: new Float64Array(type.size) }));
  for (let at = 0; at < count; at++) {
    const matrices = inputs.map(({ data }, i) => {
      const size = product(dims[i]);
      const columns = dims[i][dims[i].length - 1];
      const rows = dims[i].length === 1 ? 1 : dims[i][0];
      return Array.from({ length: rows }, (_, r) => [
        ...data.subarray(at * size + r * columns, at * size + (r + 1) * columns),
      ]);
    });
    for (const [i, rows] of body(...matrices).entries()) {
      outputs[i].data.set(rows.flat(), (at * outputs[i].data.length) / count);
    }
  }
  return outputs;
}

/** Householder's QR with LAPACK's signs: the reflectors (v with v[0] = 1 at its own row), tau, and R in place. */
export function householderQr(a: Rows, m: number, n: number): { reflectors: Rows; taus: number[]; r: Rows } {
  const r = a.map((row) => [...row]);
  const reflectors: Rows = [];
  const taus: number[] = [];
  for (let k = 0; k < Math.min(m, n); k++) {
    const alpha = r[k][k];
    const tail = Math.hypot(...r.slice(k + 1).map((row) => row[k]));
    const v = new Array<number>(m).fill(0);
    v[k] = 1;
    let tau = 0;
    if (tail !== 0) {
      const beta = -Math.sign(alpha || 1) * Math.hypot(alpha, tail);
      tau = (beta - alpha) / beta;
      for (let i = k + 1; i < m; i++) v[i] = r[i][k] / (alpha - beta);
    }
    for (let j = k; j < n; j++) {
      const w = tau * r.reduce((sum, row, i) => sum + v[i] * row[j], 0);
      for (let i = k; i < m; i++) r[i][j] -= v[i] * w;
    }
    for (let i = k + 1; i < m; i++) r[i][k] = 0;
    reflectors.push(v);
    taus.push(tau);
  }
  return { reflectors, taus, r };
}

/** H₀·H₁·… applied to the first `columns` columns of the identity. */
export function reflectorProduct(
  reflectors: Rows,
  taus: readonly number[],
  m: number,
  columns: number,
): Rows {
  let q = identity(m, columns);
  for (let k = reflectors.length - 1; k >= 0; k--) {
    const v = reflectors[k];
    const w = Array.from({ length: columns }, (_, j) => q.reduce((sum, row, i) => sum + v[i] * row[j], 0));
    q = q.map((row, i) => row.map((x, j) => x - taus[k] * v[i] * w[j]));
  }
  return q;
}

/** Eigenvalues, ascending, and eigenvectors as rows, of a symmetric matrix: Jacobi's method, element by element. */
export function jacobiEigh(a: Rows): { values: number[]; vectors: Rows } {
  const n = a.length;
  const d = a.map((row) => [...row]);
  const v = identity(n);
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        off += d[p][q] ** 2;
        if (d[p][q] === 0) continue;
        const theta = (d[q][q] - d[p][p]) / (2 * d[p][q]);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (const row of d) [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
        for (const m of [d, v]) {
          const [x, y] = [m[p], m[q]];
          m[p] = x.map((e, k) => c * e - s * y[k]);
          m[q] = x.map((e, k) => s * e + c * y[k]);
        }
      }
    }
    if (off < 1e-300) break;
  }
  const order = v.map((_, i) => i).sort((i, j) => d[i][i] - d[j][j]);
  return { values: order.map((i) => d[i][i]), vectors: order.map((i) => canonicalSign(v[i])) };
}

/** The factor ±1 that makes the element of greatest magnitude (the first of them) positive. */
export function signOf(row: readonly number[]): number {
  let greatest = 0;
  let sign = 1;
  for (const x of row) {
    if (Math.abs(x) <= greatest) continue;
    greatest = Math.abs(x);
    sign = x < 0 ? -1 : 1;
  }
  return sign;
}

export function canonicalSign(row: readonly number[]): number[] {
  const sign = signOf(row);
  return row.map((x) => sign * x);
}

/**
 * Orthogonal J, and G = J·A with orthogonal rows, longest first: Hestenes' one-sided rotations in cyclic order. The
 * element of greatest magnitude of each row of G is positive.
 */
export function orthogonalizeRows(a: Rows): { g: Rows; j: Rows; norms: number[] } {
  const n = a.length;
  const g = a.map((row) => [...row]);
  const j = identity(n);
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, e, i) => sum + e * y[i], 0);
  for (let sweep = 0; sweep < 60; sweep++) {
    let rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const [alpha, beta, gamma] = [dot(g[p], g[p]), dot(g[q], g[q]), dot(g[p], g[q])];
        if (!(Math.abs(gamma) > 1e-16 * Math.sqrt(alpha * beta))) continue;
        rotated = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(zeta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (const m of [g, j]) {
          const [x, y] = [m[p], m[q]];
          m[p] = x.map((e, k) => c * e - s * y[k]);
          m[q] = x.map((e, k) => s * e + c * y[k]);
        }
      }
    }
    if (!rotated) break;
  }
  const norms = g.map((row) => Math.hypot(...row));
  const order = norms.map((_, i) => i).sort((p, q) => norms[q] - norms[p]);
  const signed = (m: Rows): Rows => order.map((i) => m[i].map((x) => signOf(g[i]) * x));
  return { g: signed(g), j: signed(j), norms: order.map((i) => norms[i]) };
}
