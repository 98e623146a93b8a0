/**
 * Reduction of an angle: |x| = n·π/2 + r with |r| ≤ π/4, r accurate to its last digits also where x is next to a
 * multiple of π/2.
 */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import type { Format } from "./format.ts";

export interface Angle {
  /** n modulo 4 in the lowest two bits, int32. */
  readonly n: Expr;
  /** r = high + low, where low is at most half a unit in the last place of high; null where it was not asked for. */
  readonly high: Expr;
  readonly low: Expr | null;
}

/**
 * π/2 in pieces of 11 and 33 digits and a rest, so that n times a piece is exact for n up to 2^13 and 2^20 (Cody and
 * Waite). Two products more than usual: floats come within 2^-27 of a multiple of π/2, doubles within 2^-60.
 */
const HALF_PI = {
  float32: {
    pieces: [1.5703125, 0.0004837512969970703, 7.549533620476723e-8, 2.5632829192545614e-12],
    rest: 6.123234e-17,
  },
  float64: {
    pieces: [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21],
    rest: 8.4784276603689e-32,
  },
} as const;

/** The greatest |x| that `reduceUsual` takes. */
export const USUAL = { float32: 12_800, float64: 1_640_000 } as const;

/**
 * For |x| ≤ USUAL. Without `withLow`, for float32 only, `low` is null and r is rounded once: enough for sin and cos, in
 * eight operations fewer.
 */
export function reduceUsual(F: Format, magnitude: Expr, withLow: boolean): Angle {
  const sum = s.fma(magnitude, F.c(2 / Math.PI), F.c(F.roundingMagic));
  const n = s.sub(sum, F.c(F.roundingMagic));
  const { pieces, rest } = HALF_PI[F.dtype];
  // The first difference is exact. The others are where they cancel; elsewhere their errors are kept for `low`.
  let r = s.fma(n, F.c(-pieces[0]), magnitude);
  if (!withLow) {
    // So is the second. What rounding the third loses goes into the fourth, so that r is rounded once.
    const [, second, third, fourth = 0] = pieces;
    r = s.fma(n, F.c(-second), r);
    const rounded = s.fma(n, F.c(-third), r);
    const lost = s.fma(n, F.c(-third), s.sub(r, rounded));
    const high = s.add(rounded, s.fma(n, F.c(-fourth - rest), lost));
    return { n: F.magicBits(sum), high, low: null };
  }
  let error: Expr = s.mul(n, F.c(-rest));
  for (const piece of pieces.slice(1)) {
    const product = s.mul(n, F.c(piece));
    const next = s.sub(r, product);
    error = s.add(error, s.sub(s.sub(r, next), product));
    r = next;
  }
  const high = s.add(r, error);
  return { n: F.magicBits(sum), high, low: s.add(s.sub(r, high), error) };
}

/** The digits of 2/π after the point, to the base 2^11 and 2^24, with four zeros before them. */
const TWO_OVER_PI: Record<"float32" | "float64", readonly number[]> = {
  float32: [
    0, 0, 0, 0, 1303, 1632, 1756, 1252, 522, 1191, 1924, 1879, 1679, 1357, 443, 1037, 1457, 598, 807, 1091,
    1154, 127, 1186, 1594,
  ],
  float64: [
    0, 0, 0, 0, 10680707, 7228996, 1387004, 2578385, 16069853, 12639074, 9804092, 4427841, 16666979, 11263675,
    12935607, 2387514, 4345298, 14681673, 3074569, 13734428, 16653803, 1880361, 10960616, 8533493, 3062596,
    8710556, 7349940, 6258241, 3772886, 3769171, 3798172, 8675211, 12450088, 3874808, 9961438, 366607,
    15675153, 9132554, 7151469, 3571407, 2607881, 12013382, 4155038, 6285869, 7677882, 13102053, 15825725,
    473591, 9065106, 15363067, 6271263, 9264392, 5636912, 4652155,
  ],
};

/** How the digits are used: their base, the columns of the product that count, and the multiplier of e/bits. */
const LARGE = {
  float32: { bits: 11, columns: 8, reciprocal: 373, shift: 12 },
  float64: { bits: 24, columns: 7, reciprocal: 2731, shift: 16 },
} as const;

/**
 * For larger finite |x|, after M. Payne and R. Hanek, "Radian reduction for trigonometric functions" (1983): of the
 * product x·2/π only the digits that matter modulo 4 are formed. Floats serve as digits, to a base whose products and
 * their sums are exact, so that this needs neither integer products of double length nor another format.
 */
