/** Methods of module classes, wrapped so that a module is known to run while they do (`wrap_method_once`). */
const COMPACT = Symbol("compact");
const NOWRAP = Symbol("nowrap");
const LIFTED = Symbol("lifted");
const WRAPPED = Symbol("wrapped");

type AnyMethod = (...args: never[]) => unknown;
interface Marks {
  [COMPACT]?: boolean;
  [NOWRAP]?: boolean;
  [LIFTED]?: boolean;
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

/** Marks a method that runs another one on a clone of the module. */
export function lifted<F extends AnyMethod>(method: F): F {
  (method as Marks)[LIFTED] = true;
  return method;
}

export interface WrappedMethod<M> {
  readonly name: string;
  readonly compact: boolean;
  readonly lifted: boolean;
  readonly run: (module: M, args: readonly unknown[]) => unknown;
}

/** How a wrapped method is run. */
export type Invoke<M> = (module: M, method: WrappedMethod<M>, args: readonly unknown[]) => unknown;

/** Wraps the methods of a class and of its ancestors up to `base`, each once. */
export function wrapMethods<M extends object>(prototype: object, base: object, invoke: Invoke<M>): void {
  for (let each = prototype; each !== base && each !== null; each = Object.getPrototypeOf(each)) {
    if (Object.hasOwn(each, WRAPPED)) return;
    Object.defineProperty(each, WRAPPED, { value: true });
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(each))) {
      const method: unknown = descriptor.value;
      if (name === "constructor" || typeof method !== "function" || (method as Marks)[NOWRAP]) continue;
      const wrapped: WrappedMethod<M> = {
        name,
        compact: name === "call" || (method as Marks)[COMPACT] === true,
        lifted: (method as Marks)[LIFTED] === true,
        run: (module, args) => Reflect.apply(method, module, args),
      };
      const value = function (this: M, ...args: unknown[]): unknown {
        return invoke(this, wrapped, args);
      };
      Object.defineProperty(value, "name", { value: name });
      Object.defineProperty(each, name, { ...descriptor, value });
    }
  }
}
