/** sin, cos, tan for every finite argument. */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { COS, SIN, TAN } from "./coefficients.ts";
import { FORMATS, type Format, flipSign, polynomial, signBit } from "./format.ts";
import { defineBoth, type MathFunction } from "./math-function.ts";
import { type Angle, reduceLarge, reduceUsual, USUAL } from "./range-reduction.ts";

/** sin(high + low) = high + (high³·S + low·(1 - high²/2)) */
function sinReduced(F: Format, { high, low }: Angle): Expr {
  const z = s.mul(high, high);
  const cube = s.mul(z, high);
  const series = polynomial(F, z, SIN[F.dtype]);
  if (low === null) return s.fma(cube, series, high);
  return s.add(high, s.fma(cube, series, s.sub(low, s.mul(s.mul(low, z), F.c(0.5)))));
}

/** cos(high + low) = (1 - high²/2) + (high⁴·C - high·low), with the rounding error of the first difference added. */
function cosReduced(F: Format, { high, low }: Angle): Expr {
  const z = s.mul(high, high);
  if (low === null) return polynomial(F, z, [1, -0.5, ...COS[F.dtype]]);
  const h = s.mul(z, F.c(0.5));
  const w = s.sub(F.c(1), h);
  const series = s.mul(s.mul(z, z), polynomial(F, z, COS[F.dtype]));
  const error = s.sub(s.sub(F.c(1), w), h);
  return s.add(w, s.add(error, s.sub(series, s.mul(high, low))));
}

/** sin (shift 0) or cos (shift 1) of n·π/2 + r without the sign of the argument. */
function circular(F: Format, angle: Angle, shift: 0 | 1): Expr {
  const n = shift === 0 ? angle.n : s.add(angle.n, s.int(1));
  const isCos = s.ne(s.and(n, s.int(1)), s.int(0));
  const value = s.select(isCos, cosReduced(F, angle), sinReduced(F, angle));
  const sign = s.shl(s.and(n, s.int(2)), s.int(30));
  return flipSign(F, value, sign);
}

/** tan(r + n·π/2): tan r, or -1 / tan r. */
function tangent(F: Format, angle: Angle): Expr {
  const { high, low, n } = angle;
  const z = s.mul(high, high);
  const cube = s.mul(z, high);
  const rest = low === null ? F.c(0) : s.fma(low, z, low);
  const correction = s.fma(cube, polynomial(F, z, TAN[F.dtype]), rest);
  const t = s.add(high, correction);
  const inverted = s.ne(s.and(n, s.int(1)), s.int(0));
  return s.select(inverted, negativeReciprocal(F, t, s.add(s.sub(high, t), correction)), t);
}

/** -1 / (t + tLow), with one step that takes out the rounding of the quotient. */
function negativeReciprocal(F: Format, t: Expr, tLow: Expr): Expr {
  const q = s.div(F.c(-1), t);
  const qHead = F.head(q);
  const tHead = F.head(t);
  const tTail = s.add(s.sub(t, tHead), tLow);
  // 1 + qHead·(t + tLow), the first product exact.
  const residual = s.add(s.add(F.c(1), s.mul(qHead, tHead)), s.mul(qHead, tTail));
  return s.fma(q, residual, qHead);
}

const byName = {
  sin: (F: Format, angle: Angle): Expr => circular(F, angle, 0),
  cos: (F: Format, angle: Angle): Expr => circular(F, angle, 1),
  tan: tangent,
} as const;

/** NAME and NAME_large, the slow path: a function of its own, so that no kernel carries it twice. */
function trigonometric(name: keyof typeof byName, ulp: readonly [number, number]): MathFunction[] {
  const compute = byName[name];
  const odd = name !== "cos";
  const signed = (F: Format, x: Expr, value: Expr): Expr => (odd ? flipSign(F, value, signBit(F, x)) : value);
  return [
    ...defineBoth(FORMATS, name, 1, ulp, (F, x) => {
      const magnitude = s.abs(x);
      const withLow = F.dtype === "float64" || name === "tan";
      const large = s.gt(magnitude, F.c(USUAL[F.dtype]));
      const value = signed(F, x, compute(F, reduceUsual(F, magnitude, withLow)));
      return s.guard(large, s.call(`${name}_large`, x), value);
    }),
    ...defineBoth(FORMATS, `${name}_large`, 1, ulp, (F, x) => {
      const magnitude = s.abs(x);
      const value = signed(F, x, compute(F, reduceLarge(F, magnitude)));
      // ∞ and NaN.
      return s.select(s.lt(magnitude, F.c(Number.POSITIVE_INFINITY)), value, s.sub(x, x));
    }),
  ];
}

export const sin = trigonometric("sin", [1.5, 1]);
export const cos = trigonometric("cos", [1.5, 1]);
export const tan = trigonometric("tan", [1.5, 1.5]);
