/** Where functions are measured: every exponent with many mantissas, dense intervals, neighbours of thresholds. */
import type { MathDType } from "../../compiler/math/index.ts";
import { Random } from "../helpers/random.ts";
import { domainOf, type FunctionCase } from "./functions.ts";

export type Floats = Float32Array | Float64Array;
/** One column for each argument, all of one length. */
export type Points = readonly Floats[];

export function floats(dtype: MathDType, values: number | readonly number[] | ArrayLike<number>): Floats {
  if (typeof values === "number")
    return dtype === "float32" ? new Float32Array(values) : new Float64Array(values);
  return dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values);
}

const FORMAT = {
  float32: { least: 2 ** -149, minNormal: 2 ** -126, greatest: (2 - 2 ** -23) * 2 ** 127 },
  float64: { least: Number.MIN_VALUE, minNormal: 2 ** -1022, greatest: Number.MAX_VALUE },
} as const;

/** Zeros, infinities, NaN, the ends of the format, and small whole and half numbers, of both signs. */
export function specialValues(dtype: MathDType): number[] {
  const { least, minNormal, greatest } = FORMAT[dtype];
  const positive = [
    ...[0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 10, 33, 100, 1000, Math.PI / 2, Math.PI, Infinity],
    ...[
      least,
      2 * least,
      1000 * least,
      minNormal - least,
      minNormal,
      minNormal + least,
      greatest,
      greatest / 2,
    ],
  ];
  return [...positive.flatMap((x) => [x, -x]), NaN];
}

/** `perExponent` mantissas, first and last included, at every exponent of the format and both signs. */
function everyExponent(dtype: MathDType, perExponent: number, random: Random): Floats {
  const [exponents, fractionBits] = dtype === "float32" ? [255, 23] : [2047, 20];
  const words: number[] = [];
  for (let exponent = 0; exponent < exponents; exponent++) {
    for (let k = 0; k < perExponent; k++) {
      const last = 2 ** fractionBits - 1;
      const fraction = k === 0 ? 0 : k === 1 ? last : random.below(last + 1);
      const word = exponent * 2 ** fractionBits + fraction;
      words.push(word, word + 2 ** 31);
    }
  }
  if (dtype === "float32") return new Float32Array(Uint32Array.from(words).buffer);
  return new Float64Array(Uint32Array.from(words.flatMap((word) => [random.bits(), word])).buffer);
}

/** `x` and the floats up to `reach` steps from it. */
function neighbours(dtype: MathDType, x: number, reach: number): number[] {
  const { least } = FORMAT[dtype];
  const [start] = floats(dtype, [x]);
  const step =
    start === 0 ? least : 2 ** (Math.floor(Math.log2(Math.abs(start))) - (dtype === "float32" ? 23 : 52));
  return Array.from({ length: 2 * reach + 1 }, (_, k) => start + (k - reach) * step);
}

function unaryPoints(fn: FunctionCase, count: number, random: Random): Floats {
  const { dense, near } = domainOf(fn.name, fn.dtype);
  const perExponent = Math.max(1, Math.floor(count / (fn.dtype === "float32" ? 2 * 510 : 2 * 4094)));
  const perInterval = Math.floor(count / 2 / dense.length);
  const reach = Math.min(2000, Math.floor(count / 20 / near.length));
  const values = [
    ...specialValues(fn.dtype),
    ...near.flatMap((x) => neighbours(fn.dtype, x, reach)),
    ...dense.flatMap(([low, high]) =>
      Array.from({ length: perInterval }, (_, k) => low + ((k + random.next()) / perInterval) * (high - low)),
    ),
  ];
  const exponents = everyExponent(fn.dtype, perExponent, random);
  const out = floats(fn.dtype, values.length + exponents.length);
  out.set(values);
  out.set(exponents, values.length);
  return out;
}

/** Bases and exponents whose power spreads over the exponents of the format. */
function powerPair(dtype: MathDType, random: Random): [number, number] {
  const reach = dtype === "float32" ? 150 : 1075;
  const spread = random.next();
  const signed = (exponent: number): number => (random.next() < 0.5 ? -1 : 1) * 2 ** exponent;
  let x = 2 ** ((random.next() * 2 - 1) * (spread < 0.3 ? reach * 0.8 : 10));
  if (spread > 0.6) x = 1 + signed(-1 - random.next() * (dtype === "float32" ? 22 : 51));
  [x] = floats(dtype, [x]);
  if (x === 1) x = 3;
  if (spread > 0.95) return [-x, random.below(60) - 30];
  if (spread > 0.9) return [x, (random.next() - 0.5) * 20];
  return [x, ((random.next() * 2 - 1) * reach) / Math.log2(x)];
}

/** Operands of like and of unlike size. */
function anyPair(dtype: MathDType, random: Random): [number, number] {
  const reach = random.next() < 0.5 ? 8 : dtype === "float32" ? 126 : 1020;
  const draw = (span: number): number =>
    (random.next() < 0.5 ? -1 : 1) * 2 ** ((random.next() * 2 - 1) * span);
  const x = draw(reach);
  return [x, random.next() < 0.7 ? x * draw(6) : draw(reach)];
}

function binaryPoints(fn: FunctionCase, count: number, random: Random): Points {
  const special = specialValues(fn.dtype);
  const pairs = special.flatMap((x) => special.map((y): [number, number] => [x, y]));
  while (pairs.length < count) pairs.push((fn.name === "pow" ? powerPair : anyPair)(fn.dtype, random));
  return [0, 1].map((column) =>
    floats(
      fn.dtype,
      pairs.map((pair) => pair[column]),
    ),
  );
}

/** About `count` points; the same in every run. */
export function pointsOf(fn: FunctionCase, count: number): Points {
  const random = new Random(fn.name.length * 31 + fn.name.charCodeAt(0));
  return fn.arity === 1 ? [unaryPoints(fn, count, random)] : binaryPoints(fn, count, random);
}
