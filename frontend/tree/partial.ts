/** Functions with arguments given already, as nodes of trees (`jax.tree_util.Partial`). */
import { WeftTypeError } from "../../compiler/types/errors.ts";
import { registerPytreeNode } from "./tree.ts";

type AnyCallable = (...args: never[]) => unknown;

/** The parameters that are left when the first are given. */
type Rest<P extends readonly unknown[], G extends readonly unknown[]> = P extends readonly [...G, ...infer R]
  ? R
  : readonly unknown[];

/**
 * A callable whose given arguments are its children: it passes through jit, grad, vmap and scan like any tree, and is
 * called with the arguments that are left. The function itself belongs to the structure and is compared by identity.
 *
 *     const scale = partial((w, x) => w.mul(x), w);
 *     grad((f) => f(x).sum())(scale).args[0]   // the gradient for w
 */
export interface Partial<
  F extends AnyCallable = AnyCallable,
  G extends readonly unknown[] = readonly unknown[],
> {
  (...rest: Rest<Parameters<F>, G>): ReturnType<F>;
  readonly func: F;
  readonly args: G;
}

/** The prototype of partials: what trees know them by. */
class PartialNode extends Function {
  declare readonly func: AnyCallable;
  declare readonly args: readonly unknown[];
}

function make<F extends AnyCallable, G extends readonly unknown[]>(func: F, args: G): Partial<F, G> {
  const call = (...rest: readonly unknown[]): unknown => Reflect.apply(func, undefined, [...args, ...rest]);
  Object.defineProperty(call, "name", { value: func.name });
  const made: Partial<F, G> = Object.setPrototypeOf(
    Object.assign(call, { func, args }),
    PartialNode.prototype,
  );
  return made;
}

registerPytreeNode(
  PartialNode,
  ({ func, args }) => ({ children: args, aux: func }),
  (children, aux): PartialNode => make(aux as AnyCallable, children) as Partial & PartialNode,
);

/** `func` with its first arguments given. */
export function partial<F extends AnyCallable, G extends readonly unknown[]>(
  func: F,
  ...args: G
): Partial<F, G> {
  if (typeof func !== "function") throw new WeftTypeError("the first argument of partial must be callable");
  return make(func, args);
}

/** Whether a value is a partial. */
export function isPartial(value: unknown): value is Partial {
  return value instanceof PartialNode;
}
