/**
 * fft: discrete Fourier transforms along the last axis (`jax.lax.fft` along one axis). There is no complex dtype:
 * complex operands and results are two tensors, real and imaginary parts.
 *
 * FFT and IFFT: (re, im) → (re, im), IFFT with the factor 1/n. RFFT: n real numbers → frequencies 0 … n/2 as (re, im).
 * IRFFT: such frequencies → n real numbers; imaginary parts at 0 and n/2 are ignored.
 *
 * All are linear over the real numbers, and each is the transpose of its opposite up to factors.
 */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import { definePrimitive, type Tangent } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { WeftTypeError, WeftValueError } from "../../types/errors.ts";
import { sameType, type TensorType, tensorType } from "../../types/tensor-type.ts";
import { alignBatched } from "../batching.ts";
import { instantiate } from "../linear.ts";
import { of } from "../test-operands.ts";
import { checkArity, formatShape } from "../typing.ts";
import { expandFft, type FftType } from "./expand.ts";
import { pairTable, unitRoot } from "./plan.ts";

export type FftParams = { readonly fftType: FftType; readonly fftLength: number };

const last = (t: TensorType): number => t.shape[t.shape.length - 1];

function withLast(t: TensorType, n: number): TensorType {
  return tensorType(t.dtype, [...t.shape.slice(0, -1), n]);
}

/** Sum over j of (re + i·im)_j·e^(sign·2πi·jk/n), one row. */
function naive(re: Float64Array, im: Float64Array, n: number, sign: 1 | -1): [Float64Array, Float64Array] {
  const roots = Array.from({ length: n }, (_, j) => unitRoot(j, n));
  const [outRe, outIm] = [new Float64Array(n), new Float64Array(n)];
  for (let k = 0; k < n; k++) {
    for (let j = 0; j < n; j++) {
      const [c, s] = [roots[(j * k) % n][0], sign * roots[(j * k) % n][1]];
      outRe[k] += re[j] * c - im[j] * s;
      outIm[k] += re[j] * s + im[j] * c;
    }
  }
  return [outRe, outIm];
}

function evaluateRows(
  inputs: readonly RefTensor[],
  fftType: FftType,
  n: number,
  outputs: readonly TensorType[],
): RefTensor[] {
  const results = outputs.map((type) => ({ type, data: new Float64Array(type.size) }));
  const width = last(inputs[0].type);
  const rows = width === 0 ? 0 : inputs[0].type.size / width;
  for (let row = 0; row < rows; row++) {
    const given = inputs.map((x) => x.data.subarray(row * width, (row + 1) * width));
    const re = new Float64Array(n);
    const im = new Float64Array(n);
    re.set(given[0]);
    if (fftType === "IRFFT") {
      im.set(given[1]);
      im[0] = 0;
      if (n % 2 === 0) im[n / 2] = 0;
      for (let k = width; k < n; k++) {
        re[k] = given[0][n - k];
        im[k] = -given[1][n - k];
      }
    } else if (fftType !== "RFFT") im.set(given[1]);
    const inverse = fftType === "IFFT" || fftType === "IRFFT";
    const parts = naive(re, im, n, inverse ? 1 : -1);
    for (const [i, { type, data }] of results.entries()) {
      const count = last(type);
      for (let k = 0; k < count; k++) data[row * count + k] = parts[i][k] / (inverse ? n : 1);
    }
  }
  return results;
}

function emitFft(
  b: Builder,
  inputs: readonly Operand[],
  fftType: FftType,
  fftLength: number,
): readonly Operand[] {
  return b.emit("fft", inputs, { fftType, fftLength });
}

function times(b: Builder, xs: readonly Operand[], factor: number): readonly Operand[] {
  return factor === 1 ? xs : xs.map((x) => b.mul(x, b.like(x, factor)));
}

/** Multiplies the frequencies strictly between 0 and n/2 by one factor, those at the ends by another. */
function weighted(
  b: Builder,
  xs: readonly Operand[],
  n: number,
  inner: number,
  ends: number,
): readonly Operand[] {
  return xs.map((x) => {
    const { dtype, shape } = x.type;
    const count = last(x.type);
    const atEnd = (k: number): boolean => k === 0 || 2 * k === n;
    const table = pairTable(dtype, count, (k) => (atEnd(k) ? [ends, 0] : [inner, 0]));
    const weights = b.one("slice", [b.one("constant", [], { value: table })], {
      startIndices: [0, 0],
      limitIndices: [1, count],
      strides: [1, 1],
    });
    return b.mul(x, b.broadcastInDim(b.reshape(weights, [count]), shape, [shape.length - 1]));
  });
}

