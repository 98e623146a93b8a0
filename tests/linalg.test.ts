/** Linear algebra where comparing with JAX's numbers says nothing: reconstruction, edge cases, failures, errors. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  grad,
  jit,
  lax,
  type NdArray,
  numpy as np,
  random,
  scipy,
  UnsupportedError,
  vmap,
  WeftTypeError,
  WeftValueError,
} from "../frontend/index.ts";

const DTYPES = ["float32", "float64"] as const;
type Float = (typeof DTYPES)[number];
const EPS = { float32: 2 ** -23, float64: 2 ** -52 } as const;

function normal(seed: number, shape: readonly number[], dtype: Float = "float32"): NdArray {
  return random.normal(random.key(seed), shape).astype(dtype);
}

type ErrorClass = typeof WeftValueError | typeof WeftTypeError | typeof UnsupportedError;

const T = np.matrixTranspose;

/** The greatest difference is at most `factor` units of the greatest magnitude. */
function assertNear(got: NdArray, want: NdArray, dtype: Float, factor: number, what: string): void {
  assert.deepEqual(got.shape, want.shape, what);
  if (got.size === 0) return;
  const scale = Math.max(1, np.max(np.abs(want)).item());
  const difference = np.max(np.abs(got.sub(want))).item();
  assert.ok(difference <= factor * EPS[dtype] * scale, `${what}: off by ${difference}`);
}

function assertOrthonormal(q: NdArray, dtype: Float, factor: number, what: string): void {
  const k = q.shape[q.ndim - 1];
  const eye = np.broadcastTo(np.eye(k, k, { dtype }), [...q.shape.slice(0, -2), k, k]);
  assertNear(np.matmul(T(q), q), eye, dtype, factor, what);
}

function assertAscending(w: NdArray, what: string): void {
  const values = [...w.dataSync()];
  for (let i = 1; i < values.length; i++) assert.ok(values[i - 1] <= values[i], what);
}

const SIZES = [1, 2, 3, 5, 8, 9, 16, 17, 33, 100];

