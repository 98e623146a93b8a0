/**
 * fft in terms of `fft_stages`: inverse transforms, transforms of real numbers by one of half the length, and lengths
 * with large primes by Bluestein's algorithm.
 */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import { InternalError } from "../../types/errors.ts";
import { pairTable, rootTable, smoothLength, stagesOf, unitRoot } from "./plan.ts";

/** Real and imaginary parts. */
type Pair = readonly [re: Operand, im: Operand];

const lengthOf = (x: Operand): number => x.type.shape[x.type.shape.length - 1];

/** Elements start, start + step, … below limit of the last axis. */
function slice(b: Builder, x: Operand, start: number, limit: number, step = 1): Operand {
  const { shape } = x.type;
  const last = shape.length - 1;
  return b.one("slice", [x], {
    startIndices: shape.map((_, i) => (i === last ? start : 0)),
    limitIndices: shape.map((n, i) => (i === last ? limit : n)),
    strides: shape.map((_, i) => (i === last ? step : 1)),
  });
}

/** Zeros before and behind the last axis. */
function pad(b: Builder, x: Operand, low: number, high: number): Operand {
  const { shape, dtype } = x.type;
  return b.one("pad", [x, b.literal(0, dtype)], {
    paddingConfig: shape.map((_, i) => (i === shape.length - 1 ? [low, high, 0] : [0, 0, 0])),
  });
}

function reversed(b: Builder, x: Operand): Operand {
  return b.one("rev", [x], { dimensions: [x.type.shape.length - 1] });
}

function joined(b: Builder, ...parts: readonly Operand[]): Operand {
  return b.one("concatenate", parts, { dimension: parts[0].type.shape.length - 1 });
}

function scaled([re, im]: Pair, b: Builder, factor: number): Pair {
  return [b.mul(re, b.like(re, factor)), b.mul(im, b.like(im, factor))];
}

/** (x + iy)·(c + is), or by the conjugate. */
function times(b: Builder, [x, y]: Pair, [c, s]: Pair, conjugate = false): Pair {
  const [a, d] = [b.mul(x, c), b.mul(y, s)];
  const [e, f] = [b.mul(y, c), b.mul(x, s)];
  return conjugate ? [b.add(a, d), b.sub(e, f)] : [b.sub(a, d), b.add(e, f)];
}

/** A constant vector of complex numbers, broadcast along the last axis of `like`'s leading shape. */
function constants(b: Builder, like: Operand, count: number, value: (i: number) => [number, number]): Pair {
  const { shape, dtype } = like.type;
  const table = b.one("constant", [], { value: pairTable(dtype, count, value) });
  const [re, im] = [0, 1].map((part) => {
    const row = b.one("slice", [table], {
      startIndices: [part, 0],
      limitIndices: [part + 1, count],
      strides: [1, 1],
    });
    const full = [...shape.slice(0, -1), count];
    return b.broadcastInDim(b.reshape(row, [count]), full, [full.length - 1]);
  });
  return [re, im];
}

/** e^(−2πi·jk/n) summed, for every length. */
function forward(b: Builder, x: Pair): Pair {
  const [re, im] = x;
  const n = lengthOf(re);
  if (n === 1) return x;
  const stages = stagesOf(n);
  if (stages === null) return bluestein(b, x);
  const value = rootTable(re.type.dtype, stages);
  const [outRe, outIm] = b.emit("fft_stages", [re, im, b.one("constant", [], { value })], {});
  return [outRe, outIm];
}

/** The inverse without its factor 1/n: the forward transform with real and imaginary parts exchanged. */
function backward(b: Builder, [re, im]: Pair): Pair {
  const [outIm, outRe] = forward(b, [im, re]);
  return [outRe, outIm];
}

/** e^(−πi·k²/n): the chirp. k² is taken modulo 2n, so that the angle stays exact. */
function chirp(k: number, n: number): [number, number] {
  // k·k may pass 2^53 only beyond lengths that fit no memory.
  const [c, s] = unitRoot((k * k) % (2 * n), 2 * n);
  return [c, -s + 0];
}

/**
 * A transform of any length as a convolution with a chirp, which transforms of a smooth length compute
 * (L. Bluestein, "A linear filtering approach to the computation of discrete Fourier transform", 1970).
 */
function bluestein(b: Builder, x: Pair): Pair {
  const [re] = x;
  const n = lengthOf(re);
  const m = smoothLength(2 * n - 1);
  const weights = constants(b, re, n, (k) => chirp(k, n));
  const [a, d] = times(b, x, weights).map((y) => pad(b, y, 0, m - n));
  const filter = chirpFilter(n, m);
  const spectrum = times(b, forward(b, [a, d]), constants(b, a, m, filter));
  const [re2, im2] = backward(b, spectrum).map((y) => slice(b, y, 0, n));
  return times(b, [re2, im2], weights);
}

/** Transform of the conjugate chirp, laid out around 0 in m places, over m: computed in doubles when compiling. */
function chirpFilter(n: number, m: number): (k: number) => [number, number] {
  const re = new Float64Array(m);
  const im = new Float64Array(m);
  for (let k = 0; k < n; k++) {
    const [c, s] = chirp(k, n);
    re[k] = c / m;
    im[k] = -s / m;
    if (k > 0) {
      re[m - k] = re[k];
      im[m - k] = im[k];
    }
  }
  const [outRe, outIm] = transformDoubles(re, im);
  return (k) => [outRe[k], outIm[k]];
}

