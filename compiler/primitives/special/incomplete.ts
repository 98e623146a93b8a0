/** Incomplete gamma and beta functions, the Hurwitz zeta function, polygamma. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import type { NoParams } from "../../graph/operations.ts";
import { type JvpRule, notDifferentiable } from "../../graph/primitive.ts";
import { FLOAT32, FLOAT64, type Format } from "../../math/format.ts";
import * as beta from "../../math/incomplete-beta.ts";
import * as gamma from "../../math/incomplete-gamma.ts";
import * as zetaBody from "../../math/zeta.ts";
import type { DType } from "../../types/dtype.ts";
import { WeftValueError } from "../../types/errors.ts";
import { binaryElementwise, constantLike } from "../elementwise/rules.ts";
import { FLOATING } from "../typing.ts";
import { iterativeElementwise } from "./iterative.ts";
import * as reference from "./series.ts";

const POSITIVE_SPECIALS = [0, 1, 0.5, 3, 30, -1, Number.POSITIVE_INFINITY, Number.NaN];

/** xᵃ⁻¹e⁻ˣ/Γ(a), the derivative of P(a, x) by x. */
function gammaDensity(b: Builder, a: Operand, x: Operand): Operand {
  const power = b.mul(b.sub(a, constantLike(b, a, 1)), b.unary("log", x));
  return b.unary("exp", b.sub(b.sub(power, x), b.unary("lgamma", a)));
}

/** Tangents of P and, negated, of Q. */
function igammaJvp(name: "igamma" | "igammac"): JvpRule<NoParams> {
  const signed = (b: Builder, t: Operand): Operand => (name === "igamma" ? t : b.neg(t));
  return (b, [a, x], [ga, gx]) => {
    const ta = ga === null ? null : signed(b, b.mul(ga, b.binary("igamma_grad_a", a, x)));
    const tx = gx === null ? null : signed(b, b.mul(gx, gammaDensity(b, a, x)));
    return { outputs: [b.binary(name, a, x)], tangents: [b.addTangents(ta, tx)] };
  };
}

export const igamma = iterativeElementwise({
  name: "igamma",
  arity: 2,
  evaluate: reference.igamma,
  jvp: igammaJvp("igamma"),
  body: gamma.igamma,
  test: { domains: [[0.3, 6]], special: POSITIVE_SPECIALS, ulp: 64, order: 1 },
});

export const igammac = iterativeElementwise({
  name: "igammac",
  arity: 2,
  evaluate: reference.igammac,
  jvp: igammaJvp("igammac"),
  body: gamma.igammac,
  test: { domains: [[0.3, 6]], special: POSITIVE_SPECIALS, ulp: 64, order: 1 },
});

export const igamma_grad_a = iterativeElementwise({
  name: "igamma_grad_a",
  arity: 2,
  evaluate: reference.igammaGradA,
  jvp: notDifferentiable("Differentiation rule for 'igamma_grad_a' not implemented"),
  body: (F, k, a, x) => gamma.igammaGrad(F, k, "derivative", a, x),
  test: { domains: [[0.3, 6]], special: [1, 0.5, 3, -1, NaN], ulp: 1024 },
});

export const random_gamma_grad = iterativeElementwise({
  name: "random_gamma_grad",
  arity: 2,
  evaluate: reference.randomGammaGrad,
  jvp: notDifferentiable("Differentiation rule for 'random_gamma_grad' not implemented"),
  body: (F, k, a, x) => gamma.igammaGrad(F, k, "sampleDerivative", a, x),
  test: { domains: [[0.3, 6]], special: [1, 0.5, 3, -1, NaN], ulp: 1024 },
});

export const regularized_incomplete_beta = iterativeElementwise({
  name: "regularized_incomplete_beta",
  arity: 3,
  evaluate: reference.betainc,
  jvp(b, [a, c, x], [ga, gc, gx]) {
    if (ga !== null || gc !== null) {
      throw new WeftValueError("Betainc gradient with respect to a and b not supported.");
    }
    const ans = b.one("regularized_incomplete_beta", [a, c, x], {});
    if (gx === null) return { outputs: [ans], tangents: [null] };
    const one = constantLike(b, x, 1);
    const lgamma = (y: Operand): Operand => b.unary("lgamma", y);
    const logBeta = b.sub(b.add(lgamma(a), lgamma(c)), lgamma(b.add(a, c)));
    const right = b.mul(b.sub(c, one), b.unary("log1p", b.neg(x)));
    const left = b.mul(b.sub(a, one), b.unary("log", x));
    const density = b.unary("exp", b.sub(b.add(right, left), logBeta));
    return { outputs: [ans], tangents: [b.mul(density, gx)] };
  },
  body: beta.betainc,
  test: {
    cases: (["float32", "float64", "float16"] as const).flatMap((dtype) =>
      [[], [5], [2, 3]].map((shape) => ({
        inputs: [
          { shape, dtype, domain: [0.3, 6] as const },
          { shape, dtype, domain: [0.3, 6] as const },
          { shape, dtype, domain: [0, 1] as const },
        ],
        params: {},
      })),
    ),
    ulp: 64,
    order: 0,
  },
});

function formatOf(dtype: DType): Format {
  return dtype === "float64" ? FLOAT64 : FLOAT32;
}

export const zeta = binaryElementwise("zeta", {
  accepts: FLOATING,
  evaluate: reference.zeta,
  tangents: notDifferentiable("Differentiation rule for 'zeta' not implemented"),
  lower: (_, x, q, dtype) => zetaBody.zeta(formatOf(dtype), x, q),
  cost: "expensive",
  domains: [
    [1.5, 6],
    [0.3, 6],
  ],
  test: { special: [0, 1, 2, 3, 0.5, -1, -1.5, NaN], ulp: 32 },
});

export const polygamma = binaryElementwise("polygamma", {
  accepts: FLOATING,
  evaluate: reference.polygamma,
  tangents: [
    () => {
      throw new WeftValueError("polygamma gradient with respect to m is not supported");
    },
    (b, g, _, m, x) => b.mul(g, b.binary("polygamma", b.add(m, constantLike(b, m, 1)), x)),
  ],
  lower: (_, m, x, dtype) => zetaBody.polygamma(formatOf(dtype), m, x),
  cost: "expensive",
  domains: [
    [1, 1],
    [0.3, 6],
  ],
  test: { special: [0, 1, 2, 3, 0.5, -1, NaN], ulp: 64, order: 0 },
});