for (const dtype of DTYPES) {
  test(`eigh reconstructs, with orthonormal vectors and ascending values: ${dtype}`, () => {
    for (const n of SIZES) {
      const m = normal(n, [n, n], dtype);
      const a = m.add(T(m)).mul(0.5);
      const [w, v] = jit(np.linalg.eigh)(a);
      assertNear(np.matmul(v.mul(w), T(v)), a, dtype, 4 * n + 40, `V·diag(w)·Vᵀ of ${n}`);
      assertOrthonormal(v, dtype, 4 * n + 40, `Vᵀ·V of ${n}`);
      assertAscending(w, `eigenvalues of ${n}`);
      const greatest = np.argmax(np.abs(v), { axis: 0 });
      const signs = np.takeAlongAxis(v, np.expandDims(greatest, 0), 0);
      assert.ok(np.all(signs.greater(0)).item(), "signs");
    }
  });

  test(`svd reconstructs: ${dtype}`, () => {
    for (const [m, n] of [
      [1, 1],
      [4, 4],
      [7, 3],
      [3, 7],
      [9, 8],
      [20, 33],
      [60, 41],
      [64, 64],
    ]) {
      const a = normal(m * n, [m, n], dtype);
      for (const fullMatrices of [false, true]) {
        const [u, s, vh] = np.linalg.svd(a, { fullMatrices });
        const k = Math.min(m, n);
        const what = `${m}×${n}${fullMatrices ? " full" : ""}`;
        assert.deepEqual(
          [u.shape, s.shape, vh.shape],
          fullMatrices ? [[m, m], [k], [n, n]] : [[m, k], [k], [k, n]],
        );
        const thin = np.matmul(u.slice(":", [0, k]).mul(s), vh.slice([0, k]));
        assertNear(thin, a, dtype, 40 + 4 * n, `U·diag(s)·Vᵀ, ${what}`);
        assertOrthonormal(u, dtype, 40 + 4 * m, `U, ${what}`);
        assertOrthonormal(T(vh), dtype, 40 + 4 * n, `V, ${what}`);
        assertAscending(s.neg(), `singular values, ${what}`);
      }
    }
  });

  test(`vectors of rank-deficient and repeated matrices are still orthonormal: ${dtype}`, () => {
    const low = np.matmul(normal(1, [6, 2], dtype), normal(2, [2, 5], dtype));
    const zero = np.zeros([4, 3], { dtype });
    const eye = np.eye(5, 5, { dtype });
    const ones = np.ones([5, 4], { dtype });
    for (const [name, a] of Object.entries({ low, zero, eye, ones, wide: T(low) })) {
      const [u, s, vh] = np.linalg.svd(a);
      const k = s.size;
      assertOrthonormal(u, dtype, 60, `U of ${name}`);
      assertOrthonormal(T(vh), dtype, 60, `V of ${name}`);
      assertNear(np.matmul(u.slice(":", [0, k]).mul(s), vh.slice([0, k])), a, dtype, 60, name);
    }
    for (const a of [
      eye,
      np.ones([6, 6], { dtype }),
      np.zeros([4, 4], { dtype }),
      np.diag(np.array([2, 1, 2, 1]).astype(dtype)),
    ]) {
      const [w, v] = np.linalg.eigh(a);
      assertOrthonormal(v, dtype, 60, "vectors of repeated eigenvalues");
      assertNear(np.matmul(v.mul(w), T(v)), a, dtype, 60, "repeated eigenvalues");
    }
  });

  test(`qr, lu and cholesky reconstruct beyond one panel: ${dtype}`, () => {
    for (const [m, n] of [
      [40, 40],
      [70, 30],
      [30, 70],
      [65, 64],
    ]) {
      const a = normal(m + n, [2, m, n], dtype);
      for (const mode of ["reduced", "complete"] as const) {
        const [q, r] = np.linalg.qr(a, { mode });
        assertNear(np.matmul(q, r), a, dtype, 4 * m, `Q·R ${m}×${n}`);
        assertOrthonormal(q, dtype, 4 * m, `Q ${m}×${n}`);
        assertNear(np.tril(r, -1), np.zerosLike(r), dtype, 0, "R is triangular");
      }
      const [p, l, u] = scipy.linalg.lu(a);
      assertNear(np.matmul(p, np.matmul(l, u)), a, dtype, 4 * m, `P·L·U ${m}×${n}`);
      assert.ok(np.max(np.abs(l)).item() <= 1, "pivots are the greatest");
      if (m < n) continue;
      const spd = np.matmul(T(a), a).add(np.eye(n, n, { dtype }));
      const c = np.linalg.cholesky(spd);
      assertNear(np.matmul(c, T(c)), spd, dtype, 4 * n, `L·Lᵀ ${n}`);
    }
  });

  test(`magnitudes far from 1 neither overflow nor vanish: ${dtype}`, () => {
    const a = normal(3, [6, 6], dtype);
    const scale = dtype === "float32" ? 2 ** 100 : 2 ** 900;
    const relative = (x: NdArray, y: NdArray): number => np.max(np.abs(x.div(y).sub(1))).item();
    for (const factor of [scale, 1 / scale]) {
      const s = np.linalg.svdvals(a.mul(factor)).div(factor);
      assert.ok(relative(s, np.linalg.svdvals(a)) < 200 * EPS[dtype], `svd at ${factor}`);
      const w = np.linalg.eigvalsh(a.mul(factor)).div(factor);
      assert.ok(relative(w, np.linalg.eigvalsh(a)) < 400 * EPS[dtype], `eigh at ${factor}`);
      const r = np.linalg.qr(a.mul(factor), { mode: "r" }).div(factor);
      assertNear(r, np.linalg.qr(a, { mode: "r" }), dtype, 100, `qr at ${factor}`);
    }
  });
}

test("a batch is a loop over its matrices", () => {
  const a = normal(5, [2, 3, 4, 4]);
  const spd = np.matmul(a, T(a)).add(np.eye(4));
  const functions: Record<string, (x: NdArray) => NdArray> = {
    cholesky: (x) => np.linalg.cholesky(x),
    inv: (x) => np.linalg.inv(x),
    det: (x) => np.linalg.det(x),
    eigvalsh: (x) => np.linalg.eigvalsh(x),
    svd: (x) => np.linalg.svd(x)[0],
    pinv: (x) => np.linalg.pinv(x),
    norm: (x) => np.linalg.matrixNorm(x, { ord: 2 }),
  };
  for (const [name, f] of Object.entries(functions)) {
    const mapped = vmap(vmap(f))(spd);
    assertNear(f(spd), mapped as NdArray, "float32", 20, name);
    const first = f(spd.slice(1, 2));
    assertNear((mapped as NdArray).slice(1, 2), first, "float32", 20, name);
  }
});

