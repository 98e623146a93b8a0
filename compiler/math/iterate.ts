/** Loops of special functions: scalar statements, one element at a time, each until its own terms are small enough. */
import type { Expr } from "../kernel/expr.ts";
import type { KernelBuilder } from "../kernel/kernel-builder.ts";
import { scalarOps as s } from "../kernel/scalar-ops.ts";
import { type Format, polynomial } from "./format.ts";

type State = Readonly<Record<string, Expr>>;

/**
 * Repeats `step` on a state of scalars while `proceed` holds, at most `limit` times. `step` gives the new state and
 * whether to go on; all of it is computed from the old state before any of it is changed.
 */
export function iterate<T extends State>(
  k: KernelBuilder,
  init: T,
  enabled: Expr,
  limit: number,
  step: (state: T, n: Expr) => { readonly next: T; readonly proceed: Expr },
): T {
  const locals = Object.entries(init).map(([name, value]) => [name, k.let(name, value)] as const);
  const read = (): T => Object.fromEntries(locals.map(([name, local]) => [name, s.local(local)])) as T;
  const go = k.let("go", enabled);
  const count = k.let("n", s.int(0));
  k.while(s.and(s.local(go), s.lt(s.local(count), s.int(limit))), () => {
    const { next, proceed } = step(read(), s.local(count));
    const values = locals.map(([name]) => k.let(`${name}_next`, next[name]));
    const onward = k.let("onward", proceed);
    for (const [i, [, local]] of locals.entries()) k.assign(local, s.local(values[i]));
    k.assign(go, s.local(onward));
    k.assign(count, s.add(s.local(count), s.int(1)));
  });
  return read();
}

/** An expression that later statements use several times: computed once, here. */
export function once(k: KernelBuilder, name: string, value: Expr): Expr {
  return s.local(k.let(name, value));
}

/** Half the distance from 1 to the next number, times two: `finfo(dtype).eps`. */
export function epsilon(F: Format): number {
  return 2 ** (1 - F.digits);
}

/** log of the greatest number: e to minus that is the least number that JAX's loops start from. */
export const LOG_MAX = { float32: 88.72283905206835, float64: 709.782712893384 } as const;

/** log(1 + u) - u, where ratio is 1 + u: both are taken, as each has digits where the other has lost them. */
export function log1pMinus(F: Format, u: Expr, ratio: Expr): Expr {
  const terms = F.dtype === "float32" ? 9 : 20;
  const coefficients = Array.from({ length: terms }, (_, k) => (-1) ** (k + 1) / (k + 2));
  const small = s.mul(s.mul(u, u), polynomial(F, u, coefficients));
  const log = s.select(s.lt(ratio, F.c(0.5)), s.call("log", ratio), s.call("log1p", u));
  return s.select(s.lt(s.abs(u), F.c(0.125)), small, s.sub(log, u));
}
