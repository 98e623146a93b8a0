/** Scopes: a cursor into nested variables and keys, at the path of a module (`flax/core/scope.py`). */
import { formatShape, NdArray, WeftValueError } from "../../../core/index.ts";
import { innermostContext } from "../../../core/trace.ts";
import { type KeyLike, PRNGKey, PRNGKeyArray } from "../../../random/index.ts";
import { evalShape } from "../../../transforms/inspect.ts";
import { leaves } from "../../../tree/index.ts";
import { isPlainObject } from "../../../tree/treedef.ts";
import {
  ApplyScopeInvalidVariablesStructureError,
  ApplyScopeInvalidVariablesTypeError,
  InvalidRngError,
  InvalidScopeError,
  JaxTransformError,
  ModifyScopeVariableError,
  ScopeCollectionNotFound,
  ScopeParamNotFoundError,
  ScopeParamShapeError,
  ScopeVariableNotFoundError,
} from "./errors.ts";
import { type Filter, inFilter } from "./filters.ts";
import { LazyRng } from "./lazy-rng.ts";
import type { MutableTree, Rngs, Variables } from "./tree-types.ts";

/** How many keys were drawn from each sequence at a path, and below it. Shared by all scopes of the path. */
export class RngCounters {
  readonly drawn = new Map<string, number>();
  readonly children = new Map<string, RngCounters>();

  next(sequence: string): number {
    const count = (this.drawn.get(sequence) ?? 0) + 1;
    this.drawn.set(sequence, count);
    return count;
  }

  child(name: string): RngCounters {
    let child = this.children.get(name);
    if (child === undefined) {
      child = new RngCounters();
      this.children.set(name, child);
    }
    return child;
  }
}

/** One variable, which can be read and written. */
export class Variable<T> {
  constructor(
    readonly scope: Scope,
    readonly collection: string,
    readonly name: string,
  ) {}

  get value(): T {
    return this.scope.getVariable(this.collection, this.name) as T;
  }
  /** Throws ModifyScopeVariableError where apply was not told that the collection is mutable. */
  set value(value: T) {
    this.scope.putVariable(this.collection, this.name, value);
  }

  isMutable(): boolean {
    return this.scope.isMutableCollection(this.collection);
  }
}

export interface ScopeSettings {
  readonly rngs: ReadonlyMap<string, LazyRng>;
  readonly mutable: Filter;
  readonly initializing: boolean;
}

/** A name taken by a child is taken in all collections. */
const CHILD = Symbol("child");

export class Scope {
  /** Of this path; the root's are the variables themselves, others hold references into them. */
  readonly collections: MutableTree;
  /** Modules made outside, and what stands for them below this root. */
  readonly clones = new Map<unknown, unknown>();
  readonly #reservations = new Map<string, Set<string | typeof CHILD>>();
  /** What was being traced when the scope was made: its variables must not be made in another trace. */
  readonly #trace = innermostContext();
  #invalid = false;

  constructor(
    collections: MutableTree,
    readonly settings: ScopeSettings,
    readonly parent: Scope | null = null,
    readonly name: string | null = null,
    readonly counters = new RngCounters(),
    /** The path of a root: of one that stands for a place within another tree. */
    readonly basePath: readonly string[] = [],
  ) {
    this.collections = collections;
  }

  get root(): Scope {
    return this.parent?.root ?? this;
  }
  get path(): readonly string[] {
    return this.parent === null || this.name === null ? this.basePath : [...this.parent.path, this.name];
  }
  get pathText(): string {
    return `/${this.path.join("/")}`;
  }

  /** Ends the life of this scope, and with the root's that of all below. */
  invalidate(): void {
    this.#invalid = true;
  }

  #check(): void {
    if (this.#invalid || this.root.#invalid) throw new InvalidScopeError(this.name ?? "");
  }

  #checkTrace(): void {
    if (this.#trace !== innermostContext()) throw new JaxTransformError();
  }

  /** The same place with no name reserved: for the next call of a compact method. */
  rewound(): Scope {
    this.#check();
    return new Scope(this.collections, this.settings, this.parent, this.name, this.counters, this.basePath);
  }

  isReserved(name: string, collection?: string): boolean {
    const taken = this.#reservations.get(name);
    if (taken === undefined) return false;
    return collection === undefined || taken.has(CHILD) || taken.has(collection);
  }

