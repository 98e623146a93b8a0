/** float16 on a GPU: two to a word in memory, computed in float32 and rounded when stored, with the bits that Wasm gives. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { device, devicePut, jit, lax, type NdArray, numpy as np, type WebGpuDevice } from "weft";

let gpu: WebGpuDevice;
before(async () => {
  gpu = await device("webgpu");
});
after(() => gpu.destroy());

/** Bits of a float16 result on Wasm and on the GPU; all NaNs count as one. */
async function both(f: (...args: NdArray[]) => NdArray, ...args: NdArray[]): Promise<[number[], number[]]> {
  const bits = jit((...xs: NdArray[]) => lax.bitcastConvertType(f(...xs), "uint16"));
  const canonical = (x: number): number => ((x & 0x7fff) > 0x7c00 ? 0x7e00 : x);
  const read = async (x: NdArray): Promise<number[]> =>
    Array.from(await x.data(), (v) => canonical(Number(v)));
  return [await read(bits(...args)), await read(bits(...args.map((x) => devicePut(x, gpu))))];
}

test("every float16 is read as it is, and written as it was", async () => {
  const patterns = np.arange(0, 65536, 1, { dtype: "uint16" });
  const [wasm, on] = await both(
    (x) => lax.bitcastConvertType(x, "float16").astype("float32").astype("float16"),
    patterns,
  );
  assert.deepEqual(on, wasm);
  assert.equal(wasm[0x3c00], 0x3c00);
});

test("float32 is rounded to the nearest, ties to even, past the range and below it too", async () => {
  const special = [
    0,
    -0,
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
    65519.99,
    65520,
    -65520,
    1e9,
    Infinity,
    -Infinity,
    Number.NaN,
  ];
  const small = [2 ** -24, 2 ** -25, 1.5 * 2 ** -25, 3 * 2 ** -25, 2 ** -14, 2 ** -14 - 2 ** -25, 1e-40];
  const between = Array.from({ length: 2000 }, (_, i) => (i - 1000) * 1.00048828125 * 2 ** ((i % 37) - 22));
  const [wasm, on] = await both((x) => x.astype("float16"), np.array([...special, ...small, ...between]));
  assert.deepEqual(on, wasm);
  assert.deepEqual(wasm.slice(2, 6), [0x3c00, 0x3c02, 0x7bff, 0x7c00]);
});

test("arithmetic, reductions and products, with an odd number of elements", async () => {
  const half = (x: NdArray): NdArray => x.astype("float16");
  const x = half(np.linspace(-3, 3, 301));
  const y = half(np.linspace(0.1, 7, 301));
  for (const f of [
    (a: NdArray, b: NdArray) => a.mul(b),
    (a: NdArray, b: NdArray) => np.where(a.greater(b), a.sub(b), np.sqrt(b)),
    (a: NdArray, b: NdArray) => np.max(np.minimum(a, b)),
    (a: NdArray) => np.sort(a.neg()),
    (a: NdArray) => a.at(np.array([1, 2, 300], { dtype: "int32" })).set(0.5),
  ]) {
    const [wasm, on] = await both(f, x, y);
    assert.deepEqual(on, wasm, String(f));
  }
  // Sums are put together in another order: what is left of that is the last bit.
  const [wasm, on] = await both((a, b) => np.stack([np.sum(a.mul(b)), a.matmul(b), np.mean(b)]), x, y);
  for (const [i, bits] of wasm.entries()) assert.ok(Math.abs(bits - on[i]) <= 1, `${wasm} and ${on}`);
});
