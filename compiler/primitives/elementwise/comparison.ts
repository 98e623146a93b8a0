/** Comparisons: bool results; false with NaN, except ne. */

import type { NoParams } from "../../graph/operations.ts";
import type { Primitive } from "../../graph/primitive.ts";
import type { CompareFn, Expr } from "../../kernel/expr.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { ANY_DTYPE } from "../typing.ts";
import { binaryElementwise } from "./rules.ts";

/** false < true. */
const ON_BOOL: Readonly<Record<CompareFn, (s: ScalarOps, x: Expr, y: Expr) => Expr>> = {
  eq: (s, x, y) => s.not(s.xor(x, y)),
  ne: (s, x, y) => s.xor(x, y),
  lt: (s, x, y) => s.and(s.not(x), y),
  le: (s, x, y) => s.or(s.not(x), y),
  gt: (s, x, y) => s.and(x, s.not(y)),
  ge: (s, x, y) => s.or(x, s.not(y)),
};

function comparison(name: CompareFn, holds: (x: number, y: number) => boolean): Primitive<NoParams> {
  return binaryElementwise(name, {
    accepts: ANY_DTYPE,
    result: "bool",
    evaluate: (x, y) => (holds(x, y) ? 1 : 0),
    tangents: null,
    lower: (s, x, y) => (x.dtype === "bool" ? ON_BOOL[name](s, x, y) : s[name](x, y)),
    domains: ["smallInt", "smallInt"],
    test: { special: [0, -0, 1, Infinity, -Infinity, NaN] },
  });
}

export const eq = comparison("eq", (x, y) => x === y);
export const ne = comparison("ne", (x, y) => x !== y);
export const lt = comparison("lt", (x, y) => x < y);
export const le = comparison("le", (x, y) => x <= y);
export const gt = comparison("gt", (x, y) => x > y);
export const ge = comparison("ge", (x, y) => x >= y);
