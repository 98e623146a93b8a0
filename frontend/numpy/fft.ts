/**
 * Fourier transforms (`jnp.fft`). There is no complex dtype: a complex array is `{ real, imag }`; where one is taken, a
 * plain array is taken as real.
 *
 * Options of all: `norm` places the factor 1/n at the inverse ("backward", the default), at the forward transform
 * ("forward"), or as 1/√n at both ("ortho"). `n` and `s` cut the axes or fill them with zeros first.
 */
import type { DType } from "../../compiler/types/dtype.ts";
import { type ArrayLike, convert, formatShape, full, NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeAxes, canonicalizeAxis, range } from "../lax/axes.ts";
import { mul, neg } from "../lax/elementwise.ts";
import { type Complex, type ComplexLike, complexParts, isComplex, fft as laxFft } from "../lax/fft.ts";
import { pad, slice } from "../lax/movement.ts";
import { arange } from "./creation.ts";
import { moveaxis, roll } from "./movement.ts";
import { inexact, toArray } from "./promotion.ts";
import { divide } from "./ufuncs.ts";

export type { Complex, ComplexLike };

/** Which direction of a Fourier transform is scaled: by 1/n backward (default) or forward, or both by 1/√n. */
export type FftNorm = "backward" | "ortho" | "forward";

/** Options of the transforms of one axis. */
export interface FftOptions {
  /** Length of the transform: the axis is cut or filled with zeros; of inverse real transforms, that of the result. */
  readonly n?: number | null;
  /** Default the last. */
  readonly axis?: number;
  readonly norm?: FftNorm | null;
}

/** Options of the transforms of several axes. */
export interface FftnOptions {
  /** Lengths along the axes. */
  readonly s?: readonly number[] | null;
  /** Default all, or the last as many as `s` has; of the transforms of two axes, the last two. */
  readonly axes?: readonly number[] | null;
  readonly norm?: FftNorm | null;
}

type Kind = "FFT" | "IFFT" | "RFFT" | "IRFFT";

/** What a transform is multiplied by: JAX decides by the function's name which of them is an inverse. */
function normFactor(name: string, norm: FftNorm | null | undefined, lengths: readonly number[]): number {
  const count = lengths.reduce((product, n) => product * n, 1);
  const inverse = name.startsWith("i");
  switch (norm ?? "backward") {
    case "backward":
      return 1;
    case "ortho":
      return inverse ? Math.sqrt(count) : 1 / Math.sqrt(count);
    case "forward":
      return inverse ? count : 1 / count;
    default:
      throw new WeftValueError(
        `Invalid norm value ${String(norm)}; should be "backward","ortho" or "forward".`,
      );
  }
}

/** Every array of a real or complex value. */
function mapParts(x: Complex, f: (part: NdArray) => NdArray): Complex;
function mapParts(x: NdArray | Complex, f: (part: NdArray) => NdArray): NdArray | Complex;
function mapParts(x: NdArray | Complex, f: (part: NdArray) => NdArray): NdArray | Complex {
  return x instanceof NdArray ? f(x) : { real: f(x.real), imag: f(x.imag) };
}

/** The array with these extents: cut, and filled with zeros behind. */
function resized(x: NdArray, shape: readonly number[]): NdArray {
  const kept = x.shape.map((n, i) => Math.min(n, shape[i]));
  const cut = slice(
    x,
    kept.map(() => 0),
    kept,
  );
  if (kept.every((n, i) => n === shape[i])) return cut;
  return pad(
    cut,
    0,
    kept.map((n, i) => [0, shape[i] - n, 0]),
  );
}

/** The transform of axes, moved to the end and back, cut or filled to `s`. */
function transform(
  name: string,
  kind: Kind,
  x: ComplexLike,
  { s = null, axes: given = null, norm }: FftnOptions,
): NdArray | Complex {
  const operand: NdArray | Complex = kind === "RFFT" && !isComplex(x) ? inexact(name, x) : complexParts(x);
  const ndim = (operand instanceof NdArray ? operand : operand.real).ndim;
  if (s?.some((n) => n <= 0)) throw new WeftValueError("Shape should be positive.");
  if (s !== null && given !== null && s.length !== given.length) {
    throw new WeftValueError("Shape and axes have different lengths.");
  }
  const count = given?.length ?? s?.length ?? ndim;
  if (count > ndim) {
    throw new WeftValueError(`${name} of ${count} axes needs an array of as many, got ${ndim}`);
  }
  const end = range(ndim).slice(ndim - count);
  const axes = given === null ? end : given.map((axis) => canonicalizeAxis(axis, ndim));
  if (new Set(axes).size !== axes.length) {
    throw new WeftValueError(
      `jax.numpy.fft.${name} does not support repeated axes. Got axes ${formatShape(given ?? [])}.`,
    );
  }
  let moved = mapParts(operand, (part) => moveaxis(part, axes, end));
  const { shape } = moved instanceof NdArray ? moved : moved.real;
  let lengths = end.map((axis) => shape[axis]);
  if (s !== null) {
    lengths = [...s];
    const wanted = [...shape];
    for (const [i, axis] of end.entries()) wanted[axis] = lengths[i];
    if (kind === "IRFFT") wanted[ndim - 1] = Math.floor(wanted[ndim - 1] / 2) + 1;
    moved = mapParts(moved, (part) => resized(part, wanted));
  } else if (kind === "IRFFT" && count > 0) {
    lengths[count - 1] = Math.max(0, 2 * (lengths[count - 1] - 1));
  }
  const factor = normFactor(name, norm, lengths);
  const result = laxTransform(kind, moved, lengths);
  const scaled = factor === 1 ? result : mapParts(result, (part) => mul(part, factor));
  return mapParts(scaled, (part) => moveaxis(part, end, axes));
}

