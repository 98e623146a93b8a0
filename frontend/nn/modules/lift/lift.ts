/** Transformations of classes of modules and of functions of a module. */
import { Module } from "../core/module.ts";
import { className } from "../core/naming.ts";
import { isModule, type Placed } from "../core/state.ts";
import { lifted } from "../core/wrap.ts";
import { type Body, checkBody, PackedModule } from "./packed.ts";

/** A class of modules. */
export type ModuleClass = abstract new (...args: never[]) => Module;
/** A function whose first parameter is a module that is bound. */
export type ModuleFunction = (module: never, ...args: never[]) => unknown;

/** Options that all transformations of modules have in common. */
export interface LiftOptions {
  /** The methods that are transformed, of a class. Default `call` alone. */
  readonly methods?: readonly string[];
}

/** Runs a body on a packed module. */
type Transform = (packed: PackedModule, body: Body, args: readonly unknown[]) => unknown;

/**
 * A class whose methods are transformed, named with the prefix as in Flax (`CheckpointDense`); or the function, to be called
 * with a bound module and the arguments.
 */
export function lift<T extends ModuleClass | ModuleFunction>(
  name: string,
  prefix: string,
  target: T,
  methods: readonly string[],
  transform: Transform,
): T {
  checkBody(name, target);
  if (isModuleClass(target)) return liftClass(prefix, target, methods, transform) as T;
  const body = target as unknown as Body;
  const run = (module: unknown, ...args: readonly unknown[]): unknown => {
    if (!isModule(module)) checkBody(name, module);
    return transform(new PackedModule(module as Placed), body, args);
  };
  return run as unknown as T;
}

function isModuleClass(target: ModuleClass | ModuleFunction): target is ModuleClass {
  return target.prototype instanceof Module;
}

function liftClass(
  prefix: string,
  target: ModuleClass,
  methods: readonly string[],
  transform: Transform,
): ModuleClass {
  class Lifted extends target {}
  Object.defineProperty(Lifted, "moduleName", { value: `${prefix}${className(target.prototype)}` });
  for (const name of methods) {
    const method = function (this: Module, ...args: readonly unknown[]): unknown {
      const body: Body = (module, ...values) => Reflect.apply(Reflect.get(module, name), module, values);
      Object.defineProperty(body, "name", { value: name });
      return transform(new PackedModule(this, target.prototype), body, args);
    };
    Object.defineProperty(Lifted.prototype, name, {
      value: lifted(method),
      writable: true,
      configurable: true,
    });
  }
  return Lifted;
}
