/**
 * Fourier transforms (`jax.lax.fft`). There is no complex dtype: a complex array is `{ real, imag }`, two arrays of one
 * shape, which is a tree like any other and so passes through jit, grad and vmap.
 */
import { isFloating } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  asArray,
  bind,
  bindOne,
  convert,
  formatShape,
  full,
  NdArray,
  resultType,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { range } from "./axes.ts";
import { transpose } from "./movement.ts";
import { broadcastShapes, broadcastTo } from "./operands.ts";

/** Complex numbers: real and imaginary parts of one dtype and shape. */
export interface Complex {
  readonly real: NdArray;
  readonly imag: NdArray;
}

/** What functions of complex numbers take: real and imaginary parts, or real numbers. */
export type ComplexLike = ArrayLike | { readonly real: ArrayLike; readonly imag: ArrayLike };

/** Kinds of Fourier transform: complex and its inverse, of real numbers and its inverse. */
export type FftType = "FFT" | "IFFT" | "RFFT" | "IRFFT";

/** Whether the operand has an imaginary part. */
export function isComplex(x: ComplexLike): x is { readonly real: ArrayLike; readonly imag: ArrayLike } {
  return typeof x === "object" && !(x instanceof NdArray) && x !== null && "real" in x && "imag" in x;
}

/** float32 or float64: integers and float16 are computed in float32, as JAX computes them in complex64. */
function partDType(...xs: readonly ArrayLike[]): "float32" | "float64" {
  return resultType(...xs).dtype === "float64" ? "float64" : "float32";
}

/** Real and imaginary parts in one floating dtype and shape; those of a real operand are the operand and 0. */
export function complexParts(x: ComplexLike): Complex {
  if (!isComplex(x)) {
    const real = convert(asArray(x), partDType(x));
    return { real, imag: full(0, real.dtype, real.shape) };
  }
  const dtype = partDType(x.real, x.imag);
  const [real, imag] = [x.real, x.imag].map((part) => convert(asArray(part), dtype));
  const shape = broadcastShapes(real.shape, imag.shape);
  return { real: broadcastTo(real, shape), imag: broadcastTo(imag, shape) };
}

const moveToEnd = (x: NdArray, axis: number): NdArray =>
  transpose(x, [...range(x.ndim).filter((i) => i !== axis), axis]);

function moveFromEnd(x: NdArray, axis: number): NdArray {
  const order = range(x.ndim - 1);
  order.splice(axis, 0, x.ndim - 1);
  return transpose(x, order);
}

/** A complex transform of one axis. */
function alongAxis(x: Complex, axis: number, fftType: "FFT" | "IFFT"): Complex {
  const parts = [x.real, x.imag];
  const params = { fftType, fftLength: x.real.shape[axis] };
  if (axis === x.real.ndim - 1) {
    const [real, imag] = bind("fft", parts, params);
    return { real, imag };
  }
  const moved = parts.map((part) => moveToEnd(part, axis));
  const [real, imag] = bind("fft", moved, params).map((part) => moveFromEnd(part, axis));
  return { real, imag };
}

function checkLengths(name: FftType, shape: readonly number[], lengths: readonly number[]): void {
  if (lengths.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new WeftValueError(
      `${name} lengths must be positive integers, got fft_lengths ${formatShape(lengths)}`,
    );
  }
  if (shape.length < lengths.length) {
    throw new WeftValueError(
      `FFT input shape ${formatShape(shape)} must have at least as many input dimensions as fft_lengths ${formatShape(lengths)}.`,
    );
  }
  const minor = shape.slice(shape.length - lengths.length);
  const checked = name === "IRFFT" ? lengths.length - 1 : lengths.length;
  const fits = lengths.every((n, i) => i >= checked || minor[i] === n);
  const last = Math.floor(lengths[lengths.length - 1] / 2) + 1;
  if (name === "IRFFT" && (!fits || minor[minor.length - 1] !== last)) {
    throw new WeftValueError(
      `IRFFT input shape ${formatShape(shape)} minor dimensions must be equal to all except the last fft_length, and ` +
        `the last to half of it plus 1, got fft_lengths=${formatShape(lengths)}`,
    );
  }
  if (!fits) {
    throw new WeftValueError(
      `${name} input shape ${formatShape(shape)} minor dimensions must be equal to fft_lengths ${formatShape(lengths)}`,
    );
  }
}

/**
 * Discrete Fourier transform of the last axes (`jax.lax.fft`), as many as there are `fftLengths`, which must be their
 * extents. FFT and IFFT take and give complex numbers, IFFT with the factor 1/n. RFFT gives frequencies 0 … n/2 of real
 * numbers, IRFFT takes them; its last length is that of the result. Types are also known as "fft", "ifft", "rfft",
 * "irfft".
 */
export function fft(x: ComplexLike, fftType: "IRFFT" | "irfft", fftLengths: readonly number[]): NdArray;
export function fft(
  x: ComplexLike,
  fftType: "FFT" | "IFFT" | "RFFT" | "fft" | "ifft" | "rfft",
  fftLengths: readonly number[],
): Complex;
export function fft(x: ComplexLike, fftType: string, fftLengths: readonly number[]): Complex | NdArray {
  const type = fftTypeOf(fftType);
  if (type === "RFFT") return realTransform(x, fftLengths);
  const parts = complexParts(x);
  if (fftLengths.length === 0) return parts;
  checkLengths(type, parts.real.shape, fftLengths);
  const last = parts.real.ndim - 1;
  if (type === "IRFFT") {
    const outer = overAxes(parts, last - fftLengths.length + 1, last, "IFFT");
    return bindOne("fft", [outer.real, outer.imag], {
      fftType: type,
      fftLength: fftLengths[fftLengths.length - 1],
    });
  }
  return overAxes(parts, last - fftLengths.length + 1, last + 1, type);
}

function fftTypeOf(name: string): FftType {
  switch (String(name).toUpperCase()) {
    case "FFT":
      return "FFT";
    case "IFFT":
      return "IFFT";
    case "RFFT":
      return "RFFT";
    case "IRFFT":
      return "IRFFT";
    default:
      throw new WeftValueError(
        `Unknown FFT type value '${String(name)}': use "fft", "ifft", "rfft" or "irfft"`,
      );
  }
}

/** Complex transforms of axes first … end − 1, from the last. */
function overAxes(x: Complex, first: number, end: number, fftType: "FFT" | "IFFT"): Complex {
  let result = x;
  for (let axis = end - 1; axis >= first; axis--) result = alongAxis(result, axis, fftType);
  return result;
}

function realTransform(x: ComplexLike, lengths: readonly number[]): Complex {
  if (isComplex(x)) throw new WeftValueError("only real valued inputs supported for rfft");
  const given = asArray(x);
  if (given.dtype === "float16") {
    throw new WeftValueError("RFFT input must be float32 or float64, got float16");
  }
  const real = isFloating(given.dtype) ? convert(given, given.dtype) : convert(given, "float32");
  if (lengths.length === 0) throw new WeftTypeError("RFFT needs at least one length in fft_lengths");
  checkLengths("RFFT", real.shape, lengths);
  const last = real.ndim - 1;
  const [re, im] = bind("fft", [real], { fftType: "RFFT", fftLength: lengths[lengths.length - 1] });
  return overAxes({ real: re, imag: im }, last - lengths.length + 1, last, "FFT");
}