  reserve(name: string, collection?: string): void {
    if (this.isReserved(name, collection)) throw new WeftValueError(`Duplicate use of scope name: "${name}"`);
    const taken = this.#reservations.get(name) ?? new Set();
    this.#reservations.set(name, taken.add(collection ?? CHILD));
  }

  /** The scope of a child. `reuse`: it may exist already. */
  push(name: string, reuse = false): Scope {
    this.#check();
    this.#checkTrace();
    if (!reuse || !this.isReserved(name)) this.reserve(name);
    const rngs = new Map([...this.settings.rngs].map(([key, rng]) => [key, rng.extended(name)]));
    return new Scope({}, { ...this.settings, rngs }, this, name, this.counters.child(name));
  }

  isMutableCollection(collection: string): boolean {
    return inFilter(this.settings.mutable, collection);
  }

  /** Whether the whole collection is empty, at every path. */
  isCollectionEmpty(collection: string): boolean {
    const found = this.root.collections[collection];
    return !isPlainObject(found) || Object.keys(found).length === 0;
  }

  /** The variables of a collection at this path. */
  collection(collection: string): MutableTree {
    const known = this.collections[collection];
    if (isPlainObject(known)) return known;
    const above = this.parent?.collection(collection) ?? {};
    const found = this.name === null ? undefined : above[this.name];
    if (!isPlainObject(found)) return {};
    this.collections[collection] = found;
    return found;
  }

  /** As `collection`, made at this path and all above where it is missing. */
  #mutableCollection(collection: string): MutableTree {
    const known = this.collections[collection];
    if (isPlainObject(known)) return known;
    let made: MutableTree = {};
    if (this.parent !== null && this.name !== null) {
      const above = this.parent.#mutableCollection(collection);
      const found = above[this.name];
      if (isPlainObject(found)) made = found;
      else above[this.name] = made;
    }
    this.collections[collection] = made;
    return made;
  }

  /** All collections of this path. */
  variables(): MutableTree {
    for (const collection of Object.keys(this.root.collections)) {
      const found = this.collection(collection);
      if (this.parent === null) this.collections[collection] = found;
    }
    return { ...this.collections };
  }

  mutableVariables(): MutableTree {
    return Object.fromEntries(
      Object.entries(this.variables()).filter(([name]) => this.isMutableCollection(name)),
    );
  }

  hasRng(sequence: string): boolean {
    return this.settings.rngs.has(sequence);
  }

  /** The next key of a sequence, or of "params" where there is no such sequence. Throws InvalidRngError without both. */
  makeRng(sequence: string): KeyLike {
    let rng = this.settings.rngs.get(sequence);
    let from = sequence;
    if (rng === undefined) {
      rng = this.settings.rngs.get("params");
      from = "params";
    }
    if (rng === undefined) {
      throw new InvalidRngError(
        `${this.name} needs PRNG for "${sequence}"`,
        `Say apply(variables, …, { rngs: { ${sequence}: key } }), or init({ params: key, ${sequence}: key2 }, …).`,
      );
    }
    this.#check();
    this.#checkTrace();
    return rng.extended(this.counters.next(from)).key();
  }

  hasVariable(collection: string, name: string): boolean {
    return Object.hasOwn(this.collection(collection), name);
  }

  getVariable(collection: string, name: string): unknown {
    return this.hasVariable(collection, name) ? this.collection(collection)[name] : undefined;
  }

  putVariable(collection: string, name: string, value: unknown): void {
    this.#check();
    this.#checkTrace();
    if (!this.isMutableCollection(collection)) {
      throw new ModifyScopeVariableError(collection, name, this.pathText);
    }
    putInto(this.#mutableCollection(collection), name, value);
  }

  /** A variable, made where it does not exist and `init` is given. */
  variable<T>(collection: string, name: string, init: (() => T) | null): Variable<T> {
    this.reserve(name, collection);
    if (!this.hasVariable(collection, name)) {
      if (!this.isMutableCollection(collection) || init === null) {
        if (this.isCollectionEmpty(collection))
          throw new ScopeCollectionNotFound(collection, name, this.pathText);
        throw new ScopeVariableNotFoundError(name, collection, this.pathText);
      }
      this.putVariable(collection, name, init());
    }
    return new Variable<T>(this, collection, name);
  }

  /** A parameter, made where it does not exist; otherwise its shapes are compared with those that `init` gives. */
  param<T, A extends unknown[]>(name: string, init: (key: KeyLike, ...args: A) => T, args: A): T {
    this.reserve(name, "params");
    if (this.hasVariable("params", name)) {
      const value = this.getVariable("params", name) as T;
      this.#checkShapes(name, value, init, args);
      return value;
    }
    if (!this.isMutableCollection("params")) {
      if (this.isCollectionEmpty("params")) throw new ScopeCollectionNotFound("params", name, this.pathText);
      throw new ScopeParamNotFoundError(name, this.pathText, Object.keys(this.collection("params")));
    }
    const value = init(this.makeRng("params"), ...args);
    this.putVariable("params", name, value);
    return value;
  }

  #checkShapes<A extends unknown[]>(
    name: string,
    value: unknown,
    init: (key: KeyLike, ...args: A) => unknown,
    args: A,
  ): void {
    // An initializer's first argument is the shape: nothing need be traced to see that it fits.
    if (value instanceof NdArray && Array.isArray(args[0]) && sameShape(value.shape, args[0])) return;
    const expected = leaves<{ shape: readonly number[] }>(evalShape(() => init(PRNGKey(0), ...args)));
    for (const [i, leaf] of leaves(value).entries()) {
      const shape = leaf instanceof NdArray ? leaf.shape : [];
      if (i < expected.length && !sameShape(shape, expected[i].shape)) {
        throw new ScopeParamShapeError(name, this.pathText, shape, expected[i].shape);
      }
    }
  }
}

