/**
 * Special functions of `jax.lax`. Operands are floats of one dtype and shape; JavaScript numbers and scalars fit every
 * shape. Each element of an iterating function (igamma, betainc, …) ends when its own series has.
 */
import type { BinaryName, UnaryName } from "../../compiler/graph/names.ts";
import { type ArrayLike, asArray, bindOne, type NdArray } from "../core/index.ts";
import { alignOperands } from "./operands.ts";

function unary(name: UnaryName, x: ArrayLike): NdArray {
  return bindOne(name, [asArray(x)], {});
}

function binary(name: BinaryName, x: ArrayLike, y: ArrayLike): NdArray {
  return bindOne(name, alignOperands(name, [x, y]), {});
}

/** The derivative of digamma of order m, a natural number (`jax.lax.polygamma`). */
export const polygamma = (m: ArrayLike, x: ArrayLike): NdArray => binary("polygamma", m, x);

/** The Hurwitz zeta function Σ (q + k)⁻ˣ (`jax.lax.zeta`). */
export const zeta = (x: ArrayLike, q: ArrayLike): NdArray => binary("zeta", x, q);

/** P(a, x), the regularised lower incomplete gamma function (`jax.lax.igamma`). */
export const igamma = (a: ArrayLike, x: ArrayLike): NdArray => binary("igamma", a, x);

/** Q(a, x) = 1 − P(a, x), exact where it is small (`jax.lax.igammac`). */
export const igammac = (a: ArrayLike, x: ArrayLike): NdArray => binary("igammac", a, x);

/** ∂P(a, x)/∂a (`jax.lax.igamma_grad_a`). */
export const igammaGradA = (a: ArrayLike, x: ArrayLike): NdArray => binary("igamma_grad_a", a, x);

/** The derivative by a of a sample of Gamma(a) that is x (`jax.lax.random_gamma_grad`). */
export const randomGammaGrad = (a: ArrayLike, x: ArrayLike): NdArray => binary("random_gamma_grad", a, x);

/**
 * I_x(a, b), the regularised incomplete beta function (`jax.lax.betainc`). Differentiable in x; throws WeftValueError
 * where its gradient in a or b is asked for.
 */
export function betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike): NdArray {
  return bindOne("regularized_incomplete_beta", alignOperands("betainc", [a, b, x]), {});
}

/** e^−|x| I₀(x), a modified Bessel function (`jax.lax.bessel_i0e`). */
export const besselI0e = (x: ArrayLike): NdArray => unary("bessel_i0e", x);

/** e^−|x| I₁(x), a modified Bessel function (`jax.lax.bessel_i1e`). */
export const besselI1e = (x: ArrayLike): NdArray => unary("bessel_i1e", x);
