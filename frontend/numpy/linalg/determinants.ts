/** Determinants (`jax.numpy.linalg`). */
import {
  type ArrayLike,
  bindOne,
  convert,
  formatShape,
  type NdArray,
  WeftValueError,
} from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import * as factor from "../../lax/linalg.ts";
import { broadcastedIota, concatenate, expandDims, reshape, sliceInDim } from "../../lax/movement.ts";
import { broadcastTo, constantLike } from "../../lax/operands.ts";
import { cumprod } from "../../lax/reductions.ts";
import { customJvp } from "../../transforms/custom-jvp.ts";
import { any, prod, sum } from "../reductions.ts";
import { checkSquare, floatMatrix } from "./matrices.ts";
import { factorAndSolve } from "./solving.ts";

/** Element (i, j) of each matrix: [...]. */
function element(a: NdArray, i: number, j: number): NdArray {
  const row = sliceInDim(a, i, i + 1, { axis: a.ndim - 2 });
  return reshape(sliceInDim(row, j, j + 1, { axis: a.ndim - 1 }), a.shape.slice(0, -2));
}

function traceOf(a: NdArray): NdArray {
  return sum(factor.diagonalOf(a), { axis: -1 });
}

/** -1 for every row exchange that was one. */
function exchangeSign(pivots: NdArray, like: NdArray): NdArray {
  const places = broadcastedIota("int32", pivots.shape, pivots.ndim - 1);
  const exchanges = sum(convert(lax.ne(pivots, places), "int32"), { axis: -1 });
  return signOfParity(exchanges, like);
}

function signOfParity(count: NdArray, like: NdArray): NdArray {
  return convert(lax.sub(1, lax.mul(lax.rem(count, 2), 2)), like.dtype);
}

function logByLu(a: NdArray): [sign: NdArray, logAbs: NdArray] {
  const [factors, pivots] = factor.lu(a);
  const diagonal = factor.diagonalOf(factors);
  const isZero = any(lax.eq(diagonal, 0), { axis: -1 });
  const negatives = sum(convert(lax.lt(diagonal, 0), "int32"), { axis: -1 });
  const sign = lax.mul(exchangeSign(pivots, a), signOfParity(negatives, a));
  const logAbs = sum(lax.log(lax.abs(diagonal)), { axis: -1 });
  return [
    lax.select(isZero, constantLike(sign, 0), sign),
    lax.select(isZero, constantLike(logAbs, Number.NEGATIVE_INFINITY), logAbs),
  ];
}

function logByQr(a: NdArray): [sign: NdArray, logAbs: NdArray] {
  const [factors, taus] = factor.geqrf(a);
  const diagonal = factor.diagonalOf(factors);
  const n = a.shape[a.ndim - 1];
  const logAbs = sum(lax.log(lax.abs(diagonal)), { axis: -1 });
  // Every reflection made has determinant -1.
  const made = sliceInDim(taus, 0, Math.max(n - 1, 0), { axis: taus.ndim - 1 });
  const reflections = sum(convert(lax.ne(made, 0), "int32"), { axis: -1 });
  return [lax.mul(prod(lax.sign(diagonal), { axis: -1 }), signOfParity(reflections, a)), logAbs];
}

/** ln|det| and its sign; the derivative is trace(a⁻¹·ȧ). */
function withTraceRule(f: (a: NdArray) => [sign: NdArray, logAbs: NdArray]) {
  const apply = customJvp((a: NdArray) => f(a));
  apply.defJvp(([a], [tangent]) => {
    const [sign, logAbs] = apply(a);
    return [
      [sign, logAbs],
      [constantLike(sign, 0), traceOf(factorAndSolve(a, tangent))],
    ];
  });
  return apply;
}

const slogdetLu = withTraceRule(logByLu);
const slogdetQr = withTraceRule(logByQr);

/** n ≤ 2 in closed form, as JAX. */
const slogdetSmall = customJvp((a: NdArray): [sign: NdArray, logAbs: NdArray] => {
  const d = smallDeterminant(a);
  return [lax.sign(d), lax.log(lax.abs(d))];
});
slogdetSmall.defJvp(([a], [tangent]) => {
  const [sign, logAbs] = slogdetSmall(a);
  const n = a.shape[a.ndim - 1];
  const at = (i: number, j: number): NdArray => element(a, i, j);
  const dot = (i: number, j: number): NdArray => element(tangent, i, j);
  const change =
    n === 1
      ? dot(0, 0)
      : lax.add(
          lax.sub(lax.mul(dot(0, 0), at(1, 1)), lax.mul(dot(0, 1), at(1, 0))),
          lax.sub(lax.mul(at(0, 0), dot(1, 1)), lax.mul(at(0, 1), dot(1, 0))),
        );
  return [
    [sign, logAbs],
    [constantLike(sign, 0), lax.div(change, smallDeterminant(a))],
  ];
});

function smallDeterminant(a: NdArray): NdArray {
  const at = (i: number, j: number): NdArray => element(a, i, j);
  if (a.shape[a.ndim - 1] === 1) return at(0, 0);
  return lax.sub(lax.mul(at(0, 0), at(1, 1)), lax.mul(at(0, 1), at(1, 0)));
}

