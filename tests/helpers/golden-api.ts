/** Compares tables of API calls with what JAX gave for the Python expressions in their keys: tests/golden/tables/api.py. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConcretizationTypeError, type Device, device, jit } from "weft";
import { type ArrayLike, asArray } from "../../frontend/core/index.ts";
import * as np from "../../frontend/numpy/index.ts";
import { arrayDifference } from "./golden-compare.ts";
import { GoldenContainer, type Stored } from "./golden-container.ts";
import { goldenRun, onHost } from "./golden-device.ts";

/** The operands of the expressions; tests/golden/tables/api.py has the same. */
export const a = np.array([3, -1.5, 2, 0.5, -2.5]);
export const b = np.array([1, 2, -0.5, 4, 0.25]);
export const u = np.array([0.1, 0.5, 0.9, 0.25, 0.75]);
export const m = np.array([
  [1, -2, 3.5, 0.25],
  [4, 0.5, -1, 2],
  [-3, 6, 0.125, 1.5],
]);
export const n = np.array([
  [2, 1],
  [-1, 0.5],
  [0.25, 3],
  [1.5, -2],
]);
export const t = np.arange(24).astype("float32").reshape(2, 3, 4).div(8).sub(1);
export const i = np.array([7, -3, 0, 5, -8], { dtype: "int32" });
export const j = np.array([2, 3, -4, -2, 3], { dtype: "int32" });
export const k = np.array([4, 1, 3, 1, 4, 0], { dtype: "int32" });
export const p = np.array([true, false, true, true, false]);
export const q = np.array([true, true, false, true, false]);
export const w = np.array([1, NaN, -2, Infinity, 0.5]);
export const z = np.array([
  [NaN, 2, 1],
  [4, NaN, 3],
]);
export const u8 = np.array([250, 3, 17, 128, 255], { dtype: "uint8" });
export const i8 = np.array([100, -100, 7, -128, 127], { dtype: "int8" });
export const h = np.array([1.5, -2.25, 100], { dtype: "float16" });
export const img = np
  .arange(2 * 5 * 6 * 3)
  .astype("float32")
  .reshape(2, 5, 6, 3)
  .mod(7)
  .sub(3)
  .div(2);
export const ker = np
  .arange(3 * 2 * 3 * 4)
  .astype("float32")
  .reshape(3, 2, 3, 4)
  .mod(5)
  .sub(2)
  .div(4);

/** An array, or several as a list; a typed key counts as its data. */
export type Outcome = ArrayLike | { readonly keyData: np.NdArray } | readonly Outcome[];

export type GoldenTable = Readonly<Record<string, () => Outcome>>;

export interface GoldenOptions {
  /** Relative to the greatest magnitude of the expected elements, or 1. Default 2e-6; 0: bit for bit. */
  readonly tolerance?: number;
}

const GOLDEN = new GoldenContainer<{ readonly cases: Readonly<Record<string, Stored>> }>("api");

/** One test for every entry of a table: dtype and shape exactly, integers and bool exactly, floats within tolerance. */
export function goldenTests(table: GoldenTable, options: GoldenOptions = {}): void {
  for (const [expression, compute] of Object.entries(table)) {
    const expected = GOLDEN.header.cases[expression];
    const missing = "not in tests/golden/data/api.bin: run tests/golden/make.py api";
    const run = goldenRun();
    if (run === null) {
      test(expression, () => {
        assert.ok(expected !== undefined, missing);
        compare(compute(), expected, expression, options.tolerance ?? 2e-6);
      });
    } else if (run.cases !== "selection" && !JSON.stringify(expected ?? null).includes('"float64"')) {
      test(expression, async (t) => {
        try {
          const there = await outcomeOn(await device(run.platform), compute);
          compare(there, expected, expression, options.tolerance ?? 2e-6);
        } catch (error) {
          if (!(error instanceof ConcretizationTypeError)) throw error;
          t.skip("it looks at the numbers");
        }
      });
    }
  }
}

/** What an entry gives when it is compiled for a device. */
async function outcomeOn(on: Device, compute: () => Outcome): Promise<Outcome> {
  let outcome: Outcome = [];
  const leaves = (x: Outcome): np.NdArray[] => (isOutcomes(x) ? x.flatMap(leaves) : [arrayOf(x)]);
  const compiled = jit(
    () => {
      outcome = compute();
      return leaves(outcome);
    },
    { device: on },
  );
  const arrays = await onHost(compiled());
  const read = (x: Outcome): Outcome => (isOutcomes(x) ? x.map(read) : (arrays.shift() ?? 0));
  return read(outcome);
}

function compare(actual: Outcome, expected: Stored, name: string, tolerance: number): void {
  if (isOutcomes(actual)) {
    assert.ok("t" in expected, `${name}: several arrays, where JAX gives one`);
    assert.equal(actual.length, expected.t.length, `${name}: number of arrays`);
    for (const [index, part] of actual.entries()) {
      compare(part, expected.t[index], `${name}[${index}]`, tolerance);
    }
    return;
  }
  const array = arrayOf(actual);
  assert.ok("a" in expected, `${name}: one array, where JAX gives several`);
  const tol = array.dtype === "float16" ? 1000 * tolerance : tolerance;
  // Relative to the greatest magnitude, or to 1.
  const difference = arrayDifference(array, GOLDEN.array(expected), { tol, atol: tol });
  assert.ok(difference === null, `${name}: ${difference}`);
}

function arrayOf(x: ArrayLike | { readonly keyData: np.NdArray }): np.NdArray {
  return asArray(typeof x === "object" && "keyData" in x ? x.keyData : x);
}

function isOutcomes(x: Outcome): x is readonly Outcome[] {
  return Array.isArray(x);
}
