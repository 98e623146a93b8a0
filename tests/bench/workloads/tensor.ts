/** Inputs and results as every contender can take and give them. */

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((n, extent) => n * extent, 1);
}

/** xorshift32 (Marsaglia 2003): the same numbers on every machine. Uniform on (-1, 1). */
function generator(seed: number): () => number {
  let state = (seed * 0x9e3779b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

/** Numbers uniform on (-scale, scale). */
export function uniform(shape: readonly number[], seed: number, scale = 1): Tensor {
  const next = generator(seed);
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = next() * scale;
  return { shape, data };
}

/** Weights of `fanIn` inputs, of the variance that keeps activations of size one. */
export function weights(shape: readonly number[], seed: number, fanIn: number): Tensor {
  return uniform(shape, seed, Math.sqrt(3 / fanIn));
}

/** Integers from 0 to limit - 1. */
export function integers(shape: readonly number[], seed: number, limit: number): Tensor {
  const next = generator(seed);
  const data = new Int32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = Math.floor(((next() + 1) / 2) * limit);
  return { shape, data };
}

export function filled(shape: readonly number[], value: number): Tensor {
  return { shape, data: new Float32Array(sizeOf(shape)).fill(value) };
}

/** The tensor with its axes in another order. */
export function transposed(x: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => x.shape[axis]);
  const strides = x.shape.map((_, axis) => sizeOf(x.shape.slice(axis + 1)));
  const data =
    x.data instanceof Float32Array ? new Float32Array(x.data.length) : new Int32Array(x.data.length);
  const index = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < data.length; i++) {
    data[i] = x.data[at];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      at += strides[order[axis]];
      if (index[axis] < shape[axis]) break;
      at -= strides[order[axis]] * shape[axis];
      index[axis] = 0;
    }
  }
  return { shape, data };
}

export const NHWC_TO_NCHW = [0, 3, 1, 2];
export const NCHW_TO_NHWC = [0, 2, 3, 1];
export const HWIO_TO_OIHW = [3, 2, 0, 1];
export const OIHW_TO_HWIO = [2, 3, 1, 0];