test("no matrices, and matrices of no elements", () => {
  for (const shape of [
    [0, 0],
    [0, 3, 3],
    [2, 0, 0],
  ]) {
    const a = np.zeros(shape);
    const n = shape[shape.length - 1];
    const batch = shape.slice(0, -2);
    assert.deepEqual(np.linalg.cholesky(a).shape, shape);
    assert.deepEqual(np.linalg.inv(a).shape, shape);
    assert.deepEqual(np.linalg.det(a).shape, batch);
    assert.deepEqual(np.linalg.eigh(a)[0].shape, [...batch, n]);
    assert.deepEqual(np.linalg.svd(a)[0].shape, shape);
  }
  assert.equal(np.linalg.det(np.zeros([0, 0])).item(), 1);
  const [u, s, vh] = np.linalg.svd(np.zeros([3, 0]));
  assertNear(u, np.eye(3), "float32", 0, "U of nothing");
  assert.deepEqual([s.shape, vh.shape], [[0], [0, 0]]);
});

test("failure is NaN, and only of the matrix that failed", () => {
  const good = np.array([
    [2, 1],
    [1, 2],
  ]);
  const both = np.stack([good, good.neg()]);
  const l = np.linalg.cholesky(both);
  assert.ok(np.all(np.isfinite(l.slice(0))).item());
  assert.deepEqual([...np.isnan(l.slice(1)).dataSync()].map(Boolean), [true, false, true, true]);
  const poisoned = np.stack([
    good,
    np.array([
      [Number.NaN, 1],
      [1, 2],
    ]),
  ]);
  for (const f of [np.linalg.eigvalsh, np.linalg.svdvals]) {
    const w = f(poisoned);
    assert.ok(np.all(np.isfinite(w.slice(0))).item());
    assert.ok(np.all(np.isnan(w.slice(1))).item());
  }
  const singular = np
    .array([
      [1, 2],
      [2, 4],
    ])
    .astype("float32");
  assert.ok(!np.any(np.isfinite(np.linalg.inv(singular))).item());
  assert.equal(np.linalg.cond(singular.mul(0)).item(), Number.NaN);
  assert.equal(np.linalg.cond(singular, 1).item(), Number.POSITIVE_INFINITY);
});

test("gradients by identities", () => {
  const a = normal(7, [4, 4], "float64").add(np.eye(4, 4, { dtype: "float64" }).mul(4));
  const inverse = np.linalg.inv(a);
  const logdet = grad((x: NdArray) => np.linalg.slogdet(x)[1])(a);
  assertNear(logdet, T(inverse), "float64", 100, "∂ln|det| = a⁻ᵀ");
  const det = grad((x: NdArray) => np.linalg.det(x))(a);
  assertNear(det, T(inverse).mul(np.linalg.det(a)), "float64", 100, "∂det = det·a⁻ᵀ");
  const traces = grad((x: NdArray) => np.sum(np.linalg.eigvalsh(x)))(a);
  assertNear(traces, np.eye(4, 4, { dtype: "float64" }), "float64", 200, "∂Σλ = 1");
  const nuclear = grad((x: NdArray) => np.linalg.norm(x, { ord: "nuc" }))(a);
  const [u, , vh] = np.linalg.svd(a);
  assertNear(nuclear, np.matmul(u, vh), "float64", 200, "∂‖a‖* = U·Vᵀ");
  const hessian = grad((x: NdArray) => np.sum(grad((y: NdArray) => np.linalg.slogdet(y)[1])(x).mul(a)))(a);
  // Σᵢⱼ aᵢⱼ ∂(a⁻ᵀ)ᵢⱼ in the direction of a is -a⁻ᵀ.
  assertNear(hessian, T(inverse).neg(), "float64", 400, "second derivative of ln|det|");
});

test("symmetric eig; the eigenvalues of other matrices are refused", () => {
  const a = np
    .array([
      [2, 1],
      [1, 2],
    ])
    .astype("float32");
  const [w, v] = np.linalg.eig(a);
  assertNear(w, np.array([1, 3]).astype("float32"), "float32", 8, "eigenvalues");
  assertNear(np.matmul(v.mul(w), T(v)), a, "float32", 8, "reconstruction");
  const skew = np
    .array([
      [0, 1],
      [-1, 0],
    ])
    .astype("float32");
  assert.throws(() => np.linalg.eig(skew), UnsupportedError);
  assert.throws(() => np.linalg.eigvals(skew), /symmetric/);
  assert.ok(np.all(np.isnan(jit(np.linalg.eigvals)(skew))).item());
});