function laxTransform(kind: Kind, x: NdArray | Complex, lengths: readonly number[]): NdArray | Complex {
  return kind === "IRFFT" ? laxFft(x, kind, lengths) : laxFft(x, kind, lengths);
}

function complexTransform(name: string, kind: Kind, x: ComplexLike, options: FftnOptions): Complex {
  const result = transform(name, kind, x, options);
  return result instanceof NdArray ? complexParts(result) : result;
}

function realResult(name: string, x: ComplexLike, options: FftnOptions): NdArray {
  const result = transform(name, "IRFFT", x, options);
  return result instanceof NdArray ? result : result.real;
}

/** The options of one axis as those of several. */
function single(name: string, { n = null, axis = -1, norm }: FftOptions): FftnOptions {
  if (typeof axis !== "number") {
    throw new WeftValueError(
      `jax.numpy.fft.${name} does not support multiple axes. Please use jax.numpy.fft.${name}n. Got axis = ${String(axis)}.`,
    );
  }
  return { s: n === null ? null : [n], axes: [axis], norm };
}

/** Options of two axes, by default the last two. */
function double(name: string, options: FftnOptions): FftnOptions {
  const axes = options.axes ?? [-2, -1];
  if (axes.length !== 2) {
    throw new WeftValueError(`jax.numpy.fft.${name} only supports 2 axes. Got axes = ${formatShape(axes)}.`);
  }
  return { ...options, axes };
}

/** Discrete Fourier transform along an axis (`jnp.fft.fft`). */
export const fft = (a: ComplexLike, options: FftOptions = {}): Complex =>
  complexTransform("fft", "FFT", a, single("fft", options));
/** Its inverse (`jnp.fft.ifft`). */
export const ifft = (a: ComplexLike, options: FftOptions = {}): Complex =>
  complexTransform("ifft", "IFFT", a, single("ifft", options));
/** Frequencies 0 … n/2 of real numbers (`jnp.fft.rfft`). */
export const rfft = (a: ArrayLike, options: FftOptions = {}): Complex =>
  complexTransform("rfft", "RFFT", a, single("rfft", options));
/** n real numbers from frequencies 0 … n/2; n is 2·(m − 1) of m frequencies by default (`jnp.fft.irfft`). */
export const irfft = (a: ComplexLike, options: FftOptions = {}): NdArray =>
  realResult("irfft", a, single("irfft", options));

/** Transform along two axes (`jnp.fft.fft2`). */
export const fft2 = (a: ComplexLike, options: FftnOptions = {}): Complex =>
  complexTransform("fft2", "FFT", a, double("fft2", options));
/** Its inverse (`jnp.fft.ifft2`). */
export const ifft2 = (a: ComplexLike, options: FftnOptions = {}): Complex =>
  complexTransform("ifft2", "IFFT", a, double("ifft2", options));
/** Transform of real numbers along two axes, halved along the second (`jnp.fft.rfft2`). */
export const rfft2 = (a: ArrayLike, options: FftnOptions = {}): Complex =>
  complexTransform("rfft2", "RFFT", a, double("rfft2", options));
/** Its inverse (`jnp.fft.irfft2`). */
export const irfft2 = (a: ComplexLike, options: FftnOptions = {}): NdArray =>
  realResult("irfft2", a, double("irfft2", options));

/** Transform along several axes, or all (`jnp.fft.fftn`). */
export const fftn = (a: ComplexLike, options: FftnOptions = {}): Complex =>
  complexTransform("fftn", "FFT", a, options);
