/**
 * How modules come by their names and scopes.
 *
 * A module that is made while another one runs is that one's submodule. Its constructor is still running then, so it is
 * only noted as pending; it gets its place when anything is used next (`settle`), in the order of making, as in Flax:
 *
 * - in a compact method, by class and number: `Dense_0`;
 * - in `setup`, by the attribute that holds it: `dense1`, `layers_0`;
 * - as an attribute of another submodule (`new Wrapper(new Dense(…))` in setup, or a field of its class), by that
 *   attribute, below that submodule.
 *
 * A module made outside is never bound itself: init, apply and bind work on a clone of it.
 */
import { describeValue, WeftTypeError } from "../../../core/index.ts";
import {
  AssignSubModuleError,
  CallCompactUnboundModuleError,
  NameInUseError,
  SetAttributeFrozenModuleError,
} from "./errors.ts";
import { attributeName, className, mapPlaces } from "./naming.ts";
import type { Scope } from "./scope.ts";
import { sowInto } from "./sow.ts";
import { isModule, ModuleState, type Placed, running, STATE, withPushed } from "./state.ts";
import type { WrappedMethod } from "./wrap.ts";

/** The state of a module that is being made: a submodule, if another one runs. Throws AssignSubModuleError. */
export function newState(module: object, name: string | null): ModuleState {
  const maker = running.modules.at(-1) ?? null;
  if (maker !== null && !initializationAllowed(maker)) throw new AssignSubModuleError(className(module));
  return new ModuleState(name, maker);
}

/** Whether submodules, parameters and variables may be made now. */
export function initializationAllowed(module: Placed): boolean {
  const { inSetup, inCompact } = module[STATE];
  return inSetup || inCompact;
}

/** The scope of a module, or null for one that is unbound. */
export function scopeOf(module: Placed): Scope | null {
  const state = module[STATE];
  if (state.scope === null && state.maker !== null) settle(state.maker);
  return state.scope;
}

/** Gives a place to the submodules that were made since. */
export function settle(owner: Placed): void {
  const state = owner[STATE];
  if (state.pending.length === 0) return;
  const { pending } = state;
  state.pending = [];
  const loose: Placed[] = [];
  for (const module of pending) {
    const { scope, name } = module[STATE];
    if (scope !== null) continue;
    if (!state.inSetup || name !== null) {
      attach(module, owner, name ?? numberedName(owner, module));
      continue;
    }
    const attribute = attributeHolding(owner, module);
    // Not in an attribute yet; or in one of another submodule, which takes it when its turn comes.
    if (attribute === null) loose.push(module);
    else attach(module, owner, attribute);
  }
  state.pending.push(...loose.filter((module) => module[STATE].scope === null));
}

function numberedName(owner: Placed, module: Placed): string {
  const prefix = className(module);
  const { autonames } = owner[STATE];
  const count = autonames.get(prefix) ?? 0;
  autonames.set(prefix, count + 1);
  return `${prefix}_${count}`;
}

/** `layers_0`, where the first of the owner's `layers` is the module; null where no attribute holds it. */
function attributeHolding(owner: Placed, module: Placed): string | null {
  for (const [key, value] of Object.entries(owner)) {
    let found: string | null = null;
    mapPlaces(value, attributeName(owner, key), (each, name) => {
      if (each === module) found ??= name;
      return each;
    });
    if (found !== null) return found;
  }
  return null;
}

function attach(module: Placed, owner: Placed, name: string): void {
  const { scope, children } = owner[STATE];
  if (scope === null) throw new CallCompactUnboundModuleError(className(owner));
  if (scope.isReserved(name)) throw new NameInUseError("submodule", name, className(owner));
  module[STATE].name = name;
  children.set(name, module);
  enter(module, scope.push(name));
}

/** Binds a module to a scope, and the modules among its attributes to scopes below. */
export function enter(module: Placed, scope: Scope): void {
  if (Object.hasOwn(module, "call")) {
    throw new WeftTypeError(
      `${className(module)} has \`call\` as a property; it should be a method: \`call(x) { … }\`, not \`call = (x) => …\``,
    );
  }
  const state = module[STATE];
  state.scope = scope;
  for (const [key, value] of Object.entries(module)) {
    const placed = mapPlaces(value, attributeName(module, key), (each, name) =>
      isModule(each) ? adopt(each, module, name, scope) : each,
    );
    if (placed !== value) Reflect.set(module, key, placed);
  }
  state.fields = new Map(Object.entries(module));
}

/** A module among the attributes of another one: its submodule, unless it has a place already. */
function adopt(module: Placed, owner: Placed, name: string, { root }: Scope): Placed {
  const { maker, scope } = module[STATE];
  // Made outside: cloned, once for each init or apply, so that what is shared stays shared.
  const ours = maker === null && scope === null ? shallowClone(module, root.clones) : module;
  if (ours[STATE].scope === null) attach(ours, owner, name);
  return ours;
}

