/** Fourier transforms: accuracy for lengths of every kind against a sum in doubles, round trips, errors. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { unitRoot } from "../compiler/primitives/fft/plan.ts";
import { grad, jit, lax, type NdArray, numpy as np, random } from "../frontend/index.ts";

/** Frequency k of the forward transform, summed in doubles. */
function frequency(re: ArrayLike<number>, im: ArrayLike<number>, k: number): [number, number] {
  const n = re.length;
  let [x, y] = [0, 0];
  for (let j = 0; j < n; j++) {
    const [c, s] = unitRoot(-((j * k) % n), n);
    x += re[j] * c - im[j] * s;
    y += re[j] * s + im[j] * c;
  }
  return [x, y];
}

/** Root mean square error at some frequencies, relative to that of the values there. */
function errorOf(n: number, dtype: "float32" | "float64"): number {
  const [re, im] = [1, 2].map((seed) => random.normal(random.key(seed), n, { dtype }));
  const { real, imag } = np.fft.fft({ real: re, imag: im });
  const [a, b, x, y] = [re, im, real, imag].map((part) => part.dataSync());
  let [error, total] = [0, 0];
  const step = Math.max(1, Math.floor(n / 24));
  for (let k = 0; k < n; k += step) {
    const [wantRe, wantIm] = frequency(a, b, k);
    error += (x[k] - wantRe) ** 2 + (y[k] - wantIm) ** 2;
    total += wantRe ** 2 + wantIm ** 2;
  }
  return Math.sqrt(error / total);
}

test("lengths with small primes, with primes up to 13, and prime lengths", () => {
  const within = (n: number, dtype: "float32" | "float64", bound: number): void => {
    const error = errorOf(n, dtype);
    assert.ok(error < bound, `${dtype} of ${n}: ${error}`);
  };
  for (const n of [9, 25, 1001, 1200, 2048, 16384]) within(n, "float32", 2.5e-7);
  for (const n of [169, 240, 4096]) within(n, "float64", 1e-14);
  for (const n of [17, 2 * 509, 4001]) within(n, "float32", 6e-7);
  within(997, "float64", 2e-14);
});

test("inverses give the signal back", () => {
  for (const n of [1, 7, 30, 1013]) {
    const x = random.normal(random.key(n), [2, n], { dtype: "float64" });
    const back = jit((y: NdArray) => np.fft.irfft(np.fft.rfft(y), { n }))(x);
    assert.ok(np.max(np.abs(back.sub(x))).item() < 1e-13, `rfft of ${n}`);
    const { real, imag } = np.fft.ifftn(np.fft.fftn({ real: x, imag: x.neg() }));
    assert.ok(np.max(np.abs(real.sub(x))).item() < 1e-13, `fftn of ${n}`);
    assert.ok(np.max(np.abs(imag.add(x))).item() < 1e-13, `fftn of ${n}`);
  }
});

test("the roots of unity are symmetric, and exact where they can be", () => {
  for (const n of [8, 12, 360]) {
    assert.deepEqual(
      [unitRoot(0, n), unitRoot(n / 4, n)],
      [
        [1, 0],
        [0, 1],
      ],
    );
    assert.deepEqual(
      [unitRoot(n / 2, n), unitRoot((3 * n) / 4, n)],
      [
        [-1, 0],
        [0, -1],
      ],
    );
    for (let j = 0; j < n; j++) {
      const [c, s] = unitRoot(j, n);
      assert.deepEqual(unitRoot(-j, n).map(Math.abs), [Math.abs(c), Math.abs(s)]);
      assert.ok(Math.abs(c - Math.cos((2 * Math.PI * j) / n)) < 1e-15 && Math.abs(c * c + s * s - 1) < 4e-16);
    }
  }
});

test("Parseval: the gradient of the spectrum's energy is 2n times the signal", () => {
  for (const n of [6, 16, 17]) {
    const x = random.normal(random.key(3), n);
    const energy = (y: NdArray): NdArray => {
      const { real, imag } = np.fft.fft(y);
      return np.sum(np.square(real)).add(np.sum(np.square(imag)));
    };
    const difference = grad(energy)(x).sub(x.mul(2 * n));
    assert.ok(np.max(np.abs(difference)).item() < 1e-4, `${n}`);
  }
});

test("wrong use is refused in JAX's words", () => {
  const x = np.ones([3, 4]);
  assert.throws(() => np.fft.fft(x, { n: 0 }), /Shape should be positive/);
  assert.throws(() => np.fft.fftn(x, { s: [2], axes: [0, 1] }), /Shape and axes have different lengths/);
  assert.throws(() => np.fft.fftn(x, { axes: [0, 0] }), /does not support repeated axes/);
  assert.throws(() => np.fft.fft2(x, { axes: [0] }), /only supports 2 axes/);
  assert.throws(() => np.fft.fft(x, { norm: "unitary" as "ortho" }), /Invalid norm value unitary/);
  assert.throws(() => lax.fft(x, "fft", [3]), /minor dimensions must be equal to fft_lengths \(3,\)/);
  assert.throws(() => lax.fft(np.ones(4), "fft", [2, 2]), /at least as many input dimensions/);
  assert.throws(
    () => lax.fft({ real: x, imag: x }, "rfft", [4]),
    /only real valued inputs supported for rfft/,
  );
  assert.throws(() => lax.fft(x, "dct" as "fft", [4]), /Unknown FFT type value 'dct'/);
});
