/**
 * Results in double precision, for float32 arguments: to 1e-14 and better, 1e-7 ULP of a float32. And the unit in
 * which errors of sums that cancel are measured.
 */
import type { MathDType } from "../../compiler/math/index.ts";
import { ulpOf } from "../helpers/compare.ts";
import { MATH_ORACLE } from "../helpers/math-oracle.ts";

type Reference = (x: number, y: number) => number;

/** Taylor's series of digamma about its positive zero, which is high + low; made by mpmath (psi(k, zero) / k!). */
const DIGAMMA_ZERO = {
  high: 1.4616321449683622,
  low: 9.549995429965697e-17,
  coefficients: [
    0.9676722454476212, -0.4427631689835921, 0.258499760955651, -0.16394270544240652, 0.10782405069126237,
    -0.07219956125645471, 0.04880428816414311, -0.03316112647484736, 0.022597648232218104,
    -0.01542476490594896, 0.010538791616612175, -0.007204534386356869, 0.004926781395729853,
    -0.003369801655439328, 0.002305126326734928, -0.0015769367714301972, 0.0010788252019162967,
    -0.0007380709389960052, 0.000504953265834602, -0.0003454680251063077, 0.00023635601564027053,
    -0.00016170622091974803, 0.0001106337276874741, -7.569179582195066e-5,
  ],
} as const;

function digamma(x: number): number {
  const d = x - DIGAMMA_ZERO.high - DIGAMMA_ZERO.low;
  if (Math.abs(d) > 0.25) return MATH_ORACLE.digamma(x, 0);
  return DIGAMMA_ZERO.coefficients.reduceRight((sum, c) => (sum + c) * d, 0);
}

/** V8's tanh is 1 - 2 / (expm1(2x) + 2) from 1 on and 2 ULP off next to it, which is far below a float32. */
const REFERENCES: Readonly<Record<string, Reference>> = {
  ...MATH_ORACLE,
  digamma,
  neg: (x) => -x,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  abs: Math.abs,
  sqrt: Math.sqrt,
  // Sums, products, quotients and roots of two float32 in double, rounded again, are correctly rounded (S. Figueroa, 1995).
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  max: (x, y) => Math.max(x, y),
  min: (x, y) => Math.min(x, y),
};

export function referenceOf(name: string): Reference {
  const reference = REFERENCES[name];
  if (reference === undefined)
    throw new Error(`no reference for ${name}: add it to tests/accuracy/reference.ts`);
  return reference;
}

/**
 * The unit of an error: of the result; and for lgamma and digamma of negative arguments that of the greatest term of
 * the reflection, π cot(πx) or log(π / |x sin πx|) against the function of -x, which cancel next to their zeros.
 */
export function errorUnit(name: string, dtype: MathDType, x: number, expected: number): number {
  const own = ulpOf(expected, dtype);
  if (!(x < 0) || (name !== "lgamma" && name !== "digamma")) return own;
  const term = name === "lgamma" ? MATH_ORACLE.lgamma(-x, 0) : MATH_ORACLE.digamma(1 - x, 0);
  return Math.max(own, ulpOf(term, dtype), ulpOf(1, dtype));
}