export function reduceLarge(F: Format, magnitude: Expr): Angle {
  const { bits, columns, reciprocal, shift } = LARGE[F.dtype];
  const base = 2 ** bits;
  // magnitude = y·base^j with base ≤ y < base².
  const word = F.word(magnitude);
  const exponent = s.sub(s.shr(word, s.int(F.fractionBits)), s.int(F.bias));
  const j = s.sub(s.shr(s.mul(exponent, s.int(reciprocal)), s.int(shift)), s.int(1));
  const y = F.withWord(magnitude, s.sub(word, s.shl(s.mul(j, s.int(bits)), s.int(F.fractionBits))));

  // y = Σ digits[a]·base^(1-a), four digits.
  const digits: Expr[] = [];
  let remaining = s.mul(y, F.c(1 / base));
  for (let a = 0; a < 4; a++) {
    const digit = s.floor(remaining);
    digits.push(digit);
    remaining = s.mul(s.sub(remaining, digit), F.c(base));
  }

  // Column c of the product, of weight base^-c; the columns before the first are multiples of 4.
  const window = selectWindow(F, s.add(j, s.int(1)), columns + 3);
  const column = Array.from({ length: columns }, (_, c) =>
    digits.map((digit, a) => s.mul(digit, window[c + 3 - a])).reduce((sum, term) => s.add(sum, term)),
  );
  for (let c = columns - 1; c > 0; c--) {
    const carry = s.floor(s.mul(column[c], F.c(1 / base)));
    column[c] = s.sub(column[c], s.mul(carry, F.c(base)));
    column[c - 1] = s.add(column[c - 1], carry);
  }

  // The nearest integer: a first fraction digit of a half or more counts as negative.
  const roundUp = s.ge(column[1], F.c(base / 2));
  column[1] = s.sub(column[1], s.select(roundUp, F.c(base), F.c(0)));
  const whole = s.sub(column[0], s.mul(s.floor(s.mul(column[0], F.c(0.25))), F.c(4)));
  const n = s.add(s.convert(whole, "int32"), s.select(roundUp, s.int(1), s.int(0)));

  // Pairs of digits are exact in one float, and their sum is kept in two.
  const pair = (c: number): Expr =>
    s.add(s.mul(column[c], F.c(base ** -c)), s.mul(column[c + 1] ?? F.c(0), F.c(base ** -(c + 1))));
  const [first, second, third] = [pair(1), pair(3), pair(5)];
  const f = s.add(first, second);
  const fLow = s.add(s.add(s.sub(first, f), second), third);
  const fraction = s.add(f, fLow);
  const fractionLow = s.add(s.sub(f, fraction), fLow);
  return multiplyByHalfPi(F, n, fraction, fractionLow);
}

/** `count` consecutive digits from a computed position, by halving the candidates with each bit of it. */
function selectWindow(F: Format, position: Expr, count: number): Expr[] {
  let candidates = TWO_OVER_PI[F.dtype].map(F.c);
  for (let bit = F.dtype === "float32" ? 8 : 32; bit >= 1; bit /= 2) {
    const set = s.ne(s.and(position, s.int(bit)), s.int(0));
    const needed = count + bit - 1;
    const current = candidates;
    candidates = Array.from({ length: needed }, (_, i) =>
      s.select(set, current[i + bit] ?? F.c(0), current[i] ?? F.c(0)),
    );
  }
  return candidates;
}

/** (f + fLow)·π/2 in two floats, by heads whose products are exact. */
function multiplyByHalfPi(F: Format, n: Expr, f: Expr, fLow: Expr): Angle {
  const halfPi = F.c(Math.PI / 2);
  const halfPiLow = F.dtype === "float32" ? F.c(-4.371139e-8) : F.c(6.123233995736766e-17);
  const fHead = F.head(f);
  const fTail = s.sub(f, fHead);
  const pHead = F.head(halfPi);
  const pTail = s.sub(halfPi, pHead);
  const product = s.mul(f, halfPi);
  const cross = s.add(s.mul(fHead, pTail), s.mul(fTail, pHead));
  const error = s.add(s.add(s.sub(s.mul(fHead, pHead), product), cross), s.mul(fTail, pTail));
  const low = s.add(error, s.fma(f, halfPiLow, s.mul(fLow, halfPi)));
  const high = s.add(product, low);
  return { n, high, low: s.add(s.sub(product, high), low) };
}
