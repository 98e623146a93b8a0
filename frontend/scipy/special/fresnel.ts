/** The Fresnel integrals, as SciPy has them after Cephes (S. L. Moshier, fresnl.c). */
import type { ArrayLike, NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { isinf, where } from "../../numpy/logic.ts";
import { inexact } from "../../numpy/promotion.ts";
import { fmod } from "../../numpy/ufuncs.ts";
import { customJvp } from "../../transforms/custom-jvp.ts";
import { FRESNEL } from "./coefficients.ts";
import { rational } from "./operands.ts";

/** [sin(πx²/2), cos(πx²/2)], the reduction exact. */
function sinCosHalfSquare(x: NdArray): [NdArray, NdArray] {
  const s = fmod(lax.abs(x), 2);
  const r = fmod(s.mul(lax.abs(x).sub(s.div(2))), 2);
  const sinPi = (y: NdArray): NdArray => lax.sin(y.mul(Math.PI));
  const sin = where(r.less(0.5), sinPi(r), where(r.greater(1.5), sinPi(r.sub(2)), lax.neg(sinPi(r.sub(1)))));
  const cos = where(r.less(1), lax.neg(sinPi(r.sub(0.5))), sinPi(r.sub(1.5)));
  return [sin, where(r.equal(0.5), 0, cos)];
}

function fresnelValue(given: NdArray): [NdArray, NdArray] {
  const single = given.dtype !== "float64";
  const x0 = given.dtype === "float16" ? given.astype("float32") : given;
  const c = FRESNEL[single ? "float32" : "float64"];
  const x = lax.abs(x0);
  const x2 = x.mul(x);
  const t = x2.mul(x2);
  const small = [x.mul(x2).mul(rational(c.sn, c.sd, t)), x.mul(rational(c.cn, c.cd, t))];
  const [sin, cos] = sinCosHalfSquare(x);
  const piX = x.mul(Math.PI);
  const large = single ? [0.5, 0.5] : [lax.sub(0.5, cos.div(piX)), sin.div(piX).add(0.5)];
  const inverse = lax.reciprocal(x2.mul(Math.PI));
  const u = inverse.mul(inverse);
  const f = lax.sub(1, u.mul(rational(c.fn, c.fd, u)));
  const g = inverse.mul(rational(c.gn, c.gd, u));
  const other = [
    lax.sub(0.5, f.mul(cos).add(g.mul(sin)).div(piX)),
    f.mul(sin).sub(g.mul(cos)).div(piX).add(0.5),
  ];
  const [s, co] = [0, 1].map((i) => {
    const middle = where(x.greater(36974), large[i], other[i]);
    const value = where(isinf(x0), 0.5, where(x2.less(2.5625), small[i], middle));
    return where(x0.less(0), lax.neg(value), value).astype(given.dtype);
  });
  return [s, co];
}

const fresnelOfArray = customJvp(fresnelValue);
fresnelOfArray.defJvp(([x], [dx]) => {
  const [sin, cos] = sinCosHalfSquare(x);
  return [fresnelOfArray(x), [sin.mul(dx), cos.mul(dx)]];
});

/** The Fresnel integrals [S(x), C(x)] (`jax.scipy.special.fresnel`). */
export function fresnel(x: ArrayLike): [NdArray, NdArray] {
  return fresnelOfArray(inexact("fresnel", x));
}
