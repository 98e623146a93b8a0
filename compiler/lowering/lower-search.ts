/**
 * argmax and argmin along memory: a fold of values and places has an order, and so no lanes. The greatest value has
 * lanes, and so has the first place that holds it; reading twice what is in the cache by then costs less.
 */
import type { Expr } from "../kernel/expr.ts";
import type { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { isFloating } from "../types/dtype.ts";
import type { Elements } from "./elements.ts";
import type { Fold, Folds } from "./folds.ts";

/** Elements from which on two passes in lanes are faster than one without. */
export const LEAST_SEARCHED = 16;

/** Emits the search for one result. The first NaN is the greatest and the least of all; zeros of both signs are equal. */
export function emitSearch(
  k: KernelBuilder,
  folds: Folds,
  elements: Elements,
  fold: Fold & { readonly search: "max" | "min" },
  out: readonly Expr[],
): void {
  const [extent] = folds.domain;
  const { init, dtype } = fold.specs[0];
  const valueAt = (r: Expr): Expr => {
    elements.clear();
    return folds.values(fold, out, [r])[0];
  };
  const best = k.let("acc", s.const(init, dtype));
  k.loop(extent, (r) => k.accumulate(best, fold.search, valueAt(r)), { name: "r", kind: "vector" });
  const place = k.let("place", s.int(extent));
  const find = (isIt: (value: Expr) => Expr): void =>
    k.loop(extent, (r) => k.accumulate(place, "min", s.select(isIt(valueAt(r)), r, s.int(extent))), {
      name: "r",
      kind: "vector",
    });
  const equal = (): void => find((value) => s.eq(value, s.local(best)));
  if (!isFloating(dtype)) equal();
  else {
    k.if(s.ne(s.local(best), s.local(best)), () => find((value) => s.ne(value, value)), equal);
  }
  folds.results(k, out, new Map([[fold.equation, [s.local(best), s.local(place)]]]));
}
