/**
 * The quick version of `npm run accuracy`: every elementwise function of floats, compiled, in both SIMD variants, at
 * fewer points, within the bound that it declares; special values exact; main loop, tails and scalar code alike.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { lookupMath } from "../compiler/math/index.ts";
import { FUNCTIONS, GOAL, XLA_BUDGET } from "./accuracy/functions.ts";
import { readGolden } from "./accuracy/golden.ts";
import { ITERATED, measureIterated, readIterated } from "./accuracy/iterated.ts";
import { measure, variants } from "./accuracy/measure.ts";
import { failuresOf, iteratedFailures } from "./accuracy/report.ts";

// Node 20 has relaxed SIMD behind a flag; newer versions have it without.
if (Number.parseInt(process.versions.node, 10) < 21) setFlagsFromString("--experimental-wasm-relaxed-simd");

const COUNT = 8_000;
const goldens = readGolden();

describe("compiled functions keep their bounds", () => {
  for (const fn of FUNCTIONS) {
    test(`${fn.name} in ${fn.dtype}, ${fn.bound} ULP`, () => {
      const failures = variants().flatMap((variant) => failuresOf(measure(fn, variant, COUNT, goldens)));
      assert.deepEqual(failures, []);
    });
  }
});

describe("functions that iterate keep theirs", () => {
  const points = readIterated();
  for (const name of ITERATED) {
    test(name, () => {
      const failures = (["float32", "float64"] as const).flatMap((dtype) =>
        variants().flatMap((variant) => iteratedFailures(measureIterated(name, dtype, variant, points))),
      );
      assert.deepEqual(failures, []);
    });
  }
});

test("no bound in float32 is over XLA's budget for the CPU or the project's goal", () => {
  const limits = [...Object.entries(XLA_BUDGET), ...Object.entries(GOAL)];
  for (const [name, limit] of limits) {
    // sqrt is correctly rounded, which XLA calls 0.
    if (name === "sqrt") continue;
    const declared = lookupMath(name, "float32")?.ulp;
    assert.ok(
      declared !== undefined && declared <= limit,
      `${name}: ${declared} ULP declared, goal ${limit}`,
    );
  }
});
