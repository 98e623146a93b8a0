/** jit: traces a function once per structure and types of its arguments, compiles it, and calls the compiled code. */

import { config } from "../config/config.ts";
import { NdArray } from "../core/array.ts";
import type { ShapedArray } from "../core/aval.ts";
import { checkDevice, type Device } from "../core/device.ts";
import { WeftValueError } from "../core/errors.ts";
import { captureSource } from "../core/source.ts";
import { ShapeDtypeStruct } from "../core/spec.ts";
import { notTracing, Tracer } from "../core/trace.ts";
import { flatten, leafPaths, unflattenAt } from "../tree/tree.ts";
import { equalDefs, type TreeDef } from "../tree/treedef.ts";
import {
  argumentArray,
  argumentAval,
  argumentPath,
  type Callee,
  describeCallee,
  inputHint,
  resolveArgnums,
} from "./arguments.ts";
import { JitEntry } from "./jit-entry.ts";
import { type Lowered, Stages } from "./stages.ts";
import { checkStatic, sameStatic, staticKey } from "./static-arguments.ts";
import { type InputSpec, traceToGraph } from "./trace-function.ts";
import {
  type AbstractArguments,
  type AnyFunction,
  type Arguments,
  applyFunction,
  type Result,
} from "./types.ts";

/** Options of `jit`. */
export interface JitOptions {
  /** Arguments whose values are compiled in; each new value compiles anew. Primitives go by value, objects by identity. */
  readonly staticArgnums?: number | readonly number[];
  /** Arguments whose memory the results may take over. They cannot be used afterwards. */
  readonly donateArgnums?: number | readonly number[];
  /** Where it runs, wherever its arguments are; by default where they are (`await device("webgpu")`). */
  readonly device?: Device;
  /** Name in dumps and messages; the function's own by default. */
  readonly name?: string;
}

/** What `jit` returns: the function, compiled when it is called, and the stages of its compilation. */
export interface JitFunction<F extends AnyFunction> {
  (...args: Arguments<Parameters<F>>): Result<ReturnType<F>>;
  /** Traces for these arguments, or specs of them, without compiling. Where they are is where it will run. */
  trace(...args: AbstractArguments<Parameters<F>>): Stages<F>;
  /** Ahead of time: `jit(f).lower(x).compile()`. */
  lower(...args: AbstractArguments<Parameters<F>>): Lowered<F>;
  /** Forgets everything traced and compiled. */
  clearCache(): void;
}

/** Specialisations kept per function; past it the least recently used goes. */
const ENTRY_LIMIT = 512;

/**
 * Compiles a function (`jax.jit`). The function is traced with abstract values: it runs once per combination of
 * argument structure, shapes, dtypes and static values, and must have no side effects.
 */
export function jit<F extends AnyFunction>(f: F, options: JitOptions = {}): JitFunction<F> {
  const cache = new JitCache(f, options);
  const call = (...args: unknown[]): unknown => cache.call(args);
  Object.defineProperty(call, "name", { value: cache.callee.name });
  Object.defineProperty(call, "length", { value: f.length });
  return Object.assign(call, {
    trace: (...args: unknown[]) => cache.stagesFor<F>(args),
    lower: (...args: unknown[]) => cache.stagesFor<F>(args).lower(),
    clearCache: () => cache.clear(),
  }) as JitFunction<F>;
}

interface Flat {
  readonly trees: readonly (TreeDef | null)[];
  readonly statics: readonly unknown[];
  /** Arrays, numbers, booleans and specs. */
  readonly leaves: readonly unknown[];
  readonly avals: readonly ShapedArray[];
  readonly inputs: readonly InputSpec[];
  readonly donated: readonly boolean[] | null;
}

class JitCache {
  readonly callee: Callee;
  /** The entry of the last call, tried first. */
  #last: JitEntry | null = null;
  readonly #entries = new Map<string, JitEntry[]>();
  #count = 0;
  readonly #device: Device | null;
  readonly #staticArgnums: readonly number[];
  readonly #donateArgnums: readonly number[];

  constructor(
    readonly f: AnyFunction,
    options: JitOptions,
  ) {
    this.callee = describeCallee(f, options.name);
    if (options.device !== undefined) checkDevice(options.device);
    this.#device = options.device ?? null;
    this.#staticArgnums = listOf(options.staticArgnums);
    this.#donateArgnums = listOf(options.donateArgnums);
  }

  call(args: readonly unknown[]): unknown {
    const last = this.#last;
    if (last !== null && last.precision === config.defaultMatmulPrecision) {
      const leaves = last.match(args);
      if (leaves !== null) return notTracing() && !hasTracer(leaves) ? last.run(leaves) : last.call(leaves);
    }
    const flat = this.#flatten(args);
    const spec = flat.leaves.findIndex((x) => x instanceof ShapeDtypeStruct);
    if (spec >= 0) {
      throw new WeftValueError(
        `${this.callee.name} was called with a ShapeDtypeStruct: give it arrays, or use .lower(…)`,
        captureSource(),
      );
    }
    return this.#entry(flat).call(flat.leaves);
  }

