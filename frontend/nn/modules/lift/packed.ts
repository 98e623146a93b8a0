/**
 * A module taken apart for a transformation of arrays (`flax.core.lift.pack`): its variables and keys become values that
 * can be mapped, carried or differentiated, and its methods run on a clone that has them back inside.
 */
import { describeValue, WeftTypeError, WeftValueError } from "../../../core/index.ts";
import type { KeyLike } from "../../../random/index.ts";
import { isPlainObject } from "../../../tree/treedef.ts";
import { cloneFields, enter, invoke, scopeOf } from "../core/binding.ts";
import { CallCompactUnboundModuleError } from "../core/errors.ts";
import { type Filter, inFilter, intersectFilters, unionFilters } from "../core/filters.ts";
import { LazyRng } from "../core/lazy-rng.ts";
import { className } from "../core/naming.ts";
import { copyTree, Scope } from "../core/scope.ts";
import { type Placed, STATE } from "../core/state.ts";
import type { MutableTree } from "../core/tree-types.ts";

/** Collections, for each scope that the module reaches: its own, and those of modules that it was given. */
export type VariableGroup = readonly MutableTree[];
/** Keys by sequence, for each scope. */
export type RngGroup = readonly Readonly<Record<string, KeyLike>>[];

/** What runs inside: a method of the clone, or a function of it. */
export type Body = (module: Placed, ...args: readonly unknown[]) => unknown;

export class PackedModule {
  readonly #scopes: readonly Scope[];
  /** As they were before: a body may be traced more than once. */
  readonly #autonames: ReadonlyMap<string, number>;
  /** The keys that the scopes inside have: those of the scopes outside, unless they were forked. */
  readonly #rngs: Map<Scope, ReadonlyMap<string, LazyRng>>;

  constructor(
    readonly module: Placed,
    /** Of the clone: that of the class whose methods run inside. */
    readonly prototype: object = Object.getPrototypeOf(module),
  ) {
    const own = scopeOf(module);
    if (own === null) throw new CallCompactUnboundModuleError(className(module));
    const reached = new Set([own]);
    collectForeign(module, reached, new Set());
    // A scope below another one is reached through that.
    this.#scopes = [...reached].filter((scope) => ![...reached].some((other) => isBelow(scope, other)));
    this.#autonames = new Map(module[STATE].autonames);
    this.#rngs = new Map(this.#scopes.map((scope) => [scope, scope.settings.rngs]));
  }

  /** The collections that one of the filters holds for: a group for each filter, each collection in its first. */
  groups(filters: readonly Filter[]): VariableGroup[] {
    const all = this.#scopes.map((scope) => scope.variables());
    return filters.map((filter, i) =>
      all.map((variables) =>
        Object.fromEntries(
          Object.entries(variables).filter(
            ([name]) =>
              inFilter(filter, name) && !filters.slice(0, i).some((before) => inFilter(before, name)),
          ),
        ),
      ),
    );
  }

  /** The keys of the sequences for which `wanted` holds. */
  rngs(wanted: (sequence: string) => boolean): RngGroup {
    return this.#scopes.map((scope) =>
      Object.fromEntries(
        [...this.#rngsOf(scope)].filter(([name]) => wanted(name)).map(([name, { rng }]) => [name, rng]),
      ),
    );
  }

  /** Draws a key from each sequence of the module, for the scopes inside to draw theirs from. */
  forkRngs(): void {
    const own = scopeOf(this.module);
    if (own === null || !this.#rngs.has(own)) return;
    const names = [...own.settings.rngs.keys()];
    this.#rngs.set(own, new Map(names.map((name) => [name, new LazyRng(own.makeRng(name))])));
  }

  #rngsOf(scope: Scope): ReadonlyMap<string, LazyRng> {
    return this.#rngs.get(scope) ?? scope.settings.rngs;
  }

  /**
   * Runs `body` on a clone with these variables and keys; returns its result and the collections that could change, by
   * `mutable`, in the groups of the filters.
   */
  run(
    body: Body,
    args: readonly unknown[],
    given: { readonly variables: readonly VariableGroup[]; readonly rngs: readonly RngGroup[] },
    mutable: readonly Filter[],
  ): [output: unknown, variables: VariableGroup[]] {
    const inner = new Map(
      this.#scopes.map((scope, i) => {
        const collections: MutableTree = Object.assign({}, ...given.variables.map((group) => group[i]));
        const keys: Record<string, KeyLike> = Object.assign({}, ...given.rngs.map((group) => group[i]));
        const rngs = new Map(
          Object.entries(keys).map(([name, key]) => [
            name,
            new LazyRng(key, this.#rngsOf(scope).get(name)?.suffix ?? []),
          ]),
        );
        return [scope, innerScope(scope, collections, rngs, mutable)];
      }),
    );
    const clone = this.#clone((scope) => innermost(scope, inner));
    const [before, after] = [this.module[STATE], clone[STATE]];
    after.inCompact = before.inCompact;
    after.inSetup = before.inSetup;
    for (const [name, count] of this.#autonames) after.autonames.set(name, count);
    const run = (module: Placed, values: readonly unknown[]): unknown => body(module, ...values);
    const output = invoke(clone, { name: body.name, compact: false, lifted: false, run }, args);
    for (const [name, count] of after.autonames) before.autonames.set(name, count);
    const changed = [...inner.values()].map((scope) => scope.mutableVariables());
    for (const scope of inner.values()) scope.invalidate();
    return [output, splitGroups(changed, mutable)];
  }

