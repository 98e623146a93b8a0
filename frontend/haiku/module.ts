/** Modules of Haiku: names for parameters (`haiku/_src/module.py`). */
import { WeftValueError } from "../core/index.ts";
import { className, mapPlaces } from "../nn/modules/core/naming.ts";
import { type WrappedMethod, wrapMethods } from "../nn/modules/core/wrap.ts";
import { currentFrame, type Frame, hasFrame, type Level, newLevel } from "./frame.ts";

/** In the frame a module was made in; null once it has its name. */
interface Naming {
  readonly frame: Frame;
  readonly given: string | null;
  full: string | null;
}

const NAMING = Symbol("naming");

/**
 * Base class of modules (`haiku.Module`). They are made inside of a transformed function, and their methods use
 * `getParameter` and other modules. Names are those of Haiku: by class (`linear`), numbered where there are several
 * (`linear_1`), below the module whose `call` made them (`my_net/linear`); below "~" for modules that another module made
 * in its constructor and keeps (`mlp/~/linear_0`), and below the method's name for other methods (`net/~encode/linear`).
 */
export abstract class Module {
  /** @internal */
  declare readonly [NAMING]: Naming;

  /** `name`: default that of the class, in snake case. */
  constructor(name: string | null = null) {
    if (!hasFrame()) {
      throw new WeftValueError("All `hk.Module`s must be initialized inside an `hk.transform`.");
    }
    if (name !== null) checkName(name);
    const frame = currentFrame("Module");
    const naming: Naming = { frame, given: name, full: null };
    Object.defineProperty(this, NAMING, { value: naming });
    wrapMethods<Module>(new.target.prototype, Module.prototype, invoke);
    // The constructors of subclasses are still to run: the name follows when it is known which modules this one keeps.
    frame.level.pending.push(this);
  }

  /** The last part of the name. */
  get name(): string {
    return this.moduleName.split("/").at(-1) ?? "";
  }

  /** The whole name: what the module's parameters are kept under. */
  get moduleName(): string {
    const naming = this[NAMING];
    if (naming.full === null) for (const level of naming.frame.levels) settle(level);
    if (naming.full === null)
      throw new WeftValueError("a module has no name outside of the function that made it");
    return naming.full;
  }
}

function checkName(name: string): void {
  if (/^[a-zA-Z_]([a-zA-Z0-9_])*$/.test(name)) return;
  throw new WeftValueError(`'${name}' is not a valid module name (must be a valid Python identifier)`);
}

/** Runs a method: modules and parameters made meanwhile are below the module's name. */
function invoke(module: Module, method: WrappedMethod<Module>, args: readonly unknown[]): unknown {
  const { levels, level } = currentFrame(method.name);
  settle(level);
  const depth = levels.length;
  levels.push(newLevel(module, method.name));
  try {
    return method.run(module, args);
  } finally {
    levels.length = depth;
  }
}

/** Names the modules that were made at a level, in order; those that another one made and keeps below it. */
function settle(level: Level): void {
  const pending = level.pending.filter((each): each is Module => each instanceof Module);
  level.pending = [];
  for (const [i, module] of pending.entries()) {
    if (module[NAMING].full !== null) continue;
    name(module, level);
    nameKept(module, pending.slice(i + 1));
  }
}

/** Names the modules among a module's attributes that were made after it: in its constructor. */
function nameKept(owner: Module, later: readonly Module[]): void {
  const kept = new Set<unknown>();
  for (const [key, value] of Object.entries(owner)) {
    mapPlaces(value, key, (each) => {
      if (each instanceof Module && each[NAMING].full === null) kept.add(each);
      return each;
    });
  }
  const level = newLevel(owner, "constructor");
  for (const [i, module] of later.entries()) {
    if (!kept.has(module) || module[NAMING].full !== null) continue;
    name(module, level);
    nameKept(module, later.slice(i + 1));
  }
}

/** Gives a module a name that is unique at a level (`unique_and_canonical_name`). */
function name(module: Module, level: Level): void {
  const own = module[NAMING].given ?? camelToSnake(className(module));
  const prefix = level.module === null ? "" : `${level.module.moduleName}/${methodPrefix(level.method)}`;
  const [base, explicit] = nameAndNumber(`${prefix}${own}`);
  const number = explicit ?? level.counters.get(base) ?? 0;
  const full = explicit !== null || number > 0 ? `${base}_${number}` : base;
  if (level.used.has(full)) throw new WeftValueError(`Module name '${full}' is not unique.`);
  level.used.add(full);
  level.counters.set(base, Math.max(level.counters.get(base) ?? 0, number + 1));
  module[NAMING].full = full;
}

function methodPrefix(method: string): string {
  if (method === "call") return "";
  return method === "constructor" ? "~/" : `~${method}/`;
}

/** `linear_1` → linear and 1. */
function nameAndNumber(name: string): [base: string, number: number | null] {
  const found = /^(.*)_(0|[1-9]\d*)$/.exec(name);
  return found === null ? [name, null] : [found[1], Number(found[2])];
}

/** As Haiku's: `Conv2D` is conv2_d, `MaxPool` max_pool, `MLP` mlp. */
export function camelToSnake(name: string): string {
  return name.replace(/((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))/g, "_$1").toLowerCase();
}
