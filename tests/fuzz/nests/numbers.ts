/**
 * Numbers with derivatives, for the reference: a number, or a dual number of a level above its parts. Levels keep the
 * perturbations of nested derivatives apart (Siskind and Pearlmutter 2008, "Nesting forward-mode AD").
 */

export type Num = number | Dual;

export class Dual {
  constructor(
    readonly level: number,
    readonly primal: Num,
    readonly tangent: Num,
  ) {}
}

/** Scalar operations so far; the fuzzer gives programs up that take too many. */
export const work = { done: 0, limit: Number.POSITIVE_INFINITY };

/** What the reference cannot or need not answer: the program is given up. */
export class GivenUp extends Error {}

function count(): void {
  if (++work.done > work.limit) throw new GivenUp("the reference takes too long");
}

/** Numbers nearer than this, relative to 1 or to themselves, may come out in the other order after other roundings. */
const NEAR = 1e-9;

/** x − y for a decision. Gives the program up where it hangs on a rounding; equal numbers count as meant so. */
export function margin(x: number, y: number): number {
  const difference = x - y;
  if (difference !== 0 && Math.abs(difference) <= NEAR * Math.max(1, Math.abs(x))) {
    throw new GivenUp("a decision hangs on a rounding");
  }
  return difference;
}

const levelOf = (x: Num): number => (typeof x === "number" ? -1 : x.level);
const isZero = (x: Num): boolean => x === 0;

export function primalAt(x: Num, level: number): Num {
  return typeof x !== "number" && x.level === level ? x.primal : x;
}

export function tangentAt(x: Num, level: number): Num {
  return typeof x !== "number" && x.level === level ? x.tangent : 0;
}

/** The plain number below all levels. */
export function plain(x: Num): number {
  let y = x;
  while (typeof y !== "number") y = y.primal;
  return y;
}

function dual(level: number, primal: Num, tangent: Num): Num {
  return isZero(tangent) ? primal : new Dual(level, primal, tangent);
}

export function perturb(level: number, primal: Num, tangent: Num): Num {
  return dual(level, primal, tangent);
}

export function add(x: Num, y: Num): Num {
  count();
  if (typeof x === "number" && typeof y === "number") return x + y;
  const level = Math.max(levelOf(x), levelOf(y));
  return dual(
    level,
    add(primalAt(x, level), primalAt(y, level)),
    add(tangentAt(x, level), tangentAt(y, level)),
  );
}

export function neg(x: Num): Num {
  count();
  return typeof x === "number" ? -x : dual(x.level, neg(x.primal), neg(x.tangent));
}

export const sub = (x: Num, y: Num): Num => add(x, neg(y));

export function mul(x: Num, y: Num): Num {
  count();
  if (typeof x === "number" && typeof y === "number") return x * y;
  const level = Math.max(levelOf(x), levelOf(y));
  const [p, q] = [primalAt(x, level), primalAt(y, level)];
  const [s, t] = [tangentAt(x, level), tangentAt(y, level)];
  const left = isZero(s) ? 0 : mul(s, q);
  const right = isZero(t) ? 0 : mul(p, t);
  return dual(level, mul(p, q), add(left, right));
}

export function div(x: Num, y: Num): Num {
  return mul(
    x,
    unary(
      (v) => 1 / v,
      (v) => neg(div(1, mul(v, v))),
      y,
    ),
  );
}

/** A function of one number from its values and its derivative. */
function unary(f: (x: number) => number, derivative: (x: Num) => Num, x: Num): Num {
  count();
  if (typeof x === "number") return f(x);
  const slope = isZero(x.tangent) ? 0 : mul(derivative(x.primal), x.tangent);
  return dual(x.level, unary(f, derivative, x.primal), slope);
}

export const sin = (x: Num): Num => unary(Math.sin, cos, x);
export const cos = (x: Num): Num => unary(Math.cos, (v) => neg(sin(v)), x);
export const exp = (x: Num): Num => unary(Math.exp, exp, x);
export const log = (x: Num): Num => unary(Math.log, (v) => div(1, v), x);
export const sqrt = (x: Num): Num => unary(Math.sqrt, (v) => div(0.5, sqrt(v)), x);
export const tanh = (x: Num): Num =>
  unary(
    Math.tanh,
    (v) => {
      const y = tanh(v);
      return sub(1, mul(y, y));
    },
    x,
  );
/** The slope at 0 is that of the positive side, as in JAX. */
export const abs = (x: Num): Num => unary(Math.abs, (v) => Math.sign(margin(plain(v), 0)) || 1, x);
export const logistic = (x: Num): Num =>
  unary(
    (v) => 1 / (1 + Math.exp(-v)),
    (v) => {
      const y = logistic(v);
      return mul(y, sub(1, y));
    },
    x,
  );

/** The greater; of equal ones the mean of the tangents, as JAX has it. */
export function max(x: Num, y: Num): Num {
  count();
  const difference = margin(plain(x), plain(y));
  return difference === 0 ? mul(0.5, add(x, y)) : difference > 0 ? x : y;
}

export const min = (x: Num, y: Num): Num => neg(max(neg(x), neg(y)));