  /** Stores what has changed. */
  publish(groups: readonly VariableGroup[]): void {
    for (const group of groups) {
      for (const [i, scope] of this.#scopes.entries()) {
        for (const [collection, variables] of Object.entries(group[i])) {
          if (!scope.isMutableCollection(collection) || !isPlainObject(variables)) continue;
          for (const [name, value] of Object.entries(variables)) scope.putVariable(collection, name, value);
        }
      }
    }
  }

  /** The module and those it was given, bound to the scopes inside; submodules of its own follow from its attributes. */
  #clone(innerOf: (scope: Scope) => Scope): Placed {
    const clones = new Map<Placed, Placed>();
    const clone = (module: Placed, prototype: object): Placed => {
      const known = clones.get(module);
      if (known !== undefined) return known;
      const copy = cloneFields(module, prototype, module[STATE].name, (attribute, place) =>
        isOwn(module, attribute, place)
          ? unplaced(attribute)
          : clone(attribute, Object.getPrototypeOf(attribute)),
      );
      clones.set(module, copy);
      const { scope } = module[STATE];
      if (scope !== null) enter(copy, innerOf(scope));
      return copy;
    };
    const unplaced = (module: Placed): Placed =>
      cloneFields(module, Object.getPrototypeOf(module), null, (attribute, place) =>
        isOwn(module, attribute, place)
          ? unplaced(attribute)
          : clone(attribute, Object.getPrototypeOf(attribute)),
      );
    return clone(this.module, this.prototype);
  }
}

/** Whether a module's attribute is its submodule, by that attribute's name; or bound nowhere. */
function isOwn(module: Placed, attribute: Placed, place: string): boolean {
  const { scope, name } = attribute[STATE];
  return scope === null || (scope.parent === module[STATE].scope && name === place);
}

/** Adds the scopes of the modules that a module was given. */
function collectForeign(module: Placed, scopes: Set<Scope>, seen: Set<Placed>): void {
  if (seen.has(module)) return;
  seen.add(module);
  cloneFields(module, Object.prototype, null, (attribute, place) => {
    const { scope } = attribute[STATE];
    if (scope !== null && !isOwn(module, attribute, place)) scopes.add(scope);
    collectForeign(attribute, scopes, seen);
    return attribute;
  });
}

function isBelow(scope: Scope, other: Scope): boolean {
  for (let above = scope.parent; above !== null; above = above.parent) {
    if (above === other) return true;
  }
  return false;
}

/** The scope inside that stands for one outside: of the scope itself, or below that of one above it. */
function innermost(scope: Scope, inner: ReadonlyMap<Scope, Scope>): Scope {
  const known = inner.get(scope);
  if (known !== undefined) return known;
  if (scope.parent === null || scope.name === null)
    throw new WeftValueError("a scope outside of the lifted ones");
  return innermost(scope.parent, inner).push(scope.name, true);
}

function innerScope(
  scope: Scope,
  collections: MutableTree,
  rngs: ReadonlyMap<string, LazyRng>,
  mutable: readonly Filter[],
): Scope {
  const copies = Object.fromEntries(
    Object.entries(collections).map(([name, tree]) => [name, copyTree(tree)]),
  );
  const settings = {
    rngs,
    mutable: mutable.reduce<Filter>(
      (all, filter) => unionFilters(all, intersectFilters(scope.settings.mutable, filter)),
      false,
    ),
    initializing: scope.settings.initializing,
  };
  return new Scope(copies, settings, null, scope.name, scope.counters, scope.path);
}

/** For each filter the collections that it is the first to hold for. Throws WeftValueError for those that none holds for. */
function splitGroups(variables: readonly MutableTree[], filters: readonly Filter[]): VariableGroup[] {
  const groups = filters.map(() => variables.map((): MutableTree => ({})));
  for (const [i, collections] of variables.entries()) {
    for (const [name, tree] of Object.entries(collections)) {
      const at = filters.findIndex((filter) => inFilter(filter, name));
      if (at === -1) throw new WeftValueError(`unmapped output variables: ${name}`);
      groups[at][i][name] = tree;
    }
  }
  return groups;
}

/** Throws WeftTypeError for what is no function. */
export function checkBody(name: string, body: unknown): void {
  if (typeof body === "function") return;
  throw new WeftTypeError(
    `nn.${name} takes a class of modules, or a function whose first parameter is a module, got ${describeValue(body)}`,
  );
}
