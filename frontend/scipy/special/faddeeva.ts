/** The Faddeeva function, on pairs of real and imaginary parts. */
import type { ArrayLike, NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { where } from "../../numpy/logic.ts";
import { promoteArgsInexact } from "../../numpy/promotion.ts";
import { customJvp } from "../../transforms/custom-jvp.ts";
import { FADDEEVA } from "./coefficients.ts";
import { constant } from "./operands.ts";

/** A complex number, or arrays of their parts. */
export interface ComplexLike {
  readonly real: ArrayLike;
  readonly imag: ArrayLike;
}
type Complex = { readonly real: NdArray; readonly imag: NdArray };

const multiply = (x: Complex, y: Complex): Complex => ({
  real: x.real.mul(y.real).sub(x.imag.mul(y.imag)),
  imag: x.real.mul(y.imag).add(x.imag.mul(y.real)),
});
const negate = ({ real, imag }: Complex): Complex => ({ real: lax.neg(real), imag: lax.neg(imag) });
const invert = ({ real, imag }: Complex): Complex => {
  const norm = real.mul(real).add(imag.mul(imag));
  return { real: real.div(norm), imag: lax.neg(imag).div(norm) };
};
const choose = (condition: NdArray, x: Complex, y: Complex): Complex => ({
  real: where(condition, x.real, y.real),
  imag: where(condition, x.imag, y.imag),
});

/** Where the imaginary part is not negative. */
function upperHalf(z: Complex): Complex {
  const L = 4.756828460010884;
  const inverse = invert({ real: lax.add(z.imag, L), imag: lax.neg(z.real) });
  const Z = multiply({ real: lax.sub(L, z.imag), imag: z.real }, inverse);
  let p: Complex = { real: constant(z.real, FADDEEVA.c[0]), imag: constant(z.real, 0) };
  for (const c of FADDEEVA.c.slice(1)) {
    const product = multiply(p, Z);
    p = { real: product.real.add(c), imag: product.imag };
  }
  const first = multiply(p, multiply(inverse, inverse));
  const second = 1 / Math.sqrt(Math.PI);
  return {
    real: first.real.mul(2).add(inverse.real.mul(second)),
    imag: first.imag.mul(2).add(inverse.imag.mul(second)),
  };
}

const wofzOfArrays = customJvp((real: NdArray, imag: NdArray): Complex => {
  const z = { real, imag };
  const isUpper = imag.greaterEqual(0);
  const upper = upperHalf(choose(isUpper, z, negate(z)));
  const exponent = negate(multiply(z, z));
  const magnitude = lax.exp(exponent.real).mul(2);
  const reflected = {
    real: magnitude.mul(lax.cos(exponent.imag)).sub(upper.real),
    imag: magnitude.mul(lax.sin(exponent.imag)).sub(upper.imag),
  };
  return choose(isUpper, upper, reflected);
});
wofzOfArrays.defJvp(([real, imag], [dr, di]) => {
  const w = wofzOfArrays(real, imag);
  // w' = -2zw + 2i/√π
  const product = multiply({ real, imag }, w);
  const slope = { real: product.real.mul(-2), imag: product.imag.mul(-2).add(2 / Math.sqrt(Math.PI)) };
  return [w, multiply(slope, { real: dr, imag: di })];
});

/** w(z) = exp(−z²) erfc(−iz) of complex z (`jax.scipy.special.wofz`). */
export function wofz(z: ComplexLike | ArrayLike): Complex {
  const pair = typeof z === "object" && "imag" in z ? z : { real: z, imag: 0 };
  const [real, imag] = promoteArgsInexact("wofz", pair.real, pair.imag);
  return wofzOfArrays(real, imag);
}
