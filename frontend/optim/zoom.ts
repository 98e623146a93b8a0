/**
 * Line search by bracketing and zooming (optax's `scale_by_zoom_linesearch`; Nocedal & Wright, Numerical Optimization,
 * algorithms 3.5 and 3.6, with the approximate decrease condition of Hager & Zhang 2006).
 */
import { cond, whileLoop } from "../control/index.ts";
import { type ArrayLike, convert, full, type NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { isinf, isnan, logicalAnd, logicalNot, logicalOr, where } from "../numpy/logic.ts";
import { abs, add, divide, maximum, minimum, multiply, square, subtract } from "../numpy/ufuncs.ts";
import { valueAndGrad } from "../transforms/gradient.ts";
import { count0, type GradientTransformation, safeIncrement, transformation } from "./base.ts";
import { castLike, type LineSearchArgs, lineSearchArgs, stepAlong, valueDtype } from "./linesearch.ts";
import { vdot, where as whereTree } from "./tree-utils.ts";
import { mapTree, type OptState, zerosOf } from "./trees.ts";

/** `optax.ScaleByZoomLinesearchState`. */
export interface ScaleByZoomLinesearchState extends OptState {
  readonly learningRate: NdArray;
  /** The loss after the step. */
  readonly value: NdArray;
  /** Its gradient there. */
  readonly grad: unknown;
  readonly info: {
    readonly numLinesearchSteps: NdArray;
    readonly decreaseError: NdArray;
    readonly curvatureError: NdArray;
  };
}

/** Options of `scaleByZoomLinesearch`. */
export interface ZoomOptions {
  /** Greatest step; null for none. */
  readonly maxLearningRate?: ArrayLike | null;
  /** Errors taken for none. Default 0. */
  readonly tol?: ArrayLike;
  /** Factor of steps in search of an interval. Default 2. */
  readonly increaseFactor?: ArrayLike;
  /** Part of the decrease that the slope promises which a step has to bring. Default 1e-4. */
  readonly slopeRtol?: ArrayLike;
  /** Part of the slope that may be left (Wolfe's condition). Default 0.9. */
  readonly curvRtol?: ArrayLike;
  /** Part of the value within which a decrease is measured by slopes; null for never. Default 1e-6. */
  readonly approxDecRtol?: ArrayLike | null;
  /** Length of the interval below which the search ends. Default 1e-5. */
  readonly stepsizePrecision?: ArrayLike;
  /** The first step: the last one found, or 1. Default "keep". */
  readonly initialGuessStrategy?: "keep" | "one";
}

/** A step, and the loss and its slope along the line there. */
interface Point {
  readonly at: NdArray;
  readonly value: NdArray;
  readonly slope: NdArray;
}

/** What the search carries from try to try. */
interface Search {
  readonly count: NdArray;
  readonly current: Point;
  readonly grad: unknown;
  readonly decreaseError: NdArray;
  readonly curvatureError: NdArray;
  readonly intervalFound: NdArray;
  readonly done: NdArray;
  readonly failed: NdArray;
  readonly low: Point;
  readonly high: Point;
  readonly cubic: { readonly at: NdArray; readonly value: NdArray };
  /** The best step so far that decreases the loss enough; 0 where there is none. */
  readonly safe: { readonly at: NdArray; readonly value: NdArray; readonly grad: unknown };
}

/**
 * Updates times a step size that fulfils the strong Wolfe conditions (`optax.scale_by_zoom_linesearch`). Needs the
 * parameters and the extra arguments value, grad and valueFn; the updates must go downhill. Where no such step is found,
 * one that decreases the loss is taken, or none.
 */
export function scaleByZoomLinesearch(
  maxLinesearchSteps: number,
  options: ZoomOptions = {},
): GradientTransformation<ScaleByZoomLinesearchState> {
  const { initialGuessStrategy = "keep" } = options;
  if (initialGuessStrategy !== "keep" && initialGuessStrategy !== "one") {
    throw new WeftValueError(`Unknown initial guess strategy: ${String(initialGuessStrategy)}`);
  }
  return transformation<ScaleByZoomLinesearchState>(
    ["learningRate", "value", "grad", "info"],
    (params) => {
      const dtype = valueDtype(params);
      return {
        learningRate: full(1, dtype),
        value: full(Infinity, dtype),
        grad: zerosOf(params),
        info: {
          numLinesearchSteps: count0(),
          decreaseError: full(Infinity, dtype),
          curvatureError: full(Infinity, dtype),
        },
      };
    },
    (updates, state, params, extra) => {
      const args = lineSearchArgs("scaleByZoomLinesearch", params, extra);
      const guess = initialGuessStrategy === "one" ? full(1, args.value.dtype) : state.learningRate;
      const found = new ZoomLinesearch(maxLinesearchSteps, options, args, updates, guess).run();
      const learningRate = found.current.at;
      const { value } = found.current;
      return [
        mapTree((u) => multiply(u, learningRate), updates),
        castLike(
          {
            learningRate,
            value,
            grad: found.grad,
            info: {
              numLinesearchSteps: found.count,
              decreaseError: found.decreaseError,
              curvatureError: found.curvatureError,
            },
          },
          state,
        ),
      ];
    },
  );
}

class ZoomLinesearch {
  readonly #steps: number;
  readonly #options: ZoomOptions;
  readonly #args: LineSearchArgs;
  readonly #updates: unknown;
  readonly #guess: NdArray;
  readonly #slope: NdArray;

  constructor(steps: number, options: ZoomOptions, args: LineSearchArgs, updates: unknown, guess: NdArray) {
    this.#steps = steps;
    this.#options = options;
    this.#args = args;
    this.#updates = updates;
    this.#guess = guess;
    this.#slope = convert(vdot(updates, args.grad), args.value.dtype);
  }

  run(): Search {
    const { value, grad } = this.#args;
    const zero = full(0, value.dtype);
    const infinite = full(Infinity, value.dtype);
    const no = full(0, "bool");
    const start: Point = { at: zero, value, slope: this.#slope };
    const init: Search = {
      count: count0(),
      current: start,
      grad,
      decreaseError: infinite,
      curvatureError: infinite,
      intervalFound: no,
      done: no,
      failed: no,
      low: start,
      high: start,
      cubic: { at: zero, value },
      safe: { at: zero, value, grad },
    };
    return whileLoop(
      (s: Search) => logicalNot(logicalOr(s.done, s.failed)),
      (s: Search): Search => {
        const next = cond(
          s.intervalFound,
          () => castLike(this.#zoom(s), s),
          () => castLike(this.#widen(s), s),
        ) as Search;
        return cond(
          next.failed,
          () => castLike(this.#fallBack(next), next),
          () => next,
        ) as Search;
      },
      init,
    ) as Search;
  }

  /** The loss, its gradient and its slope after a step. */
  #evaluate(at: NdArray): { point: Point; grad: unknown } {
    const { params, valueFn } = this.#args;
    const [value, grad] = valueAndGrad(valueFn)(stepAlong(params, at, this.#updates));
    return { point: { at, value, slope: vdot(grad, this.#updates) }, grad };
  }

  /** By how much a step misses sufficient decrease. */
  #decreaseError({ at, value, slope }: Point): NdArray {
    const { slopeRtol = 1e-4, approxDecRtol = 1e-6 } = this.#options;
    const start = this.#args.value;
    let error = subtract(subtract(value, start), multiply(multiply(at, slopeRtol), this.#slope));
    if (approxDecRtol !== null) {
      const least = typeof slopeRtol === "number" ? 2 * slopeRtol - 1 : subtract(multiply(slopeRtol, 2), 1);
      const bySlope = subtract(slope, multiply(this.#slope, least));
      const byValue = subtract(subtract(value, start), multiply(abs(start), approxDecRtol));
      error = minimum(maximum(bySlope, byValue), error);
    }
    const positive = maximum(error, 0);
    return where(isnan(positive), Infinity, positive);
  }

  /** By how much the slope left after a step exceeds what may be left. */
  #curvatureError({ slope }: Point): NdArray {
    const { curvRtol = 0.9 } = this.#options;
    const error = maximum(subtract(abs(slope), multiply(abs(this.#slope), curvRtol)), 0);
    return where(isnan(error), Infinity, error);
  }

  /** A longer step, until an interval holds one that fulfils the conditions. */
  #widen(s: Search): Search {
    const { increaseFactor = 2, maxLearningRate = null, tol = 0 } = this.#options;
    const first = lax.eq(s.count, 0);
    let at = where(first, this.#guess, multiply(s.current.at, increaseFactor));
    let atMost = full(0, "bool");
    if (maxLearningRate !== null) {
      atMost = lax.ge(at, maxLearningRate);
      at = minimum(at, maxLearningRate);
    }
    const { point, grad } = this.#evaluate(at);
    const decreaseError = this.#decreaseError(point);
    const curvatureError = this.#curvatureError(point);
    const good = lax.le(maximum(decreaseError, curvatureError), tol);
    const safe = whereTree(
      lax.le(decreaseError, tol),
      { at: point.at, value: point.value, grad },
      s.safe,
    ) as Search["safe"];
    const noLower = logicalAnd(lax.ge(point.value, s.current.value), lax.gt(s.count, 0));
    const newIsHigh = logicalOr(lax.gt(decreaseError, 0), noLower);
    const newIsLow = logicalAnd(lax.ge(point.slope, 0), logicalNot(newIsHigh));
    const [low, high] = whereTree(newIsLow, [point, s.current], [s.current, point]) as Point[];
    const intervalFound = logicalOr(logicalOr(newIsHigh, newIsLow), good);
    const done = logicalOr(good, logicalAnd(atMost, logicalNot(intervalFound)));
    return {
      count: safeIncrement(s.count),
      current: point,
      grad,
      decreaseError,
      curvatureError,
      intervalFound,
      done,
      failed: logicalAnd(lax.ge(add(s.count, 1), this.#steps), logicalNot(done)),
      low,
      high,
      cubic: { at: low.at, value: low.value },
      safe,
    };
  }

  /** A step inside the interval, by cubic or quadratic interpolation or in the middle, which then bounds it. */
  #zoom(s: Search): Search {
    const { tol = 0, stepsizePrecision = 1e-5 } = this.#options;
    const { low, high } = s;
    const length = abs(subtract(high.at, low.at));
    const left = minimum(high.at, low.at);
    const right = maximum(high.at, low.at);
    const well = (x: NdArray, part: number): NdArray =>
      logicalAnd(
        lax.gt(x, add(left, multiply(length, part))),
        lax.lt(x, subtract(right, multiply(length, part))),
      );
    const cubic = cubicMinimum(low, high, s.cubic);
    const quadratic = quadraticMinimum(low, high);
    const middle = divide(add(low.at, high.at), 2);
    const at = where(well(cubic, 0.2), cubic, where(well(quadratic, 0.1), quadratic, middle));

    const { point, grad } = this.#evaluate(at);
    const decreaseError = this.#decreaseError(point);
    const curvatureError = this.#curvatureError(point);
    const done = lax.le(maximum(decreaseError, curvatureError), tol);
    const better = logicalAnd(lax.le(decreaseError, tol), lax.lt(point.value, s.safe.value));
    const safe = whereTree(better, { at: point.at, value: point.value, grad }, s.safe) as Search["safe"];

    const highIsNew = logicalOr(lax.gt(decreaseError, 0), lax.ge(point.value, low.value));
    const secant = multiply(point.slope, subtract(high.at, low.at));
    const highIsLow = logicalAnd(lax.ge(secant, 0), logicalNot(highIsNew));
    const nextHigh = whereTree(highIsLow, low, whereTree(highIsNew, point, high)) as Point;
    const nextLow = whereTree(highIsNew, low, point) as Point;
    const replaced = whereTree(logicalOr(highIsNew, highIsLow), high, low) as Point;

    const tooShort = logicalAnd(lax.le(length, stepsizePrecision), lax.gt(safe.at, 0));
    const last = lax.ge(add(s.count, 1), this.#steps);
    return {
      count: safeIncrement(s.count),
      current: point,
      grad,
      decreaseError,
      curvatureError,
      intervalFound: s.intervalFound,
      done,
      failed: logicalAnd(logicalOr(last, tooShort), logicalNot(done)),
      low: nextLow,
      high: nextHigh,
      cubic: { at: replaced.at, value: replaced.value },
      safe,
    };
  }

  /** The safe step if there is one, or if the last one left the domain; otherwise the last one. */
  #fallBack(s: Search): Search {
    const useSafe = logicalOr(lax.gt(s.safe.at, 0), isinf(s.decreaseError));
    const { at, value, grad } = whereTree(useSafe, s.safe, {
      at: s.current.at,
      value: s.current.value,
      grad: s.grad,
    }) as Search["safe"];
    return { ...s, current: { ...s.current, at, value }, grad };
  }
}

/** The minimum of the cubic through three points with the slope at the first (Nocedal & Wright, section 3.5). */
function cubicMinimum(a: Point, b: Point, c: { readonly at: NdArray; readonly value: NdArray }): NdArray {
  const { slope } = a;
  const [db, dc] = [subtract(b.at, a.at), subtract(c.at, a.at)];
  const cube = (x: NdArray): NdArray => multiply(multiply(x, x), x);
  const denominator = multiply(square(multiply(db, dc)), subtract(db, dc));
  const rb = subtract(subtract(b.value, a.value), multiply(slope, db));
  const rc = subtract(subtract(c.value, a.value), multiply(slope, dc));
  const third = divide(subtract(multiply(square(dc), rb), multiply(square(db), rc)), denominator);
  const second = divide(subtract(multiply(cube(db), rc), multiply(cube(dc), rb)), denominator);
  const radical = subtract(square(second), multiply(multiply(third, slope), 3));
  return add(a.at, divide(subtract(lax.sqrt(radical), second), multiply(third, 3)));
}

/** The minimum of the parabola through two points with the slope at the first. */
function quadraticMinimum(a: Point, b: Point): NdArray {
  const d = subtract(b.at, a.at);
  const curvature = divide(subtract(subtract(b.value, a.value), multiply(a.slope, d)), square(d));
  return subtract(a.at, divide(a.slope, multiply(curvature, 2)));
}
