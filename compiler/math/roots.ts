/** rsqrt and cbrt. (sqrt is an operation of the kernel IR, correctly rounded.) */
import type { Expr } from "../kernel/expr.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { FORMATS, type Format, flipSign, signBit } from "./format.ts";
import { defineBoth } from "./math-function.ts";

/**
 * 1/√x from g = √x and y = 1/g, both rounded: y's head plus y·((1 - head·g) - (x - g²)/(2x)), where heads make the two
 * differences exact. One more rounding than that would be 1.4 ULP.
 */
export const rsqrt = defineBoth(FORMATS, "rsqrt", 1, [0.6, 0.6], (F, x) => {
  // Where x is so small that g² loses digits it is raised by an even power of two.
  const raised = s.lt(x, F.c(F.minNormal * 2 ** (F.digits + 5)));
  const a = s.select(raised, s.mul(x, F.c(2 ** 96)), x);
  const g = s.sqrt(a);
  const y = s.div(F.c(1), g);
  const gHead = F.head(g);
  const gTail = s.sub(g, gHead);
  const yHead = F.head(y);
  const lostByRoot = s.sub(s.sub(a, s.mul(gHead, gHead)), s.mul(gTail, s.add(g, gHead)));
  const lostByQuotient = s.sub(s.sub(F.c(1), s.mul(yHead, gHead)), s.mul(yHead, gTail));
  // In this order nothing is below the normal numbers, which a GPU may take for zeros.
  const correction = s.sub(lostByQuotient, s.mul(s.mul(lostByRoot, s.mul(y, F.c(0.5))), y));
  const root = s.fma(y, correction, yHead);
  const value = s.select(raised, s.mul(root, F.c(2 ** 48)), root);
  const regular = s.and(s.gt(x, F.c(0)), s.lt(x, F.c(Number.POSITIVE_INFINITY)));
  return s.guard(s.not(regular), s.div(F.c(1), s.sqrt(x)), value);
});

/** A third of the exponent, read off the word: within 5 % of the cube root (W. Kahan, "Computing a real cube root", 1991). */
function firstGuess(F: Format, x: Expr): Expr {
  const third = s.mul(s.convert(F.word(x), "float32"), s.const(1 / 3, "float32"));
  const offset = F.dtype === "float32" ? 709958130 : 715094163;
  return F.fromWord(s.add(s.convert(third, "int32"), s.int(offset)));
}

/** Halley's step, which triples the digits: with q = t³/x, t (q + 2) / (2q + 1). */
function halley(t: Expr, x: Expr, F: Format): Expr {
  const q = s.mul(s.mul(t, t), s.div(t, x));
  return s.div(s.mul(t, s.add(q, F.c(2))), s.add(s.add(q, q), F.c(1)));
}

export const cbrt = defineBoth(FORMATS, "cbrt", 1, [0.8, 0.75], (F, x) => {
  const magnitude = s.abs(x);
  // Subnormal arguments are raised by 2^(3·20) and their roots lowered by 2^20 again.
  const subnormal = s.lt(magnitude, F.c(F.minNormal));
  const a = s.select(subnormal, s.mul(magnitude, F.c(2 ** 60)), magnitude);
  let t = halley(firstGuess(F, a), a, F);
  if (F.dtype === "float64") t = halley(t, a, F);
  // The last step starts from few digits, so that its square is exact and only the small correction is rounded.
  t = F.head(t);
  const ratio = s.div(a, s.mul(t, t));
  const correction = s.div(s.sub(ratio, t), s.add(s.add(t, t), ratio));
  const root = s.fma(t, correction, t);
  const scaled = s.select(subnormal, s.mul(root, F.c(2 ** -20)), root);
  const regular = s.and(s.gt(magnitude, F.c(0)), s.lt(magnitude, F.c(Number.POSITIVE_INFINITY)));
  return s.guard(s.not(regular), x, flipSign(F, scaled, signBit(F, x)));
});