/** The transpose of the real-linear map that a transform is. */
function transposed(
  b: Builder,
  cts: readonly Operand[],
  { fftType, fftLength: n }: FftParams,
): readonly Operand[] {
  switch (fftType) {
    case "FFT":
      return times(b, emitFft(b, cts, "IFFT", n), n);
    case "IFFT":
      return times(b, emitFft(b, cts, "FFT", n), 1 / n);
    case "RFFT":
      // IRFFT counts inner frequencies twice, and divides by n.
      return emitFft(b, weighted(b, cts, n, n / 2, n), "IRFFT", n);
    case "IRFFT":
      return weighted(b, emitFft(b, cts, "RFFT", n), n, 2 / n, 1 / n);
    default:
      return fftType satisfies never;
  }
}

function inferFft(inputs: readonly TensorType[], { fftType, fftLength }: FftParams): TensorType[] {
  checkArity("fft", inputs, fftType === "RFFT" ? 1 : 2);
  const [x] = inputs;
  if (x.dtype !== "float32" && x.dtype !== "float64") {
    throw new WeftTypeError(`fft requires float32 or float64 parts, got ${x.dtype}`);
  }
  if (inputs.some((y) => !sameType(x, y))) {
    throw new WeftTypeError(
      `fft requires real and imaginary parts of one type, got ${inputs.map((y) => y.text).join(" and ")}`,
    );
  }
  if (x.shape.length === 0)
    throw new WeftValueError("fft requires an operand of one axis or more, got a scalar");
  const wanted = fftType === "IRFFT" ? Math.floor(fftLength / 2) + 1 : fftLength;
  if (fftLength < 1 || last(x) !== wanted) {
    throw new WeftValueError(
      `${fftType} of length ${fftLength} requires ${wanted} elements along the last axis of the operand, got shape ` +
        `${formatShape(x.shape)}`,
    );
  }
  if (fftType === "IRFFT") return [withLast(x, fftLength)];
  const out = fftType === "RFFT" ? withLast(x, Math.floor(fftLength / 2) + 1) : x;
  return [out, out];
}

function fftCase(fftType: FftType, shape: readonly number[], dtype: "float32" | "float64" = "float32") {
  const n = shape[shape.length - 1];
  const half = [...shape.slice(0, -1), Math.floor(n / 2) + 1];
  const input = of(dtype, fftType === "IRFFT" ? half : shape);
  return {
    inputs: fftType === "RFFT" ? [input] : [input, input],
    params: { fftType, fftLength: n },
  };
}

export const fft = definePrimitive<FftParams>({
  name: "fft",
  infer: inferFft,
  evaluate(inputs, params) {
    const outputs = inferFft(
      inputs.map((x) => x.type),
      params,
    );
    return evaluateRows(inputs, params.fftType, params.fftLength, outputs);
  },
  jvp(b, primals, tangents, params) {
    const moved = primals.map((x, i) => instantiate(b, tangents[i], x));
    return { outputs: b.emit("fft", primals, params), tangents: b.emit("fft", moved, params) };
  },
  transpose(b, cotangents, inputs, params) {
    const [first] = cotangents.filter((ct): ct is Operand => ct !== null);
    const cts = cotangents.map((ct) => ct ?? b.zeros(first.type));
    const results: readonly Tangent[] = transposed(b, cts, params);
    return inputs.map((x, i) => (x.kind === "linear" ? results[i] : null));
  },
  batch(b, inputs, dims, params, { size }) {
    const aligned = alignBatched(b, inputs, dims, size);
    const outputs = b.emit(
      "fft",
      aligned.inputs.map((x) => b.moveAxis(x, aligned.dim, 0)),
      params,
    );
    return { outputs, dims: outputs.map(() => 0) };
  },
  lower: {
    kind: "expand",
    expand: (b, inputs, { fftType, fftLength }) => expandFft(b, inputs, fftType, fftLength),
  },
  // 5·n·log2(n), as transforms are counted, and half of it for real numbers.
  cost: ({ inputs: [x], params: { fftType, fftLength: n } }) => {
    const rows = last(x) === 0 ? 0 : x.size / last(x);
    const flops = 5 * rows * n * Math.log2(Math.max(2, n));
    return { flops: fftType === "FFT" || fftType === "IFFT" ? flops : flops / 2, transcendentals: 0 };
  },
  test: {
    order: 2,
    ulp: 64,
    cases: [
      ...[[1], [2], [3], [2, 5], [12], [17], [3, 16]].flatMap((shape) => [
        fftCase("FFT", shape),
        fftCase("IFFT", shape),
      ]),
      ...[[1], [2], [3], [2, 7], [2, 2, 6], [17], [3, 16]].flatMap((shape) => [
        fftCase("RFFT", shape),
        fftCase("IRFFT", shape),
      ]),
      fftCase("FFT", [2, 20], "float64"),
      fftCase("IFFT", [19], "float64"),
      fftCase("RFFT", [2, 30], "float64"),
      fftCase("IRFFT", [22], "float64"),
      fftCase("FFT", [0, 4]),
      fftCase("RFFT", [0, 4]),
    ],
  },
});
