/**
 * Gamma samples and what is made of them (`jax.random`). A sample is drawn by G. Marsaglia and W. W. Tsang's method with
 * the keys that JAX takes, and differentiated by its parameter implicitly.
 */
import type { Shape } from "../../compiler/types/tensor-type.ts";
import { whileLoop } from "../control/while-loop.ts";
import { type ArrayLike, formatShape, full, NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeShape } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { indexInDim, reshape } from "../lax/movement.ts";
import { broadcastShapes, constantLike } from "../lax/operands.ts";
import { randomGammaGrad } from "../lax/special.ts";
import { softmax } from "../nn/functions.ts";
import { finfo } from "../numpy/dtypes.ts";
import { toArray } from "../numpy/promotion.ts";
import { customJvp } from "../transforms/custom-jvp.ts";
import { vmap } from "../transforms/vmap.ts";
import { checkFloat, type FloatOptions, parameter, uniform } from "./bits.ts";
import { rademacher } from "./discrete.ts";
import { exponential } from "./distributions.ts";
import { type KeyLike, split, splitWords } from "./keys.ts";
import { normal } from "./normal.ts";

type Size = number | Shape;

/** The shape given, or what the parameters broadcast to. */
function shapeOf(shape: Size | null, ...parameters: readonly ArrayLike[]): Shape {
  if (shape !== null) return canonicalizeShape(shape);
  return broadcastShapes(...parameters.map((p) => (p instanceof NdArray ? p.shape : [])));
}

/** Two keys of a key, or more. */
function keysOf(key: NdArray, count = 2): NdArray[] {
  const words = split(key, count);
  return Array.from({ length: count }, (_, i) => indexInDim(words, i, { keepdims: false }));
}

/** One sample of Gamma(alpha, 1), or its logarithm. */
function gammaOne(key: NdArray, alpha: NdArray, logSpace: boolean): NdArray {
  const { dtype } = alpha;
  const number = (x: number): NdArray => full(x, dtype);
  // A sample for alpha below 1 is one for alpha + 1 times u^(1/alpha).
  const boosted = alpha.less(1);
  const d = lax.select(boosted, alpha.add(1), alpha).sub(number(1 / 3));
  const c = lax.div(number(1 / 3), lax.sqrt(d));
  const [loopKey, boostKey] = keysOf(key);

  const { V } = whileLoop(
    ({ X, V, U }) => {
      const outsideSqueeze = U.greaterEqual(lax.sub(1, X.mul(X).mul(0.0331)));
      const log = X.mul(0.5).add(d.mul(lax.sub(1, V).add(lax.log(V))));
      return outsideSqueeze.logicalAnd(lax.log(U).greaterEqual(log));
    },
    ({ key }) => {
      const [next, normalKey, uniformKey] = keysOf(key, 3);
      const { x, v } = whileLoop(
        ({ v }) => v.lessEqual(0),
        (state) => {
          const [following, subkey] = keysOf(state.key);
          const x = normal(subkey, [], { dtype });
          return { key: following, x, v: x.mul(c).add(1) };
        },
        { key: normalKey, x: number(0), v: number(-1) },
      );
      return { key: next, X: x.mul(x), V: v.mul(v).mul(v), U: uniform(uniformKey, [], { dtype }) };
    },
    // With these the loop's condition holds.
    { key: loopKey, X: number(0), V: number(1), U: number(2) },
  );
  if (logSpace) {
    const logSample = lax.neg(exponential(boostKey, [], { dtype }));
    const boost = logSample.mul(lax.reciprocal(alpha));
    const needed = boosted.logicalAnd(logSample.notEqual(0));
    return lax
      .log(d)
      .add(lax.log(V))
      .add(lax.select(needed, boost, number(0)));
  }
  const sample = lax.sub(1, uniform(boostKey, [], { dtype }));
  return d.mul(V).mul(lax.select(boosted, lax.pow(sample, lax.reciprocal(alpha)), number(1)));
}

/** Samples for the elements of a vector, one key of `keys` each. */
function gammaSampler(logSpace: boolean) {
  const sample = customJvp((keys: NdArray, a: NdArray): NdArray => {
    if (a.size === 0) return a;
    return vmap((key: NdArray, alpha: NdArray) => gammaOne(key, alpha, logSpace))(keys, a);
  });
  sample.defJvp(([keys, a], [, da]) => {
    const value = sample(keys, a);
    if (!logSpace) return [value, randomGammaGrad(a, value).mul(da)];
    // d log x = dx / x; where x underflows the least normal number stands for it.
    const x = lax.exp(value);
    const safe = lax.select(x.equal(0), constantLike(x, finfo(x.dtype).tiny), x);
    return [value, randomGammaGrad(a, safe).div(safe).mul(da)];
  });
  return sample;
}

const gammaSamples = gammaSampler(false);
const logGammaSamples = gammaSampler(true);

