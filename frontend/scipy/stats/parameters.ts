/**
 * Distributions with a location and a scale. JAX's users give both by position or by keyword; so `norm.logpdf(x, 1, 2)`
 * and `norm.logpdf(x, { loc: 1, scale: 2 })` are the same. Parameters promote and broadcast.
 */
import { type ArrayLike, NdArray } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { promoteArgsInexact } from "../../numpy/promotion.ts";

/** The place of a distribution, as in SciPy. */
export interface LocOptions {
  /** Added to the variable; default 0. */
  readonly loc?: ArrayLike;
}
/** Place and scale of a distribution, as in SciPy. */
export interface LocScaleOptions extends LocOptions {
  /** The variable is multiplied with it; default 1. */
  readonly scale?: ArrayLike;
}

/** Location and scale, after the parameters of the distribution's shape. */
export type LocScale = readonly [loc?: ArrayLike, scale?: ArrayLike] | readonly [options?: LocScaleOptions];
/** The location of a discrete distribution. */
export type Loc = readonly [loc?: ArrayLike] | readonly [options?: LocOptions];

/** What a distribution is evaluated at: y = (x - loc) / scale. */
export interface Point {
  readonly x: NdArray;
  readonly loc: NdArray;
  readonly scale: NdArray;
  readonly y: NdArray;
}

type OfPoint = (point: Point, ...shapes: NdArray[]) => NdArray;

function isArray(x: ArrayLike | LocScaleOptions | undefined): x is ArrayLike {
  return typeof x !== "object" || x instanceof NdArray;
}

function evaluate(name: string, f: OfPoint, given: readonly ArrayLike[], rest: LocScale): NdArray {
  const [first, second] = rest;
  const byPosition = isArray(first);
  const location = (byPosition ? first : first?.loc) ?? 0;
  const factor = (byPosition ? second : first?.scale) ?? 1;
  const [x, loc, scale, ...shapes] = promoteArgsInexact(name, given[0], location, factor, ...given.slice(1));
  return f({ x, loc, scale, y: x.sub(loc).div(scale) }, ...shapes);
}

/** A function of x, loc and scale. */
export function located(name: string, f: (p: Point) => NdArray) {
  return (x: ArrayLike, ...rest: LocScale): NdArray => evaluate(name, f, [x], rest);
}

/** The same with a parameter of shape. */
export function located1(name: string, f: (p: Point, a: NdArray) => NdArray) {
  return (x: ArrayLike, a: ArrayLike, ...rest: LocScale): NdArray => evaluate(name, f, [x, a], rest);
}

/** The same with two. */
export function located2(name: string, f: (p: Point, a: NdArray, b: NdArray) => NdArray) {
  return (x: ArrayLike, a: ArrayLike, b: ArrayLike, ...rest: LocScale): NdArray =>
    evaluate(name, f, [x, a, b], rest);
}

/** A function of a discrete variable k and a parameter: `y` is k - loc. */
export function counted1(name: string, f: (p: Point, a: NdArray) => NdArray) {
  return (k: ArrayLike, a: ArrayLike, ...rest: Loc): NdArray => evaluate(name, f, [k, a], rest);
}

/** The same with two parameters. */
export function counted2(name: string, f: (p: Point, a: NdArray, b: NdArray) => NdArray) {
  return (k: ArrayLike, a: ArrayLike, b: ArrayLike, ...rest: Loc): NdArray =>
    evaluate(name, f, [k, a, b], rest);
}

/** The same with three. */
export function counted3(name: string, f: (p: Point, a: NdArray, b: NdArray, c: NdArray) => NdArray) {
  return (k: ArrayLike, a: ArrayLike, b: ArrayLike, c: ArrayLike, ...rest: Loc): NdArray =>
    evaluate(name, f, [k, a, b, c], rest);
}

/** e to what `f` gives: a density of its logarithm. */
export function exponential<A extends readonly unknown[]>(f: (...args: A) => NdArray) {
  return (...args: A): NdArray => lax.exp(f(...args));
}

/** Logarithm of what `f` gives. */
export function logarithm<A extends readonly unknown[]>(f: (...args: A) => NdArray) {
  return (...args: A): NdArray => lax.log(f(...args));
}

/** Whether 0 ≤ q ≤ 1, which is false of NaN. */
export function isProbability(q: NdArray): NdArray {
  return q.greaterEqual(0).logicalAnd(q.lessEqual(1));
}