test("multiDot multiplies in the cheapest order", () => {
  const shapes = [
    [10, 100],
    [100, 5],
    [5, 50],
  ];
  const flops = (order: (xs: readonly NdArray[]) => NdArray): number =>
    jit((a: NdArray, b: NdArray, c: NdArray) => order([a, b, c]))
      .lower(...(shapes.map((shape) => np.zeros(shape)) as [NdArray, NdArray, NdArray]))
      .compile()
      .costAnalysis().flops;
  assert.equal(
    flops(np.linalg.multiDot),
    flops(([a, b, c]) => np.matmul(np.matmul(a, b), c)),
  );
  assert.ok(flops(np.linalg.multiDot) < flops(([a, b, c]) => np.matmul(a, np.matmul(b, c))));
});

test("wrong use gets JAX's words", () => {
  const rectangle = np.ones([2, 3]);
  const square = np.ones([2, 2]);
  const cases: [() => unknown, RegExp, ErrorClass][] = [
    [
      () => np.linalg.cholesky(rectangle),
      /The input to cholesky must be a square matrix. Got shape \(2, 3\)/,
      WeftValueError,
    ],
    [
      () => np.linalg.cholesky(np.ones([3])),
      /must have rank at least 2, but got shape=\(3,\)/,
      WeftTypeError,
    ],
    [
      () => np.linalg.eigh(rectangle),
      /symmetric eigendecomposition must have shape \[..., n, n\]/,
      WeftValueError,
    ],
    [() => np.linalg.eigh(square, { UPLO: "X" as never }), /UPLO must be one of/, WeftValueError],
    [
      () => np.linalg.inv(rectangle),
      /Argument to inv must have shape \[..., n, n\], got \(2, 3\)/,
      WeftValueError,
    ],
    [() => np.linalg.det(rectangle), /must have shape \[..., n, n\], got \(2, 3\)/, WeftValueError],
    [
      () => np.linalg.solve(square, np.ones([3])),
      /The arguments to solve must have shapes a=\[..., m, m\]/,
      WeftValueError,
    ],
    [
      () => np.linalg.qr(square, { mode: "wrong" as never }),
      /Unsupported QR decomposition mode 'wrong'/,
      WeftValueError,
    ],
    [() => np.linalg.norm(square, { ord: 3 }), /Invalid order '3' for matrix norm/, WeftValueError],
    [() => np.linalg.multiDot([square]), /multi_dot requires at least two arrays/, WeftValueError],
    [
      () => np.linalg.multiDot([rectangle, rectangle]),
      /last dimension of each array must match/,
      WeftValueError,
    ],
    [
      () => np.linalg.matrixPower(rectangle, 2),
      /Last 2 dimensions of the array must be square/,
      WeftTypeError,
    ],
    [() => np.linalg.matrixPower(square, 0.5), /exponent must be an integer, got 0.5/, WeftTypeError],
    [() => np.linalg.cond(np.ones([3])), /input array must be at least 2D/, WeftValueError],
    [
      () => np.linalg.lstsq(square, np.ones([3])),
      /Leading dimensions of input arrays must match/,
      WeftValueError,
    ],
    [() => np.linalg.cross(square, square), /3-dimensional vectors/, WeftValueError],
    [() => np.linalg.tensorinv(np.ones([2, 3]), 1), /tensorinv is only possible when/, WeftValueError],
    [() => np.linalg.cholesky(square.astype("float16")), /float16/, WeftTypeError],
    [() => lax.linalg.triangularSolve(rectangle, square), /must be a square matrix/, WeftValueError],
    [
      () => lax.linalg.triangularSolve(square, rectangle, { leftSide: false }),
      /Incompatible shapes for arguments to triangular_solve/,
      WeftValueError,
    ],
    [() => lax.linalg.qr(square, { pivoting: true }), /pivoting/, UnsupportedError],
    [
      () => grad((x: NdArray) => np.sum(np.linalg.svd(x)[0]))(rectangle),
      /JVP not implemented for full matrices/,
      WeftTypeError,
    ],
    [
      () => grad((x: NdArray) => np.sum(np.linalg.qr(x, { mode: "raw" })[0]))(square),
      /'geqrf' not implemented/,
      UnsupportedError,
    ],
  ];
  for (const [f, message, kind] of cases) {
    assert.throws(f, (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, message);
      assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
      return true;
    });
  }
});