/** A copy that is unbound, with the same modules among its attributes; the same one for the same module. */
function shallowClone(module: Placed, clones: Map<unknown, unknown>): Placed {
  const known = clones.get(module);
  if (known !== undefined) return known as Placed;
  const copy = cloneFields(module, Object.getPrototypeOf(module), null, (each) => each);
  clones.set(module, copy);
  return copy;
}

/** An unbound copy of a module's attributes as they were before setup, with other modules among them. */
export function cloneFields<M extends Placed>(
  module: M,
  prototype: object,
  name: string | null,
  replace: (attribute: Placed, place: string) => Placed,
): M {
  const copy = Object.create(prototype) as M;
  Object.defineProperty(copy, STATE, { value: new ModuleState(name, null) });
  for (const [key, value] of module[STATE].fields ?? Object.entries(module)) {
    const mapped = mapPlaces(value, attributeName(module, key), (each, place) =>
      isModule(each) ? replace(each, place) : each,
    );
    Object.defineProperty(copy, key, { value: mapped, writable: true, enumerable: true, configurable: true });
  }
  return copy;
}

/** A copy that is unbound, with copies of the modules among its attributes. */
export function deepClone<M extends Placed>(
  module: M,
  clones: Map<unknown, unknown>,
  name: string | null = null,
): M {
  const known = clones.get(module);
  if (known !== undefined) return known as M;
  const copy = cloneFields(module, Object.getPrototypeOf(module), name, (each) => deepClone(each, clones));
  clones.set(module, copy);
  return copy;
}

/** Runs a module's `setup` where that has not happened. */
export function trySetup(module: Placed): void {
  const state = module[STATE];
  if (state.scope === null || state.inSetup || state.setupDone) return;
  const setup: unknown = Reflect.get(module, "setup");
  state.inSetup = true;
  try {
    if (typeof setup === "function") Reflect.apply(setup, module, []);
  } finally {
    state.inSetup = false;
    state.setupDone = true;
    state.pending = [];
    state.frozen = new Map(Object.entries(module));
  }
}

/** Runs a method of a module: what every call of one goes through. */
export function invoke(module: Placed, method: WrappedMethod<Placed>, args: readonly unknown[]): unknown {
  const state = module[STATE];
  const outer = running.modules.at(-1);
  if (outer !== undefined) settle(outer);
  const scope = scopeOf(module);
  const isSetup = method.name === "setup";
  // A lifted method sets up the clone that it runs.
  if (!isSetup && !method.lifted) trySetup(module);
  if ((method.compact || isSetup) && scope === null)
    throw new CallCompactUnboundModuleError(className(module));
  // A method may call that of its superclass: only the outermost call ends the state.
  const isInner = isSetup ? state.inSetup : state.inCompact;
  if (isSetup) state.inSetup = true;
  if (method.compact) state.inCompact = true;
  return withPushed(running.modules, module, () => {
    try {
      // The body of a lifted function is no method: as in Flax, tables show the calls within it alone.
      const isMethod = typeof Reflect.get(module, method.name) === "function";
      const recorder = isSetup || !isMethod || scope === null ? undefined : running.recorders.at(-1);
      const index = recorder?.nextIndex() ?? 0;
      const outputs = method.run(module, args);
      settle(module);
      if (!isSetup) checkFrozen(module);
      const shownName = method.name === "call" ? "__call__" : method.name;
      if (!isSetup && scope !== null && running.captures.at(-1)?.(module, method.name)) {
        sowInto(scope, "intermediates", shownName, outputs);
      }
      if (recorder !== undefined && scope !== null) {
        const copy = deepClone(module, new Map());
        recorder.calls.push({
          index,
          path: scope.path,
          module: copy,
          scope,
          method: method.name,
          args,
          outputs,
        });
      }
      return outputs;
    } finally {
      if (method.compact && state.scope !== null) state.scope = state.scope.rewound();
      if ((method.compact || isSetup) && !isInner) {
        state.inCompact = false;
        if (!isSetup) {
          state.inSetup = false;
          state.pending = [];
        }
        state.autonames.clear();
      }
    }
  });
}

/** Throws SetAttributeFrozenModuleError where attributes have changed since setup. */
function checkFrozen(module: Placed): void {
  const { frozen, inSetup } = module[STATE];
  if (frozen === null || inSetup) return;
  for (const [key, value] of Object.entries(module)) {
    if (frozen.has(key) && Object.is(frozen.get(key), value)) continue;
    throw new SetAttributeFrozenModuleError(className(module), key, describeValue(value));
  }
}