/** A forward transform of doubles in JavaScript, for tables: the recursion by the least prime of the length. */
function transformDoubles(re: Float64Array, im: Float64Array): [Float64Array, Float64Array] {
  const total = re.length;
  const cos = new Float64Array(total);
  const sin = new Float64Array(total);
  for (let k = 0; k < total; k++) [cos[k], sin[k]] = unitRoot(k, total);
  /** Transform of the n elements from `start` in steps of total / n. */
  const part = (start: number, n: number): [Float64Array, Float64Array] => {
    const step = total / n;
    if (n === 1) return [re.subarray(start, start + 1), im.subarray(start, start + 1)];
    const radix = [2, 3, 5].find((r) => n % r === 0);
    if (radix === undefined) throw new InternalError(`a table's length ${total} is not smooth`);
    const rest = n / radix;
    const outRe = new Float64Array(n);
    const outIm = new Float64Array(n);
    for (let j = 0; j < radix; j++) {
      const [x, y] = part(start + j * step, rest);
      for (let k = 0; k < n; k++) {
        const at = ((j * k) % n) * step;
        const i = k % rest;
        outRe[k] += x[i] * cos[at] + y[i] * sin[at];
        outIm[k] += y[i] * cos[at] - x[i] * sin[at];
      }
    }
    return [outRe, outIm];
  };
  return part(0, total);
}

/** Frequencies 0 … n/2 of real numbers. */
function realForward(b: Builder, x: Operand): Pair {
  const n = lengthOf(x);
  const kept = Math.floor(n / 2) + 1;
  if (n % 2 !== 0) {
    const [re, im] = forward(b, [x, b.zeros(x.type)]);
    return n === 1 ? [re, im] : [slice(b, re, 0, kept), slice(b, im, 0, kept)];
  }
  // Even and odd elements as one complex sequence z of half the length: with Z its transform and Z' its mirror image,
  // X_k = ½(Z_k + Z'_k*) − ½i·w^k·(Z_k − Z'_k*)  (Press et al., "Numerical Recipes", §12.3).
  const z = forward(b, [slice(b, x, 0, n, 2), slice(b, x, 1, n, 2)]);
  const [re, im] = z.map((part) => joined(b, part, slice(b, part, 0, 1)));
  const [mirrorRe, mirrorIm] = [reversed(b, re), reversed(b, im)];
  const half = (y: Operand): Operand => b.mul(y, b.like(y, 0.5));
  const even: Pair = [half(b.add(re, mirrorRe)), half(b.sub(im, mirrorIm))];
  // −i·(Z − Z'*)/2
  const odd: Pair = [half(b.add(im, mirrorIm)), half(b.sub(mirrorRe, re))];
  const [oddRe, oddIm] = times(
    b,
    odd,
    constants(b, re, kept, (k) => {
      const [c, s] = unitRoot(k, n);
      return [c, -s + 0];
    }),
  );
  return [b.add(even[0], oddRe), b.add(even[1], oddIm)];
}

/** n real numbers from frequencies 0 … n/2; imaginary parts at 0 and n/2 are ignored. */
function realBackward(b: Builder, [re, im]: Pair, n: number): Operand {
  const kept = lengthOf(re);
  if (n === 1) return re;
  if (n % 2 !== 0) {
    const inner = slice(b, im, 1, kept);
    const whole: Pair = [
      joined(b, re, reversed(b, slice(b, re, 1, kept))),
      joined(b, pad(b, inner, 1, 0), b.neg(reversed(b, inner))),
    ];
    const [x] = backward(b, whole);
    return b.mul(x, b.like(x, 1 / n));
  }
  const half = n / 2;
  const clean = kept === 2 ? b.zeros(im.type) : pad(b, slice(b, im, 1, half), 1, 1);
  const [x, y] = [re, clean].map((part) => slice(b, part, 0, half));
  const [mirrorRe, mirrorIm] = [re, clean].map((part) => reversed(b, slice(b, part, 1, kept)));
  // Z_k = (X_k + X'_k*) + i·w^−k·(X_k − X'_k*), up to the factor 1/n.
  const even: Pair = [b.add(x, mirrorRe), b.sub(y, mirrorIm)];
  const odd: Pair = [b.sub(x, mirrorRe), b.add(y, mirrorIm)];
  const turned = times(
    b,
    odd,
    constants(b, x, half, (k) => unitRoot(k, n)),
  );
  const z: Pair = [b.sub(even[0], turned[1]), b.add(even[1], turned[0])];
  const parts = scaled(backward(b, z), b, 1 / n).map((part) => b.reshape(part, [...part.type.shape, 1]));
  return b.reshape(joined(b, ...parts), [...re.type.shape.slice(0, -1), n]);
}

/** Kinds of Fourier transform: complex and its inverse, of real numbers and its inverse. */
export type FftType = "FFT" | "IFFT" | "RFFT" | "IRFFT";

function emptyResults(b: Builder, x: Operand, fftType: FftType, n: number): Operand[] {
  const { shape, dtype } = x.type;
  const length = fftType === "RFFT" ? Math.floor(n / 2) + 1 : n;
  const empty = b.literal(0, dtype, [...shape.slice(0, -1), length]);
  return fftType === "IRFFT" ? [empty] : [empty, empty];
}

/** The equations that a transform becomes. */
export function expandFft(
  b: Builder,
  inputs: readonly Operand[],
  fftType: FftType,
  fftLength: number,
): readonly Operand[] {
  const [x, y] = inputs;
  // Nothing to transform: zero rows.
  if (x.type.size === 0) return emptyResults(b, x, fftType, fftLength);
  switch (fftType) {
    case "FFT":
      return forward(b, [x, y]);
    case "IFFT":
      return fftLength === 1 ? inputs : scaled(backward(b, [x, y]), b, 1 / fftLength);
    case "RFFT":
      return realForward(b, x);
    case "IRFFT":
      return [realBackward(b, [x, y], fftLength)];
    default:
      return fftType satisfies never;
  }
}