/** Its inverse (`jnp.fft.ifftn`). */
export const ifftn = (a: ComplexLike, options: FftnOptions = {}): Complex =>
  complexTransform("ifftn", "IFFT", a, options);
/** Transform of real numbers along several axes, halved along the last of them (`jnp.fft.rfftn`). */
export const rfftn = (a: ArrayLike, options: FftnOptions = {}): Complex =>
  complexTransform("rfftn", "RFFT", a, options);
/** Its inverse (`jnp.fft.irfftn`). */
export const irfftn = (a: ComplexLike, options: FftnOptions = {}): NdArray =>
  realResult("irfftn", a, options);

/** The extent along the axis of a transform of one axis. */
function extent(a: ComplexLike, axis: number): number {
  const { shape } = isComplex(a) ? complexParts(a).real : toArray("fft", a);
  return shape[canonicalizeAxis(axis, shape.length)];
}

const conjugate = ({ real, imag }: Complex): Complex => ({ real, imag: neg(imag) });

/** Transform of a signal whose spectrum is real, from its first half (`jnp.fft.hfft`). */
export function hfft(a: ComplexLike, options: FftOptions = {}): NdArray {
  const n = options.n ?? 2 * (extent(a, options.axis ?? -1) - 1);
  return mul(realResult("hfft", conjugate(complexParts(a)), single("hfft", options)), n);
}

/** The inverse of hfft: the first half of the inverse transform of real numbers (`jnp.fft.ihfft`). */
export function ihfft(a: ArrayLike, options: FftOptions = {}): Complex {
  const n = options.n ?? extent(a, options.axis ?? -1);
  const result = complexTransform("ihfft", "RFFT", a, single("ihfft", options));
  return mapParts(conjugate(result), (part) => mul(part, 1 / n));
}

/** Options of `fftfreq` and `rfftfreq`. */
export interface FrequencyOptions {
  /** Default float32. */
  readonly dtype?: DType;
}

function checkCount(name: string, n: number): void {
  if (typeof n === "number" && Number.isInteger(n)) return;
  throw new WeftValueError(
    `The n argument of jax.numpy.fft.${name} only takes an int. Got n = ${String(n)}.`,
  );
}

/** d·n: of a number in double precision. */
function spacing(d: ArrayLike, n: number, dtype: DType): NdArray {
  return d instanceof NdArray ? convert(mul(d, n), dtype) : full(Number(d) * n, dtype);
}

/** Frequencies of the n results of fft, for samples at a distance d (`jnp.fft.fftfreq`). */
export function fftfreq(n: number, d: ArrayLike = 1, options: FrequencyOptions = {}): NdArray {
  checkCount("fftfreq", n);
  const dtype = options.dtype ?? "float32";
  // 0 … (n−1)/2, then the negative ones: the order that a shift by half undoes.
  const half = Math.floor(n / 2);
  return divide(roll(arange(-half, n - half, 1, { dtype }), -half), spacing(d, n, dtype));
}

/** Frequencies of the n/2 + 1 results of rfft (`jnp.fft.rfftfreq`). */
export function rfftfreq(n: number, d: ArrayLike = 1, options: FrequencyOptions = {}): NdArray {
  checkCount("rfftfreq", n);
  const dtype = options.dtype ?? "float32";
  return divide(arange(0, Math.floor(n / 2) + 1, 1, { dtype }), spacing(d, n, dtype));
}

function shifted(
  name: string,
  x: NdArray | Complex,
  axes: number | readonly number[] | null,
  amount: (n: number) => number,
): NdArray | Complex {
  return mapParts(isComplex(x) ? x : toArray(name, x), (part) => {
    const chosen = canonicalizeAxes(axes, part.ndim);
    return roll(
      part,
      chosen.map((axis) => amount(part.shape[axis])),
      chosen,
    );
  });
}

/** The zero frequency moved to the middle of the axes, default all (`jnp.fft.fftshift`). */
export function fftshift(x: NdArray, axes?: number | readonly number[] | null): NdArray;
export function fftshift(x: Complex, axes?: number | readonly number[] | null): Complex;
export function fftshift(
  x: NdArray | Complex,
  axes: number | readonly number[] | null = null,
): NdArray | Complex {
  return shifted("fftshift", x, axes, (n) => Math.floor(n / 2));
}

/** The inverse of fftshift (`jnp.fft.ifftshift`). */
export function ifftshift(x: NdArray, axes?: number | readonly number[] | null): NdArray;
export function ifftshift(x: Complex, axes?: number | readonly number[] | null): Complex;
export function ifftshift(
  x: NdArray | Complex,
  axes: number | readonly number[] | null = null,
): NdArray | Complex {
  return shifted("ifftshift", x, axes, (n) => -Math.floor(n / 2));
}
