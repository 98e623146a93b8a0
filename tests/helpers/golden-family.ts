/**
 * Runs a family of golden cases (tests/golden): the value of Weft's function, its value under jit, its gradient, its
 * second derivative and its vmap equal what JAX gave.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Graph } from "../../compiler/graph/graph.ts";
import type { CompiledGraph } from "../../compiler/pipeline.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import { currentBackend, setBackend } from "../../frontend/core/backend.ts";
import { asArray, NdArray } from "../../frontend/core/index.ts";
import * as weft from "../../frontend/index.ts";
import { arrayDifference, type Bounds } from "./golden-compare.ts";
import { GoldenContainer, type Stored, type StoredArray, type StoredCase } from "./golden-container.ts";
import { type GoldenRun, goldenRun, onHost } from "./golden-device.ts";
import { checkRoundTrip, checkText } from "./round-trip.ts";

const { jit, numpy: np, random, vjp, vmap } = weft;

/** Functions of a family's own, by the names of `weft="…"` in its cases. They take what the case's arguments say. */
export type HelperFunctions = Readonly<Record<string, (...args: never[]) => unknown>>;

type Callable = (...args: readonly unknown[]) => unknown;

interface Header {
  readonly cases: readonly StoredCase[];
}

/**
 * One test for every case of tests/golden/data/`family`.bin; in a run of the goldens on another device than Wasm
 * (golden-device.ts), for those that run there.
 */
export function goldenFamily(family: string, functions: HelperFunctions = {}): void {
  const container = new GoldenContainer<Header>(family);
  const run = goldenRun();
  if (run !== null) {
    describe(family, { concurrency: run.concurrency }, () =>
      goldenFamilyOn(family, run, container, functions),
    );
    return;
  }
  const step = process.env.GOLDENS === "all" ? 1 : ROUND_TRIP_EVERY;
  for (const [i, stored] of container.header.cases.entries()) {
    test(stored.name, () => {
      const golden = new GoldenCase(stored, container, functions);
      const graphs = recordCompilations(() => expectNone(golden.problems()));
      for (const { graph, donated, compiled } of graphs) {
        if (i % step === 0) checkRoundTrip(graph, donated, compiled);
        else checkText(graph);
      }
    });
    const expectNone = (problems: readonly string[]): void =>
      assert.ok(problems.length === 0, [stored.name, ...problems].join("\n  "));
  }
}

/**
 * All graphs are taken through their text. Of so many cases one is also compiled from it, for both targets, and from the
 * programs' texts; with `GOLDENS=all` in the environment all are.
 */
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

/** Families whose programs take a driver in software long: of these a selection has the values alone. */
const COSTLY: ReadonlySet<string> = new Set(
  "flax flax-recurrent haiku linalg optim optim-losses random-gamma special stats".split(" "),
);

function goldenFamilyOn(
  family: string,
  { platform, cases: extent }: GoldenRun,
  container: GoldenContainer<Header>,
  functions: HelperFunctions,
): void {
  const able = container.header.cases.filter((stored) => !JSON.stringify(stored).includes('"float64"'));
  for (const stored of extent === "selection" ? oneOfEach(able) : able) {
    test(stored.name, async (t) => {
      const golden = new GoldenCase(stored, container, functions);
      const wanted = extent === "derived" ? 2 : extent === "selection" && COSTLY.has(family) ? 0 : 1;
      const problems = await golden.problemsOn(await weft.device(platform), wanted);
      if (problems === null) return t.skip("no array results, or their shapes depend on data");
      assert.ok(problems.length === 0, [stored.name, ...problems].join("\n  "));
    });
  }
}

/** One case of every function, with a gradient if one has it. */
function oneOfEach(cases: readonly StoredCase[]): StoredCase[] {
  const chosen = new Map<string, StoredCase>();
  const worth = ({ nojit, grad }: StoredCase): number => (nojit ? 0 : 2) + (grad === undefined ? 0 : 1);
  for (const stored of cases) {
    // What a function of a test's table does depends on the name that it is given.
    const key = stored.helper ? `${stored.f} ${firstName(stored.args)}` : stored.f;
    const known = chosen.get(key);
    if (known === undefined || worth(stored) > worth(known)) chosen.set(key, stored);
  }
  return [...chosen.values()];
}