  stagesFor<F extends AnyFunction>(args: readonly unknown[]): Stages<F> {
    const flat = this.#flatten(args);
    const entry = this.#entry(flat);
    return new Stages<F>(entry, this.callee, entry.deviceFor(flat.leaves));
  }

  clear(): void {
    this.#last = null;
    this.#entries.clear();
    this.#count = 0;
  }

  #flatten(args: readonly unknown[]): Flat {
    const { callee } = this;
    const staticAt = new Set(resolveArgnums(this.#staticArgnums, args.length, "staticArgnums", callee));
    const donatedAt = new Set(resolveArgnums(this.#donateArgnums, args.length, "donateArgnums", callee));
    const trees: (TreeDef | null)[] = [];
    const statics: unknown[] = [];
    const leaves: unknown[] = [];
    const inputs: InputSpec[] = [];
    const donated: boolean[] = [];
    for (const [n, argument] of args.entries()) {
      if (staticAt.has(n)) {
        if (donatedAt.has(n)) {
          throw new WeftValueError(
            `staticArgnums and donateArgnums cannot intersect: argument ${n} of ${callee.name} is in both`,
            captureSource(),
          );
        }
        checkStatic(callee, n, argument);
        trees.push(null);
        statics.push(argument);
        continue;
      }
      const flat = flatten(argument);
      const paths = leafPaths(flat.treedef);
      trees.push(flat.treedef);
      for (const [i, leaf] of flat.leaves.entries()) {
        const path = paths[i];
        const plain = leaf instanceof NdArray || leaf instanceof ShapeDtypeStruct || typeof leaf !== "object";
        const value = plain ? leaf : argumentArray(callee, "jit", n, path, leaf);
        leaves.push(value);
        donated.push(donatedAt.has(n));
        inputs.push({
          aval: argumentAval(callee, "jit", n, path, value),
          name: argumentPath(callee, n, path),
          hint: inputHint(callee, n, path),
          outer: null,
        });
      }
    }
    const avals = inputs.map((x) => x.aval);
    return { trees, statics, leaves, avals, inputs, donated: donated.includes(true) ? donated : null };
  }

  #entry(flat: Flat): JitEntry {
    const key = keyOf(flat);
    const bucket = this.#entries.get(key);
    const found = bucket?.find((entry) => fits(entry, flat));
    if (bucket !== undefined && found !== undefined) {
      // Least recently used first: a Map keeps the order of insertion.
      this.#entries.delete(key);
      this.#entries.set(key, bucket);
      this.#last = found;
      return found;
    }
    const traced = traceToGraph("jit", this.callee, flat.inputs, (arrays) => this.#apply(flat, arrays));
    const entry = new JitEntry(
      this.callee.name,
      flat.trees,
      flat.statics,
      flat.avals,
      traced,
      flat.donated,
      this.#device,
    );
    // What captured values of a running trace is good for that trace only.
    if (!entry.cacheable) return entry;
    if (bucket !== undefined) bucket.push(entry);
    else this.#entries.set(key, [entry]);
    if (++this.#count > ENTRY_LIMIT) {
      const oldest = this.#entries.entries().next();
      if (!oldest.done) {
        this.#entries.delete(oldest.value[0]);
        this.#count -= oldest.value[1].length;
      }
    }
    this.#last = entry;
    return entry;
  }

  #apply(flat: Flat, arrays: readonly NdArray[]): unknown {
    let at = 0;
    let staticAt = 0;
    return applyFunction(
      this.f,
      flat.trees.map((tree) => {
        if (tree === null) return flat.statics[staticAt++];
        const value = unflattenAt(tree, arrays, at);
        at += tree.leaves;
        return value;
      }),
    );
  }
}

function listOf(argnums: number | readonly number[] | undefined): readonly number[] {
  if (argnums === undefined) return [];
  return typeof argnums === "number" ? [argnums] : argnums;
}

function hasTracer(leaves: readonly unknown[]): boolean {
  for (let i = 0; i < leaves.length; i++) {
    const leaf = leaves[i];
    if (leaf instanceof Tracer) return true;
  }
  return false;
}

/** A text that equal argument lists share. */
function keyOf(flat: Flat): string {
  let key = `${config.defaultMatmulPrecision},`;
  for (const tree of flat.trees) key += tree === null ? "s," : `${tree.hash},`;
  for (const x of flat.statics) key += `${staticKey(x)}|`;
  for (const aval of flat.avals) key += `${aval.type.text}${aval.weakType ? "*" : ""},`;
  return key;
}

function fits(entry: JitEntry, flat: Flat): boolean {
  return (
    entry.precision === config.defaultMatmulPrecision &&
    entry.argumentTrees.length === flat.trees.length &&
    entry.argumentTrees.every((tree, i) => {
      const other = flat.trees[i];
      return tree === null || other === null ? tree === other : equalDefs(tree, other);
    }) &&
    entry.statics.every((x, i) => sameStatic(x, flat.statics[i])) &&
    entry.avals.every(
      (aval, i) => aval.type.text === flat.avals[i].type.text && aval.weakType === flat.avals[i].weakType,
    )
  );
}
