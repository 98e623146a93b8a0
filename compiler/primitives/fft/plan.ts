/**
 * How a transform of a length is computed: its radices, and the roots of unity each stage multiplies by.
 *
 * Mixed-radix Cooley–Tukey, decimation in frequency, for lengths whose primes are at most 13; any other length goes by
 * Bluestein's algorithm (`expand.ts`).
 */
import { DenseTensor } from "../../graph/graph.ts";
import { writeElement } from "../../kernel/constants.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { tensorType } from "../../types/tensor-type.ts";

/** Primes that have a butterfly of their own; radix 4 stands for two twos. */
const RADICES = [4, 2, 3, 5, 7, 11, 13] as const;

export interface Stage {
  readonly radix: number;
  /** Length of the transforms this stage leaves: those before it have radix · rest elements. */
  readonly rest: number;
  /** How many transforms are interleaved: the product of the radices before. */
  readonly stride: number;
  /** Place of the stage's roots in the table: (radix − 1) rows of `rest`, w^(p·k) of the transform at [k − 1, p]. */
  readonly roots: number;
}

/** The stages of a length, fours first so that interleaved transforms come in whole vectors; null where a prime is too large. */
export function stagesOf(n: number): Stage[] | null {
  const stages: Stage[] = [];
  let rest = n;
  let stride = 1;
  let roots = 0;
  for (const radix of RADICES) {
    while (rest % radix === 0) {
      rest /= radix;
      stages.push({ radix, rest, stride, roots });
      stride *= radix;
      // The last stage multiplies by nothing.
      if (rest > 1) roots += (radix - 1) * rest;
    }
  }
  return rest === 1 ? stages : null;
}

/** Number of roots in the table of a length; one where it needs none, so that the table is never empty. */
export function rootCount(stages: readonly Stage[]): number {
  let count = 1;
  for (const { radix, rest, roots } of stages) {
    if (rest > 1) count = Math.max(count, roots + (radix - 1) * rest);
  }
  return count;
}

/**
 * cos and sin of 2π·j/n. The angle is reduced to an eighth of a turn in integers first, so that each is the
 * neighbouring double of the true value at worst, and exact where it is 0, ±1 or equal to another.
 */
export function unitRoot(j: number, n: number): [cos: number, sin: number] {
  let at = ((j % n) + n) % n;
  // In eighths: 8·at / n.
  const eighth = Math.floor((8 * at) / n);
  const quarter = Math.floor((eighth + 1) / 2);
  at = 4 * at - quarter * n;
  const angle = (Math.PI * at) / (2 * n);
  // At an eighth of a turn both are √½.
  const [c, s] =
    Math.abs(at) * 2 === n
      ? [Math.SQRT1_2, Math.sign(at) * Math.SQRT1_2]
      : [Math.cos(angle), Math.sin(angle)];
  switch (quarter % 4) {
    case 0:
      return [c, s];
    case 1:
      return [-s + 0, c];
    case 2:
      return [-c, -s + 0];
    default:
      return [s, -c];
  }
}

/** A tensor of `[2, count]`: real parts, then imaginary parts. */
export function pairTable(dtype: DType, count: number, value: (i: number) => [number, number]): DenseTensor {
  const { bytes } = DTYPE_INFO[dtype];
  const data = new Uint8Array(2 * count * bytes);
  const view = new DataView(data.buffer);
  for (let i = 0; i < count; i++) {
    const [re, im] = value(i);
    writeElement(view, i * bytes, dtype, re);
    writeElement(view, (count + i) * bytes, dtype, im);
  }
  return new DenseTensor(tensorType(dtype, [2, count]), data);
}

/** The roots of all stages of a forward transform: e^(−2πi·p·k / (radix · rest)). */
export function rootTable(dtype: DType, stages: readonly Stage[]): DenseTensor {
  const count = rootCount(stages);
  const re = new Float64Array(count);
  const im = new Float64Array(count);
  for (const { radix, rest, roots } of stages) {
    if (rest === 1) continue;
    for (let k = 1; k < radix; k++) {
      for (let p = 0; p < rest; p++) {
        const at = roots + (k - 1) * rest + p;
        const [c, s] = unitRoot(p * k, radix * rest);
        re[at] = c;
        im[at] = -s + 0;
      }
    }
  }
  return pairTable(dtype, count, (i) => [re[i], im[i]]);
}

/** The least length of small primes that is at least `least`. */
export function smoothLength(least: number): number {
  let best = Infinity;
  for (let five = 1; five < best; five *= 5) {
    for (let three = five; three < best; three *= 3) {
      let n = three;
      while (n < least) n *= 2;
      best = Math.min(best, n);
    }
  }
  return best;
}
