/**
 * Functions computed by series and continued fractions until their terms are small: relative errors at the golden
 * points of iterated.py, which are float32 numbers.
 */
import { readFileSync } from "node:fs";
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import { compileGraph, type Graph, GraphBuilder, tensorType } from "../../compiler/index.ts";
import type { MathDType } from "../../compiler/math/index.ts";
import { loadFunction } from "../../runtime/index.ts";
import { type GoldenColumns, readColumns } from "./golden.ts";
import type { Variant, WasmVariant } from "./measure.ts";
import { type Floats, floats } from "./points.ts";

/** The greatest relative error allowed. */
const BOUNDS = {
  // The factor xᵃe⁻ˣ/Γ(a) is the exponential of a sum whose rounding counts by its size.
  igamma: { float32: 5e-5, float64: 1e-12 },
  igammac: { float32: 5e-5, float64: 1e-12 },
  // Differences of terms of like size.
  igamma_grad_a: { float32: 3e-4, float64: 1e-12 },
  random_gamma_grad: { float32: 3e-4, float64: 1e-12 },
  regularized_incomplete_beta: { float32: 4e-4, float64: 1e-11 },
  zeta: { float32: 2e-6, float64: 1e-14 },
  polygamma: { float32: 2e-6, float64: 1e-14 },
} as const satisfies Partial<Record<PrimitiveName, Record<MathDType, number>>>;

export type IteratedName = keyof typeof BOUNDS;
export const ITERATED = Object.keys(BOUNDS) as readonly IteratedName[];

export interface IteratedMeasurement {
  readonly name: IteratedName;
  readonly dtype: MathDType;
  readonly variant: Variant;
  readonly bound: number;
  readonly points: number;
  /** Relative errors. */
  readonly max: number;
  readonly mean: number;
  /** Arguments of the greatest error, what came out, and what should have. */
  readonly at: readonly number[];
  readonly result: number;
  readonly expected: number;
}

export function readIterated(): ReadonlyMap<string, GoldenColumns> {
  return readColumns(readFileSync(new URL("iterated.bin", import.meta.url)));
}

export function measureIterated(
  name: IteratedName,
  dtype: MathDType,
  variant: WasmVariant,
  goldens: ReadonlyMap<string, GoldenColumns>,
): IteratedMeasurement {
  const golden = goldenOf(name, goldens);
  const compiled = loadFunction(compileGraph(iteratedGraph(name, dtype, golden)).executable, { variant });
  const [out] = compiled.run(...golden.args.map((column) => floats(dtype, column)));
  compiled.dispose();
  return summarise(name, dtype, variant, golden, Array.from(out as Floats));
}

export function goldenOf(name: IteratedName, goldens: ReadonlyMap<string, GoldenColumns>): GoldenColumns {
  const golden = goldens.get(name);
  if (golden === undefined) throw new Error(`iterated.bin has no ${name}: run iterated.py`);
  return golden;
}

/** The function at all its golden points. */
export function iteratedGraph(name: IteratedName, dtype: MathDType, { args }: GoldenColumns): Graph {
  const b = new GraphBuilder();
  const inputs = args.map((column) => b.input(tensorType(dtype, [column.length])));
  return b.finish(name, b.emit(name, inputs, {}));
}

/** The errors of what came out. */
export function summarise(
  name: IteratedName,
  dtype: MathDType,
  variant: Variant,
  { args, results }: GoldenColumns,
  out: ArrayLike<number>,
): IteratedMeasurement {
  let [max, total, worst] = [-1, 0, 0];
  for (const [i, expected] of results.entries()) {
    const error = Math.abs(out[i] - expected) / Math.abs(expected);
    total += error;
    // Written so that a NaN is the greatest error.
    if (!(error <= max)) [max, worst] = [error, i];
  }
  return {
    name,
    dtype,
    variant,
    bound: BOUNDS[name][dtype],
    points: results.length,
    max,
    mean: total / results.length,
    at: args.map((column) => column[worst]),
    result: out[worst],
    expected: results[worst],
  };
}
