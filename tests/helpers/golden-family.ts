/**
 * Runs a family of golden cases (tests/golden): the value of Weft's function, its value under jit, its gradient, its
 * second derivative and its vmap equal what JAX gave.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Graph } from "../../compiler/graph/graph.ts";
import type { CompiledGraph } from "../../compiler/pipeline.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import { currentBackend, setBackend } from "../../frontend/core/backend.ts";
import { asArray, NdArray } from "../../frontend/core/index.ts";
import * as weft from "../../frontend/index.ts";
import { arrayDifference, type Bounds } from "./golden-compare.ts";
import { GoldenContainer, type Stored, type StoredArray, type StoredCase } from "./golden-container.ts";
import { checkRoundTrip } from "./round-trip.ts";

const { jit, numpy: np, random, vjp, vmap } = weft;

/** Functions of a family's own, by the names of `weft="…"` in its cases. They take what the case's arguments say. */
export type HelperFunctions = Readonly<Record<string, (...args: never[]) => unknown>>;

type Callable = (...args: readonly unknown[]) => unknown;

interface Header {
  readonly cases: readonly StoredCase[];
}

/** One test for every case of tests/golden/data/`family`.bin. */
export function goldenFamily(family: string, functions: HelperFunctions = {}): void {
  const container = new GoldenContainer<Header>(family);
  const step = process.env.GOLDENS === "all" ? 1 : ROUND_TRIP_EVERY;
  for (const [i, stored] of container.header.cases.entries()) {
    test(stored.name, () => {
      const golden = new GoldenCase(stored, container, functions);
      if (i % step !== 0) return expectNone(golden.problems());
      const graphs = recordCompilations(() => expectNone(golden.problems()));
      for (const { graph, donated, compiled } of graphs) checkRoundTrip(graph, donated, compiled);
    });
    const expectNone = (problems: readonly string[]): void =>
      assert.ok(problems.length === 0, [stored.name, ...problems].join("\n  "));
  }
}

/** Of so many cases one is also taken through its texts; with `GOLDENS=all` in the environment all are. */
const ROUND_TRIP_EVERY = 12;

interface Compilation {
  readonly graph: Graph;
  readonly donated: readonly boolean[];
  readonly compiled: CompiledGraph | null;
}

/** Runs `work`; the functions that were compiled meanwhile. */
function recordCompilations(work: () => void): Compilation[] {
  const found: Compilation[] = [];
  const real = currentBackend();
  setBackend({
    compile(graph, donated, purpose) {
      const executable = real.compile(graph, donated, purpose);
      if (purpose === "function") {
        found.push({ graph, donated: donated ?? [], compiled: executable.compiled });
      }
      return executable;
    },
  });
  try {
    work();
  } finally {
    setBackend(real);
  }
  return found;
}

/**
 * The cases of a family whose place is a multiple of `every`, compiled for a device, value and gradient; with
 * `GOLDENS=all` in the environment every case. Those of the table of another test, without arrays, of float64, or with
 * results whose shape depends on data are left out.
 */
export function goldenFamilyOn(device: weft.Device, family: string, every: number): void {
  const container = new GoldenContainer<Header>(family);
  const step = process.env.GOLDENS === "all" ? 1 : every;
  for (const [i, stored] of container.header.cases.entries()) {
    if (i % step !== 0 || stored.helper || stored.nojit || JSON.stringify(stored).includes('"float64"'))
      continue;
    const golden = new GoldenCase(stored, container, {});
    if (!golden.compiles) continue;
    test(stored.name, async () => {
      const problems = await golden.problemsOn(device);
      assert.ok(problems.length === 0, [stored.name, ...problems].join("\n  "));
    });
  }
}

/** What is a namespace of cases, and where it hangs in Weft. */
const NAMESPACES: Readonly<Record<string, readonly string[]>> = {
  np: ["numpy"],
  weft: [],
};

/** A function of Weft by its path in a case: `np.linalg.cholesky`. */
export function resolve(path: string): Callable {
  const [first, ...rest] = path.split(".");
  let found: unknown = weft;
  for (const part of [...(NAMESPACES[first] ?? [first]), ...rest]) {
    found = typeof found === "object" && found !== null ? Reflect.get(found, part) : undefined;
  }
  return callable(found, path);
}

function callable(found: unknown, path: string): Callable {
  if (typeof found !== "function") throw new Error(`Weft has no function ${path}`);
  return (...args) => Reflect.apply(found, undefined, args);
}

