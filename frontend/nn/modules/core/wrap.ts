/** Methods of module classes, wrapped so that a module is known to run while they do (`wrap_method_once`). */
import type { Placed } from "./state.ts";

const COMPACT = Symbol("compact");
const NOWRAP = Symbol("nowrap");
const WRAPPED = Symbol("wrapped");

type AnyMethod = (...args: never[]) => unknown;
interface Marks {
  [COMPACT]?: boolean;
  [NOWRAP]?: boolean;
}

/**
 * Lets a method make submodules and parameters where it uses them (`flax.linen.compact`). `call` is compact without it.
 *
 *     class Autoencoder extends nn.Module {
 *       @nn.compact encode(x: NdArray) { return new nn.Dense({ features: 8 }).call(x); }
 *     }
 */
export function compact<F extends AnyMethod>(method: F, _context?: unknown): F {
  (method as Marks)[COMPACT] = true;
  return method;
}

/** Leaves a method alone: it may be called on modules without variables, and is no row of a table (`flax.linen.nowrap`). */
export function nowrap<F extends AnyMethod>(method: F, _context?: unknown): F {
  (method as Marks)[NOWRAP] = true;
  return method;
}

export interface WrappedMethod {
  readonly name: string;
  readonly compact: boolean;
  readonly run: (module: Placed, args: readonly unknown[]) => unknown;
}

/** How a wrapped method is run. */
export type Invoke = (module: Placed, method: WrappedMethod, args: readonly unknown[]) => unknown;

/** Wraps the methods of a class and of its ancestors up to `base`, each once. */
export function wrapMethods(prototype: object, base: object, invoke: Invoke): void {
  for (let each = prototype; each !== base && each !== null; each = Object.getPrototypeOf(each)) {
    if (Object.hasOwn(each, WRAPPED)) return;
    Object.defineProperty(each, WRAPPED, { value: true });
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(each))) {
      const method: unknown = descriptor.value;
      if (name === "constructor" || typeof method !== "function" || (method as Marks)[NOWRAP]) continue;
      const wrapped: WrappedMethod = {
        name,
        compact: name === "call" || (method as Marks)[COMPACT] === true,
        run: (module, args) => Reflect.apply(method, module, args),
      };
      const value = function (this: Placed, ...args: unknown[]): unknown {
        return invoke(this, wrapped, args);
      };
      Object.defineProperty(value, "name", { value: name });
      Object.defineProperty(each, name, { ...descriptor, value });
    }
  }
}