function firstName(args: readonly Stored[]): string {
  for (const x of args) {
    const found = "s" in x && typeof x.s === "string" ? x.s : "t" in x ? firstName(x.t) : "";
    if (found !== "") return found;
  }
  return "";
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
    return this.#inMode(() => {
      const problems = this.#attempt("value", () => this.#compareValue(this.#call(this.#leaves)));
      const { nojit } = this.#stored;
      for (const { title, run, inputs, expected, names, bounds } of this.#ways()) {
        if (nojit && title === UNDER_JIT) continue;
        const compiled = nojit ? run : jit(run);
        problems.push(
          ...this.#attempt(title, () => this.#compareArrays(compiled([...inputs]), expected, names, bounds)),
        );
      }
      return problems;
    });
  }

  /**
   * What differs from JAX when the function is compiled for a device: from `order` 1 on with its gradient, at 2 with its
   * second derivative and its batch, as one program. Null where it cannot be compiled, because shapes depend on data.
   */
  async problemsOn(device: weft.Device, order: Way["order"]): Promise<string[] | null> {
    try {
      const ways = this.#ways().filter((way) => way.order <= order);
      if (ways.length === 0) return null;
      const program = jit((inputs: NdArray[][]) => ways.map(({ run }, i) => run(inputs[i])), { device });
      const results = this.#inMode(() => program(ways.map(({ inputs }) => [...inputs])));
      const here = await onHost(results);
      return ways.flatMap(({ expected, names, bounds }, i) =>
        this.#compareArrays(here[i], expected, names, bounds),
      );
    } catch (error) {
      if (error instanceof weft.ConcretizationTypeError && this.#stored.nojit) return null;
      return [thrown("compiled", error)];
    }
  }

  /** Runs `body` with the random bits that the case is of. */
  #inMode<T>(body: () => T): T {
    const before = random.config.threefryPartitionable;
    random.config.threefryPartitionable = !this.#stored.legacy;
    try {
      return body();
    } finally {
      random.config.threefryPartitionable = before;
    }
  }

  #attempt(title: string, run: () => string[]): string[] {
    try {
      return run();
    } catch (error) {
      return [thrown(title, error)];
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

  #compareValue(actual: unknown, expected: Stored = this.#stored.out, path = "value"): string[] {
    if ("s" in expected) {
      const want = scalar(expected);
      return Object.is(actual, want) ? [] : [`${path}: is ${String(actual)}, expected ${String(want)}`];
    }
    if ("a" in expected) {
      const isArray = actual instanceof NdArray || typeof actual === "number" || typeof actual === "boolean";
      if (!isArray) return [`${path}: is no array but ${inWords(actual)}`];
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

  /** What is computed of the case, as functions of arrays that may be compiled. */
  #ways(): Way[] {
    const { out, wrt, grad, second, gradTol, secondTol, tol, atol } = this.#stored;
    const expected: StoredArray[] = [];
    collectLeavesSorted(out, (array) => expected.push(array));
    if (expected.length === 0) return [];
    const ways: Way[] = [
      {
        title: UNDER_JIT,
        order: 0,
        run: (leaves) => this.#parts(leaves),
        inputs: this.#leaves,
        expected,
        names: names(UNDER_JIT, expected.length),
        bounds: this.#bounds,
      },
    ];
    if (wrt !== undefined && grad !== undefined) {
      const weighted = (selected: NdArray[]): NdArray[] => {
        const leaves = [...this.#leaves];
        for (const [i, leaf] of wrt.entries()) leaves[leaf] = selected[i];
        return this.#parts(leaves).filter((x) => isFloating(x.dtype));
      };
      const gradient = (xs: NdArray[]): NdArray[] => gradientOf(weighted, xs);
      const inputs = wrt.map((leaf) => this.#leaves[leaf]);
      const looser = (factor: number, own?: number): Bounds => ({
        tol: own ?? (tol === undefined ? undefined : tol * factor),
        atol,
        factor,
      });
      ways.push({
        title: "gradient",
        order: 1,
        run: gradient,
        inputs,
        expected: grad,
        names: wrt.map((leaf) => `gradient of array ${leaf}`),
        bounds: looser(5, gradTol),
      });
      if (second !== undefined) {
        ways.push({
          title: "second derivative",
          order: 2,
          run: (xs) => gradientOf(gradient, xs),
          inputs,
          expected: second,
          names: wrt.map((leaf) => `second derivative of array ${leaf}`),
          bounds: looser(25, secondTol),
        });
      }
    }
    return [...ways, ...this.#batchWay()];
  }

  #batchWay(): Way[] {
    const { mapped, lane, vmap: expected } = this.#stored;
    if (mapped === undefined || lane === undefined || expected === undefined) return [];
    const inputs = [...this.#leaves];
    const axes: (number | null)[] = inputs.map(() => null);
    for (const [i, leaf] of mapped.entries()) {
      inputs[leaf] = np.stack([inputs[leaf], this.#container.array(lane[i])]);
      axes[leaf] = 0;
    }
    const run = vmap((leaves: NdArray[]) => this.#parts(leaves), { inAxes: [axes] });
    return [
      {
        title: "vmap",
        order: 2,
        run,
        inputs,
        expected,
        names: names("vmap", expected.length),
        bounds: this.#bounds,
      },
    ];
  }
}

const UNDER_JIT = "under jit";

/** One of the things that are computed of a case, and what JAX gave for it. */
interface Way {
  readonly title: string;
  /** 0: the function; 1: its gradient; 2: what shows a transformation more than the operations. */
  readonly order: 0 | 1 | 2;
  readonly run: (inputs: NdArray[]) => NdArray[];
  readonly inputs: readonly NdArray[];
  readonly expected: readonly StoredArray[];
  readonly names: readonly string[];
  readonly bounds: Bounds;
}

function thrown(title: string, error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${title}: throws ${text.split("\n").slice(0, 6).join("\n    ")}`;
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

function inWords(x: unknown): string {
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
      throw new Error(`${path} is no array but ${inWords(actual)}`);
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
      throw new Error(`${path} has no .${name}: it is ${inWords(actual)}`);
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
    if (expected.n === undefined) throw new Error(`${path} is no list but ${inWords(actual)}`);
    return expected.n.map((name, i) => field(name, expected.t[i]));
  }
  if (actual.length !== expected.t.length) {
    throw new Error(`${path} has ${actual.length} parts, expected ${expected.t.length}`);
  }
  return expected.t.map((stored, i) => ({ value: actual[i], stored, at: `${path}[${i}]` }));
}
