/** Runs one function, compiled to WebAssembly, over its points and measures its errors. */
import { type CompiledGraph, compileGraph, GraphBuilder, tensorType } from "../../compiler/index.ts";
import { type CompiledFunction, hasRelaxedSimd, loadFunction } from "../../runtime/index.ts";
import { type FunctionCase, isExact } from "./functions.ts";
import type { Golden } from "./golden.ts";
import { type Floats, floats, type Points, pointsOf, specialValues } from "./points.ts";
import { errorUnit, referenceOf } from "./reference.ts";

/** Of WebAssembly modules. */
export type WasmVariant = "simd" | "relaxed";
export type Variant = WasmVariant | "webgpu";

export interface Errors {
  /** Points with a finite nonzero exact result, whose error is a number. */
  count: number;
  total: number;
  max: number;
  /** Arguments of the greatest error, and what came out. */
  at: readonly number[];
  result: number;
  expected: number;
  /** NaN, infinity or zero where something else belongs, or the wrong sign: one line each, the first few. */
  wrong: string[];
}

export interface Measurement {
  readonly fn: FunctionCase;
  readonly variant: Variant;
  readonly errors: Errors;
}

export function variants(): WasmVariant[] {
  return hasRelaxedSimd() ? ["simd", "relaxed"] : ["simd"];
}

/** Elements of one call in a sweep: the main loop, a partial step of each kind and a partial vector. */
const CHUNK = 4096 + 16 + 8 + 4 + 3;
/** Other sizes that must give the same bits: one scalar, partial vectors, and steps with tails. */
const SIZES = [1, 7, 26];
/** Points that are computed again in each of the other sizes. */
const REPEATED = 1300;

export function compileFunction(fn: FunctionCase, size: number): CompiledGraph {
  const b = new GraphBuilder();
  const inputs = Array.from({ length: fn.arity }, () =>
    b.input(tensorType(fn.dtype, size === 1 ? [] : [size])),
  );
  return compileGraph(b.finish(fn.name, b.emit(fn.name, inputs, {})));
}

/** The results at all points, by calls of `size` elements; the last call is filled up with repetitions. */
function runAll(compiled: CompiledFunction, fn: FunctionCase, size: number, points: Points): Floats {
  const { length } = points[0];
  const results = floats(fn.dtype, length);
  for (let start = 0; start < length; start += size) {
    const chunk = points.map((column) => {
      const part = floats(fn.dtype, size);
      for (let i = 0; i < size; i++) part[i] = column[Math.min(start + i, length - 1)];
      return part;
    });
    const [out] = compiled.run(...chunk);
    for (let i = 0; i < size && start + i < length; i++) results[start + i] = Number(out[i]);
  }
  return results;
}

function withFunction<T>(
  fn: FunctionCase,
  size: number,
  variant: WasmVariant,
  use: (compiled: CompiledFunction) => T,
): T {
  const compiled = loadFunction(compileFunction(fn, size).executable, { variant });
  try {
    return use(compiled);
  } finally {
    compiled.dispose();
  }
}

/** Points where main loop, tails and scalar code differ in a bit; NaNs are equal. Empty is right. */
function disagreements(fn: FunctionCase, variant: WasmVariant, points: Points, results: Floats): string[] {
  const step = Math.max(1, Math.floor(results.length / REPEATED));
  const chosen = Array.from({ length: Math.floor(results.length / step) }, (_, i) => i * step);
  const subset = points.map((column) =>
    floats(
      fn.dtype,
      chosen.map((i) => column[i]),
    ),
  );
  return SIZES.flatMap((size) => {
    const again = withFunction(fn, size, variant, (compiled) => runAll(compiled, fn, size, subset));
    const at = chosen.findIndex((i, k) => !Object.is(results[i], again[k]));
    if (at < 0) return [];
    const args = subset.map((column) => column[at]).join(", ");
    return [`${fn.name}(${args}) is ${again[at]} in an array of ${size}, else ${results[chosen[at]]}`];
  });
}

/** Distance of two results in `unit`s, an infinity standing for the power of two after the greatest float. */
function distance(fn: FunctionCase, actual: number, expected: number, unit: number): number {
  const top = fn.dtype === "float32" ? 2 ** 127 : 2 ** 1023;
  const half = (x: number): number => Math.max(-top, Math.min(top, x / 2));
  return (Math.abs(half(actual) - half(expected)) / unit) * 2;
}

export class Tally implements Errors {
  count = 0;
  total = 0;
  max = 0;
  at: readonly number[] = [];
  result = 0;
  expected = 0;
  wrong: string[] = [];
  constructor(readonly fn: FunctionCase) {}

  /** The exact result is `expected` + `lost` ULP, which differ from it in the last place at most. */
  add(args: readonly number[], actual: number, expected: number, lost = 0): void {
    const { name, dtype } = this.fn;
    const rounded = dtype === "float32" ? Math.fround(expected) : expected;
    const belongs =
      Number.isNaN(expected) || expected === 0 || Math.abs(expected) === Infinity
        ? Object.is(actual, expected)
        : !Number.isNaN(actual) && (rounded !== 0 || actual !== 0 || Object.is(actual, rounded));
    if (!belongs) {
      if (this.wrong.length < 5) this.wrong.push(`${name}(${args.join(", ")}) is ${actual}, not ${expected}`);
      return;
    }
    if (!Number.isFinite(expected) || expected === 0) return;
    const unit = errorUnit(name, dtype, args[0], expected);
    const error =
      lost === 0 ? distance(this.fn, actual, expected, unit) : Math.abs((actual - expected) / unit - lost);
    this.count++;
    this.total += error;
    if (!(error <= this.max)) {
      this.max = error;
      this.at = args;
      this.result = actual;
      this.expected = expected;
    }
  }
}

/**
 * Measures one function in one variant. float32: at about `count` points against the reference in doubles. float64: at
 * the golden points, and at the special values for which NaN, infinity or zero is the result; the exact operations, and
 * main loop against tails, at about `count` points.
 */
export function measure(
  fn: FunctionCase,
  variant: WasmVariant,
  count: number,
  goldens: ReadonlyMap<string, Golden>,
): Measurement {
  const tally = new Tally(fn);
  const points = pointsOf(fn, count);
  const reference = referenceOf(fn.name);
  const exact = isExact(fn.name);
  withFunction(fn, CHUNK, variant, (compiled) => {
    const results = runAll(compiled, fn, CHUNK, points);
    tally.wrong.push(...disagreements(fn, variant, points, results));
    for (let i = 0; i < results.length; i++) {
      const args = points.map((column) => column[i]);
      const expected = reference(args[0], args[1]);
      const plain = Number.isFinite(expected) && expected !== 0;
      // Double rounding: a double that underflowed may be a subnormal, or a zero, that the exact result is not.
      if (fn.dtype === "float32" || exact || (!plain && args.every((x) => isSpecial(x)))) {
        tally.add(args, results[i], expected);
      }
    }
    const golden = fn.dtype === "float64" && !exact ? goldens.get(fn.name) : undefined;
    if (golden === undefined) return;
    const found = runAll(compiled, fn, CHUNK, golden.points);
    for (let i = 0; i < found.length; i++) {
      const args = golden.points.map((column) => column[i]);
      tally.add(args, found[i], golden.rounded[i], golden.lost[i]);
    }
  });
  return { fn, variant, errors: tally };
}

const SPECIAL: ReadonlySet<number> = new Set(specialValues("float64"));

function isSpecial(x: number): boolean {
  return SPECIAL.has(x);
}
