/** What runs inside of a transformed function: its parameters, state and keys, and the modules that are running. */
import { type NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { isKey } from "../nn/modules/core/scope.ts";
import { type KeyLike, PRNGKey, split } from "../random/index.ts";

/** Parameters, or state, by module and name: `{ "linear": { w, b } }`. */
export interface HaikuTree {
  readonly [module: string]: { readonly [name: string]: NdArray };
}
export type MutableHaikuTree = Record<string, Record<string, NdArray>>;

/** A key is asked for, but init or apply was given none (`haiku.MissingRNGError`). */
export class MissingRNGError extends WeftValueError {
  override name = "MissingRNGError";
}

/** Keys one after the other, split from a key (`haiku.PRNGSequence`). */
export class PRNGSequence {
  #key: KeyLike;

  /** From a key or a seed. Throws WeftTypeError for what is neither. */
  constructor(keyOrSeed: KeyLike | number) {
    const key = typeof keyOrSeed === "number" ? PRNGKey(keyOrSeed) : keyOrSeed;
    if (!isKey(key)) {
      throw new WeftTypeError(
        `The provided key is not a JAX PRNGKey but ${String(key)}: make one with random.key(seed)`,
      );
    }
    this.#key = key;
  }

  next(): KeyLike {
    const [rest, key] = split(this.#key);
    this.#key = rest;
    return key;
  }

  /** The next `count` keys, of which the first is made before the last, as by `next`. */
  take(count: number): KeyLike[] {
    if (count === 0) return [];
    const [rest, ...keys] = split(this.#key, count + 1);
    this.#key = rest;
    return keys;
  }
}

/** A module that names can hang on. */
export interface NamedModule {
  readonly name: string;
  readonly moduleName: string;
}

/** One running method of a module; the outermost one has no module. */
export interface Level {
  readonly module: NamedModule | null;
  readonly method: string;
  /** How many modules of each name were made here. */
  readonly counters: Map<string, number>;
  readonly used: Set<string>;
  /** Modules made here that have no name yet, in order. */
  pending: object[];
}

export interface StatePair {
  readonly initial: NdArray;
  readonly current: NdArray;
}

export class Frame {
  readonly levels: Level[] = [newLevel(null, "call")];
  readonly state = new Map<string, Map<string, StatePair>>();

  constructor(
    readonly params: MutableHaikuTree,
    /** Whether this is apply: parameters must be there. */
    readonly frozen: boolean,
    readonly rng: PRNGSequence | null,
  ) {}

  get level(): Level {
    return this.levels[this.levels.length - 1];
  }

  /** The name that parameters are kept under: that of the module that runs, or "~" outside of all. */
  get bundle(): string {
    return this.level.module?.moduleName ?? "~";
  }

  /** The state of each module, as it is or as it was first. */
  stateTree(which: keyof StatePair): MutableHaikuTree {
    const tree: MutableHaikuTree = {};
    for (const [module, values] of this.state) {
      tree[module] = Object.fromEntries([...values].map(([name, pair]) => [name, pair[which]]));
    }
    return tree;
  }
}

export function newLevel(module: NamedModule | null, method: string): Level {
  return { module, method, counters: new Map(), used: new Set(), pending: [] };
}

/** The transformed functions that are running, innermost last. Only `withFrame` changes it. */
const frames: Frame[] = [];

/** Runs `body` in a frame, and leaves the stack as it was, also when `body` throws. */
export function withFrame<T>(frame: Frame, body: () => T): T {
  const depth = frames.length;
  frames.push(frame);
  try {
    return body();
  } finally {
    frames.length = depth;
  }
}

export function hasFrame(): boolean {
  return frames.length > 0;
}

/** The innermost frame. Throws WeftValueError outside of transformed functions. */
export function currentFrame(caller: string): Frame {
  const frame = frames.at(-1);
  if (frame === undefined) {
    throw new WeftValueError(`\`hk.${caller}\` must be used as part of an \`hk.transform\``);
  }
  return frame;
}