class GoldenCase {
  readonly #stored: StoredCase;
  readonly #container: GoldenContainer<Header>;
  readonly #function: () => Callable;
  readonly #leaves: readonly NdArray[];

  constructor(stored: StoredCase, container: GoldenContainer<Header>, functions: HelperFunctions) {
    this.#stored = stored;
    this.#container = container;
    this.#function = () =>
      stored.helper ? callable(functions[stored.f], `${stored.f} in the test's table`) : resolve(stored.f);
    const leaves: NdArray[] = [];
    for (const x of [...stored.args, ...Object.values(stored.options ?? {})]) {
      collectLeaves(x, (array) => leaves.push(container.array(array)));
    }
    this.#leaves = leaves;
  }

  /** What differs from JAX, each with the way it was computed. */
  problems(): string[] {
    const before = random.config.threefryPartitionable;
    random.config.threefryPartitionable = !this.#stored.legacy;
    try {
      return [
        ...this.#attempt("value", () => this.#valueProblems()),
        ...this.#attempt("under jit", () => this.#jitProblems()),
        ...this.#attempt("gradient", () => this.#gradientProblems()),
        ...this.#attempt("vmap", () => this.#vmapProblems()),
      ];
    } finally {
      random.config.threefryPartitionable = before;
    }
  }

  /** Whether it is a function of arrays. */
  get compiles(): boolean {
    return this.#leaves.length > 0;
  }

  /** What differs from JAX when the function and its gradient are compiled for a device. */
  async problemsOn(device: weft.Device): Promise<string[]> {
    const before = random.config.threefryPartitionable;
    random.config.threefryPartitionable = !this.#stored.legacy;
    try {
      const expected: StoredArray[] = [];
      collectLeavesSorted(this.#stored.out, (array) => expected.push(array));
      const parts = jit((leaves: NdArray[]) => this.#parts(leaves), { device })([...this.#leaves]);
      const problems = this.#compareArrays(
        await onHost(parts),
        expected,
        names("value", expected.length),
        this.#bounds,
      );
      const { wrt, grad, gradTol, tol, atol } = this.#stored;
      if (wrt === undefined || grad === undefined) return problems;
      const gradients = jit(this.#gradient(wrt), { device })(wrt.map((leaf) => this.#leaves[leaf]));
      const bounds = { tol: gradTol ?? (tol === undefined ? undefined : tol * 5), atol, factor: 5 };
      const titles = wrt.map((leaf) => `gradient of array ${leaf}`);
      return [...problems, ...this.#compareArrays(await onHost(gradients), grad, titles, bounds)];
    } finally {
      random.config.threefryPartitionable = before;
    }
  }

  /** The gradient by some leaves of the weighted sum of the floating results. */
  #gradient(wrt: readonly number[]): (selected: NdArray[]) => NdArray[] {
    return (selected) =>
      gradientOf((xs) => {
        const leaves = [...this.#leaves];
        for (const [i, leaf] of wrt.entries()) leaves[leaf] = xs[i];
        return this.#parts(leaves).filter((x) => isFloating(x.dtype));
      }, selected);
  }

  #attempt(way: string, run: () => string[]): string[] {
    try {
      return run();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return [`${way}: throws ${text.split("\n").slice(0, 6).join("\n    ")}`];
    }
  }

  #call(leaves: readonly NdArray[]): unknown {
    const remaining = [...leaves];
    const build = (x: Stored): unknown => {
      if ("a" in x) return remaining.shift();
      if ("c" in x) return { real: remaining.shift(), imag: remaining.shift() };
      if ("k" in x) return random.wrapKeyData(asArray(remaining.shift() ?? 0));
      if ("t" in x) return x.t.map(build);
      if ("d" in x) return Object.fromEntries(Object.entries(x.d).map(([key, value]) => [key, build(value)]));
      if ("r" in x) return resolve(x.r);
      return scalar(x);
    };
    const args = this.#stored.args.map(build);
    const { options } = this.#stored;
    if (options !== undefined) args.push(build({ d: options }));
    return this.#function()(...args);
  }

  /** The arrays of the result, in JAX's order. */
  #parts(leaves: readonly NdArray[]): NdArray[] {
    const parts: NdArray[] = [];
    collectParts(this.#call(leaves), this.#stored.out, "out", parts);
    return parts;
  }

  get #bounds(): Bounds {
    const { tol, ulp, atol, exact } = this.#stored;
    return { tol, ulp, atol, exact: exact === 1 };
  }