function sameShape(a: readonly number[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Objects are merged, so that references to parts of a collection stay good. */
function putInto(target: MutableTree, name: string, value: unknown): void {
  const found = target[name];
  if (isPlainObject(found) && isPlainObject(value)) {
    for (const [key, each] of Object.entries(value)) putInto(found, key, each);
  } else {
    target[name] = value;
  }
}

/** Nested objects anew, so that what a module changes is not the caller's. */
export function copyTree(tree: unknown): unknown {
  if (!isPlainObject(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, copyTree(value)]));
}

/** Whether a value is one key. */
export function isKey(value: unknown): value is KeyLike {
  if (value instanceof PRNGKeyArray) return value.ndim === 0;
  return value instanceof NdArray && value.dtype === "uint32" && value.ndim === 1 && value.shape[0] === 2;
}

/** Sequences of keys as init and apply are given them; one key is that of "params". Throws InvalidRngError. */
export function rngSequences(rngs: Rngs | LazyRngs, module: string): Map<string, LazyRng> {
  if (rngs instanceof Map) return rngs;
  if (isKey(rngs)) return new Map([["params", new LazyRng(rngs)]]);
  if (rngs instanceof NdArray || rngs instanceof PRNGKeyArray || !isPlainObject(rngs)) {
    const shown = rngs instanceof NdArray ? `${rngs.dtype}${formatShape(rngs.shape)}` : String(rngs);
    throw new InvalidRngError(
      `RNGs should be of shape (2,) or PRNGKey in Module ${module}, but rngs are: ${shown}`,
      "Make a key with random.key(seed) or random.PRNGKey(seed).",
    );
  }
  const sequences = new Map<string, LazyRng>();
  for (const [name, key] of Object.entries(rngs)) {
    if (!isKey(key)) {
      throw new InvalidRngError(
        "rngs should be a dictionary mapping strings to `jax.PRNGKey`.",
        `"${name}" is none. Make a key with random.key(seed) or random.PRNGKey(seed).`,
      );
    }
    sequences.set(name, new LazyRng(key));
  }
  return sequences;
}

/** Sequences with what is to be folded in still apart: what lifted transforms pass on. */
export type LazyRngs = Map<string, LazyRng>;

/** The root of the scopes of one init or apply. Throws the errors of what are no variables. */
export function bindScope(variables: Variables, settings: ScopeSettings): Scope {
  if (!isPlainObject(variables) || !Object.values(variables).every(isPlainObject)) {
    throw new ApplyScopeInvalidVariablesTypeError();
  }
  const collections = Object.entries(variables).map(([name, value]) => [
    name,
    inFilter(settings.mutable, name) ? copyTree(value) : value,
  ]);
  return new Scope(Object.fromEntries(collections), settings);
}

/** Throws where the parameters are wrapped twice: `{ params: { params: … } }`. */
export function checkVariablesStructure(variables: Variables): void {
  const params = (variables as MutableTree).params;
  if (isPlainObject(params) && "params" in params) throw new ApplyScopeInvalidVariablesStructureError();
}
