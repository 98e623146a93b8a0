/** What a module knows of its place, and the stack of modules that are running. */
import type { Scope } from "./scope.ts";

/** Where a module keeps its state: off the instance's own properties, which are the user's. */
export const STATE = Symbol("state");

/** A module, as far as its place is concerned. */
export interface Placed {
  readonly [STATE]: ModuleState;
}

export class ModuleState {
  /** Where its variables are; null while it is unbound. */
  scope: Scope | null = null;
  inCompact = false;
  inSetup = false;
  setupDone = false;
  /** How many submodules of each class have been named by number. */
  readonly autonames = new Map<string, number>();
  readonly children = new Map<string, Placed>();
  /** Submodules made while this module ran, in order, which have no place yet. */
  pending: Placed[] = [];
  /** The attributes as they were before setup: what a clone is made of. */
  fields: ReadonlyMap<string, unknown> | null = null;
  /** The attributes as they were when setup had ended: they must not change any more. */
  frozen: ReadonlyMap<string, unknown> | null = null;

  constructor(
    /** In its parent. */
    public name: string | null,
    /** The module that ran when this one was made. */
    readonly maker: Placed | null,
  ) {}
}

export function isModule(value: unknown): value is Placed {
  return typeof value === "object" && value !== null && STATE in value;
}

/** One call of a module's method, for tables. */
export interface CallRecord {
  readonly index: number;
  readonly path: readonly string[];
  /** Unbound. */
  readonly module: Placed;
  readonly scope: Scope;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly outputs: unknown;
}

/** What sees the calls of all methods while it is on the stack. */
export class CallRecorder {
  readonly calls: CallRecord[] = [];
  #next = 0;

  nextIndex(): number {
    return this.#next++;
  }
}

/** Which results are stored as intermediates: asked of each call. */
export type CaptureFilter = (module: object, method: string) => boolean;

/**
 * What is running now, innermost last. Only `withPushed` changes it, which leaves it as it was, also when `body` throws.
 */
export const running = {
  modules: [] as Placed[],
  recorders: [] as CallRecorder[],
  captures: [] as (CaptureFilter | null)[],
};

/** Runs `body` with a value on a stack. */
export function withPushed<T, R>(stack: T[], value: T, body: () => R): R {
  const depth = stack.length;
  stack.push(value);
  try {
    return body();
  } finally {
    stack.length = depth;
  }
}