  #valueProblems(): string[] {
    return this.#compareValue(this.#call(this.#leaves), this.#stored.out, "value");
  }

  #compareValue(actual: unknown, expected: Stored, path: string): string[] {
    if ("s" in expected) {
      const want = scalar(expected);
      return Object.is(actual, want) ? [] : [`${path}: is ${String(actual)}, expected ${String(want)}`];
    }
    if ("a" in expected) {
      const isArray = actual instanceof NdArray || typeof actual === "number" || typeof actual === "boolean";
      if (!isArray) return [`${path}: is no array but ${describe(actual)}`];
      return this.#compareArrays([asArray(actual)], [expected], [path], this.#bounds);
    }
    if ("r" in expected) throw new Error("a function is no result");
    return children(actual, expected, path).flatMap(({ value, stored, at }) =>
      this.#compareValue(value, stored, at),
    );
  }

  #compareArrays(
    actual: readonly NdArray[],
    expected: readonly StoredArray[],
    names: readonly string[],
    bounds: Bounds,
  ): string[] {
    if (actual.length !== expected.length) {
      return [`${names[0]}: ${actual.length} arrays, expected ${expected.length}`];
    }
    return expected.flatMap((stored, i) => {
      const difference = arrayDifference(actual[i], this.#container.array(stored), bounds);
      return difference === null ? [] : [`${names[i] ?? names[0]}: ${difference}`];
    });
  }

  #jitProblems(): string[] {
    if (this.#stored.nojit || this.#leaves.length === 0) return [];
    const expected: StoredArray[] = [];
    collectLeavesSorted(this.#stored.out, (array) => expected.push(array));
    if (expected.length === 0) return [];
    const parts = jit((leaves: NdArray[]) => this.#parts(leaves))([...this.#leaves]);
    return this.#compareArrays(parts, expected, names("under jit", expected.length), this.#bounds);
  }

  #gradientProblems(): string[] {
    const { wrt, grad, second, gradTol, secondTol, tol, atol } = this.#stored;
    if (wrt === undefined || grad === undefined) return [];
    const weighted = (selected: NdArray[]): NdArray[] => {
      const leaves = [...this.#leaves];
      for (const [i, leaf] of wrt.entries()) leaves[leaf] = selected[i];
      return this.#parts(leaves).filter((x) => isFloating(x.dtype));
    };
    const selected = wrt.map((leaf) => this.#leaves[leaf]);
    const compile = this.#stored.nojit ? (f: typeof weighted) => f : (f: typeof weighted) => jit(f);
    const gradient = (xs: NdArray[]) => gradientOf(weighted, xs);
    const looser = (factor: number, own?: number): Bounds => ({
      tol: own ?? (tol === undefined ? undefined : tol * factor),
      atol,
      factor,
    });
    const problems = this.#compareArrays(
      compile(gradient)(selected),
      grad,
      wrt.map((leaf) => `gradient of array ${leaf}`),
      looser(5, gradTol),
    );
    if (second === undefined) return problems;
    return [
      ...problems,
      ...this.#attempt("second derivative", () =>
        this.#compareArrays(
          compile((xs: NdArray[]) => gradientOf(gradient, xs))(selected),
          second,
          wrt.map((leaf) => `second derivative of array ${leaf}`),
          looser(25, secondTol),
        ),
      ),
    ];
  }

  #vmapProblems(): string[] {
    const { mapped, lane, vmap: expected, nojit } = this.#stored;
    if (mapped === undefined || lane === undefined || expected === undefined) return [];
    const stacked = [...this.#leaves];
    const axes: (number | null)[] = stacked.map(() => null);
    for (const [i, leaf] of mapped.entries()) {
      stacked[leaf] = np.stack([stacked[leaf], this.#container.array(lane[i])]);
      axes[leaf] = 0;
    }
    const run = vmap((leaves: NdArray[]) => this.#parts(leaves), { inAxes: [axes] });
    const parts = nojit ? run(stacked) : jit(run)(stacked);
    return this.#compareArrays(parts, expected, names("vmap", expected.length), this.#bounds);
  }
}

async function onHost(arrays: readonly NdArray[]): Promise<NdArray[]> {
  return weft.blockUntilReady(weft.devicePut([...arrays], await weft.device("wasm")) as NdArray[]);
}

/** The gradient of sum(out * weights) over the floating results of a function of arrays. */
function gradientOf(f: (xs: NdArray[]) => NdArray[], xs: NdArray[]): NdArray[] {
  const [results, pull] = vjp(f, [xs]);
  return pull(results.map((x, leaf) => weights(x, leaf)))[0];
}

/** The fixed weights of output `leaf`; tests/golden/record.py has the same formula. */
function weights(x: NdArray, leaf: number): NdArray {
  const data = Float64Array.from({ length: x.size }, (_, i) => (((i * 7 + leaf * 5) % 13) - 6.5) / 8);
  // Rounded here: a GPU has no float64.
  const rounded = x.dtype === "float64" ? data : Float32Array.from(data);
  return np
    .array(rounded, { dtype: x.dtype === "float64" ? "float64" : "float32" })
    .astype(x.dtype)
    .reshape(x.shape);
}

function names(title: string, count: number): string[] {
  return count === 1 ? [title] : Array.from({ length: count }, (_, i) => `${title}, array ${i}`);
}

function scalar(x: { readonly s: number | string | boolean | null; readonly f?: 1 }): unknown {
  if (!x.f) return x.s;
  return x.s === "nan" ? NaN : x.s === "inf" ? Infinity : -Infinity;
}

function describe(x: unknown): string {
  if (Array.isArray(x)) return `a list of ${x.length}`;
  return typeof x === "object" && x !== null ? `an object with ${Object.keys(x).join(", ")}` : String(x);
}

/** The arrays of a stored value, in order. */
function collectLeaves(x: Stored, add: (array: StoredArray) => void): void {
  if ("a" in x) add(x);
  else if ("c" in x) x.c.forEach(add);
  else if ("k" in x) add(x.k);
  else if ("t" in x) for (const part of x.t) collectLeaves(part, add);
  else if ("d" in x) for (const part of Object.values(x.d)) collectLeaves(part, add);
}

/** The same with the entries of dicts by their sorted keys, as JAX's trees have them. */
function collectLeavesSorted(x: Stored, add: (array: StoredArray) => void): void {
  if ("t" in x) for (const part of x.t) collectLeavesSorted(part, add);
  else if ("d" in x) for (const key of Object.keys(x.d).sort()) collectLeavesSorted(x.d[key], add);
  else collectLeaves(x, add);
}

function collectParts(actual: unknown, expected: Stored, path: string, parts: NdArray[]): void {
  if ("s" in expected || "r" in expected) return;
  if ("a" in expected) {
    if (typeof actual !== "number" && typeof actual !== "boolean" && !(actual instanceof NdArray)) {
      throw new Error(`${path} is no array but ${describe(actual)}`);
    }
    parts.push(asArray(actual));
    return;
  }
  for (const { value, stored, at } of children(actual, expected, path))
    collectParts(value, stored, at, parts);
}

interface Child {
  readonly value: unknown;
  readonly stored: Stored;
  readonly at: string;
}

/** Pairs the parts of a result with those expected. Throws where the structures differ. */
function children(actual: unknown, expected: Stored, path: string): Child[] {
  const field = (name: string, stored: Stored): Child => {
    if (typeof actual !== "object" || actual === null || !(name in actual)) {
      throw new Error(`${path} has no .${name}: it is ${describe(actual)}`);
    }
    return { value: Reflect.get(actual, name), stored, at: `${path}.${name}` };
  };
  if ("c" in expected) return [field("real", expected.c[0]), field("imag", expected.c[1])];
  if ("k" in expected) return [field("keyData", expected.k)];
  if ("d" in expected) {
    if (typeof actual === "object" && actual !== null) {
      const extra = Object.keys(actual).filter((key) => !(key in expected.d));
      if (extra.length > 0) throw new Error(`${path} has ${extra.join(", ")}, which JAX's does not`);
    }
    return Object.keys(expected.d)
      .sort()
      .map((key) => field(key, expected.d[key]));
  }
  if (!("t" in expected)) return [];
  if (!Array.isArray(actual)) {
    if (expected.n === undefined) throw new Error(`${path} is no list but ${describe(actual)}`);
    return expected.n.map((name, i) => field(name, expected.t[i]));
  }
  if (actual.length !== expected.t.length) {
    throw new Error(`${path} has ${actual.length} parts, expected ${expected.t.length}`);
  }
  return expected.t.map((stored, i) => ({ value: actual[i], stored, at: `${path}[${i}]` }));
}