/**
 * [sign, ln|det|] of square matrices (`jnp.linalg.slogdet`); [0, -inf] for a singular one. `method` "qr" instead of
 * "lu" is another way to the same.
 */
export function slogdet(
  a: ArrayLike,
  options: { readonly method?: "lu" | "qr" | null } = {},
): [sign: NdArray, logabsdet: NdArray] {
  const x = floatMatrix("linalg.slogdet", a);
  checkSquare("Argument to slogdet()", x);
  const { method = "lu" } = options;
  if (method === "qr") return slogdetQr(x);
  if (method !== "lu" && method !== null) {
    throw new WeftValueError(
      `Unknown slogdet method '${String(method)}'. Supported methods are 'lu' (\`None\`), and 'qr'.`,
    );
  }
  const n = x.shape[x.ndim - 1];
  return n === 1 || n === 2 ? slogdetSmall(x) : slogdetLu(x);
}

function sarrus(a: NdArray): NdArray {
  const term = (i: number, j: number, k: number): NdArray =>
    lax.mul(lax.mul(element(a, 0, i), element(a, 1, j)), element(a, 2, k));
  const plus = lax.add(lax.add(term(0, 1, 2), term(1, 2, 0)), term(2, 0, 1));
  return lax.sub(lax.sub(lax.sub(plus, term(2, 1, 0)), term(0, 2, 1)), term(1, 0, 2));
}

/**
 * [det(a), det(a)·a⁻¹·b], the second of which exists for matrices of rank n - 1 too: the last pivot is never divided by
 * (jax's _cofactor_solve). Zero where the rank is less still.
 */
function cofactorSolve(a: NdArray, b: NdArray): [det: NdArray, solution: NdArray] {
  const n = a.shape[a.ndim - 1];
  if (n === 1) return [element(a, 0, 0), b];
  const [factors, pivots, permutation] = factor.lu(a);
  const rowAxis = a.ndim - 2;
  const diagonal = factor.diagonalOf(factors);
  const partial = lax.mul(
    cumprod(diagonal, diagonal.ndim - 1),
    broadcastTo(expandDims(exchangeSign(pivots, a), [diagonal.ndim - 1]), diagonal.shape),
  );
  const lastOf = (k: number): NdArray => sliceInDim(partial, k, k + 1, { axis: partial.ndim - 1 });
  const det = reshape(lastOf(n - 1), a.shape.slice(0, -2));
  const corner = broadcastTo(
    expandDims(lax.div(constantLike(lastOf(n - 2), 1), lastOf(n - 2)), [partial.ndim]),
    a.shape,
  );
  const rows = broadcastedIota("int32", [n, n], 0);
  const columns = broadcastedIota("int32", [n, n], 1);
  const isCorner = broadcastTo(lax.eq(lax.add(rows, columns), 2 * n - 2), a.shape);
  const changed = lax.select(isCorner, corner, factors);
  const probe = factor.triangularSolve(changed, constantLike(sliceInDim(a, 0, 1, { axis: a.ndim - 1 }), 1), {
    leftSide: true,
  });
  const isLost = any(lax.bitwiseNot(lax.isFinite(probe)), { axis: [-2, -1], keepdims: true });
  const filter = (x: NdArray): NdArray => lax.select(broadcastTo(isLost, x.shape), constantLike(x, 0), x);
  const ordered = factor.takeRows(filter(b), permutation);
  const low = factor.triangularSolve(changed, ordered, { leftSide: true, lower: true, unitDiagonal: true });
  const head = sliceInDim(low, 0, n - 1, { axis: rowAxis });
  const scale = broadcastTo(reshape(det, [...det.shape, 1, 1]), head.shape);
  const scaled = concatenate([lax.mul(head, scale), sliceInDim(low, n - 1, n, { axis: rowAxis })], rowAxis);
  return [det, filter(factor.triangularSolve(changed, scaled, { leftSide: true }))];
}

const detByLu = customJvp((a: NdArray) => {
  const [sign, logAbs] = slogdet(a);
  return lax.mul(sign, lax.exp(logAbs));
});
detByLu.defJvp(([a], [tangent]) => {
  const [det, solution] = cofactorSolve(a, tangent);
  return [det, traceOf(solution)];
});

/** Determinants of square matrices (`jnp.linalg.det`). The gradient of a singular matrix is its cofactors, as in JAX. */
export function det(a: ArrayLike): NdArray {
  const x = floatMatrix("linalg.det", a);
  if (x.ndim < 2 || x.shape[x.ndim - 1] !== x.shape[x.ndim - 2]) {
    throw new WeftValueError(`Argument to _det() must have shape [..., n, n], got ${formatShape(x.shape)}`);
  }
  const n = x.shape[x.ndim - 1];
  if (n === 2) return smallDeterminant(x);
  if (n === 3) return sarrus(x);
  if (n === 0) return bindOne("reduce_prod", [factor.diagonalOf(x)], { axes: [x.ndim - 2] });
  return detByLu(x);
}