function gammaOf(
  name: string,
  key: KeyLike,
  a: ArrayLike,
  shape: Size | null,
  options: FloatOptions,
  logSpace: boolean,
): NdArray {
  const dtype = checkFloat("gamma", options.dtype ?? "float32");
  const sizes = shapeOf(shape, a);
  const alpha = parameter(name, a, dtype, sizes);
  const keys = splitWords(name, key, [alpha.size]);
  const samples = (logSpace ? logGammaSamples : gammaSamples)(keys, reshape(alpha, [alpha.size]));
  return reshape(samples, sizes);
}

/** Gamma of shape parameter a and scale 1, differentiable in a (`jax.random.gamma`). */
export function gamma(
  key: KeyLike,
  a: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  return gammaOf("gamma", key, a, shape, options, false);
}

/** Logarithms of gamma samples, exact for small a, where they would underflow (`jax.random.loggamma`). */
export function loggamma(
  key: KeyLike,
  a: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  return gammaOf("loggamma", key, a, shape, options, true);
}

function twoKeys(name: string, key: KeyLike): [NdArray, NdArray] {
  const words = splitWords(name, key, [2]);
  return [indexInDim(words, 0, { keepdims: false }), indexInDim(words, 1, { keepdims: false })];
}

/** Beta of parameters a and b (`jax.random.beta`). */
export function beta(
  key: KeyLike,
  a: ArrayLike,
  b: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("beta", options.dtype ?? "float32");
  const sizes = shapeOf(shape, a, b);
  const [keyA, keyB] = twoKeys("beta", key);
  const logA = loggamma(keyA, parameter("beta", a, dtype, sizes), sizes, { dtype });
  const logB = loggamma(keyB, parameter("beta", b, dtype, sizes), sizes, { dtype });
  const top = lax.max(logA, logB);
  const [scaledA, scaledB] = [lax.exp(logA.sub(top)), lax.exp(logB.sub(top))];
  return scaledA.div(scaledA.add(scaledB));
}

/**
 * Dirichlet of concentrations alpha[…, n]; `shape` is that of the batch, without n (`jax.random.dirichlet`). Throws
 * WeftValueError for a scalar alpha.
 */
export function dirichlet(
  key: KeyLike,
  alpha: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("dirichlet", options.dtype ?? "float32");
  const a = toArray("dirichlet", alpha);
  if (a.ndim === 0) {
    throw new WeftValueError(`dirichlet requires alpha.ndim >= 1, got alpha.ndim == ${a.ndim}`);
  }
  const batch = shape === null ? a.shape.slice(0, -1) : canonicalizeShape(shape);
  const sizes = [...batch, a.shape[a.ndim - 1]];
  return softmax(loggamma(key, parameter("dirichlet", a, dtype, sizes), sizes, { dtype }), -1);
}

/** Chi-squared of df degrees of freedom (`jax.random.chisquare`). */
export function chisquare(
  key: KeyLike,
  df: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("chisquare", options.dtype ?? "float32");
  const sizes = shapeOf(shape, df);
  const half = parameter("chisquare", df, dtype, sizes).div(2);
  return lax.exp(loggamma(key, half, sizes, { dtype })).mul(2);
}

/** Student's t of df degrees of freedom (`jax.random.t`). */
export function t(
  key: KeyLike,
  df: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("t", options.dtype ?? "float32");
  const sizes = shapeOf(shape, df);
  const [normalKey, gammaKey] = twoKeys("t", key);
  const half = parameter("t", df, dtype, sizes).div(2);
  const n = normal(normalKey, sizes, { dtype });
  return n.mul(lax.sqrt(half.div(gamma(gammaKey, half, sizes, { dtype }))));
}

/** F of dfnum and dfden degrees of freedom (`jax.random.f`). */
export function f(
  key: KeyLike,
  dfnum: ArrayLike,
  dfden: ArrayLike,
  shape: Size | null = null,
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("f", options.dtype ?? "float32");
  const sizes = shapeOf(shape, dfnum, dfden);
  const [keyDen, keyNum] = twoKeys("f", key);
  const [num, den] = [dfnum, dfden].map((df) => parameter("f", df, dtype, sizes));
  const numerator = chisquare(keyNum, num, sizes, { dtype }).div(num);
  return numerator.div(chisquare(keyDen, den, sizes, { dtype }).div(den));
}

/** Generalised normal of shape parameter p (`jax.random.generalized_normal`). */
export function generalizedNormal(
  key: KeyLike,
  p: number,
  shape: Size = [],
  options: FloatOptions = {},
): NdArray {
  const dtype = checkFloat("generalized_normal", options.dtype ?? "float32");
  const sizes = canonicalizeShape(shape);
  if (!(p > 0))
    throw new WeftValueError(`generalized_normal requires p > 0, got ${p} for shape ${formatShape(sizes)}`);
  const [gammaKey, signKey] = twoKeys("generalized_normal", key);
  const g = gamma(gammaKey, 1 / p, sizes, { dtype });
  return rademacher(signKey, sizes, { dtype }).mul(lax.pow(g, 1 / p));
}
