/** samples/python/arviz and pandas' printing against the originals. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Chains, essQuantile, flat, hdi, rhat } from "../samples/python/arviz/diagnostics.ts";
import { kde } from "../samples/python/arviz/kde.ts";
import { summary, summaryFrame } from "../samples/python/arviz/summary.ts";
import { defaultRng } from "../samples/python/numpy/default-rng.ts";
import { round } from "../samples/python/numpy/reduce.ts";
import { frameText } from "../samples/python/pandas/frame.ts";
import golden from "./golden/samples/arviz-summary.json" with { type: "json" };

interface Process {
  readonly seed: number;
  readonly chains: number;
  readonly draws: number;
  readonly rho: number;
  readonly shift: number;
}

/** The chains of golden/samples/arviz-summary.py. */
function chainsOf({ seed, chains, draws, rho, shift }: Process): Float64Array[] {
  const z = defaultRng(seed).standardNormal([chains, draws]).dataSync();
  return Array.from({ length: chains }, (_, c) => {
    let before = 0;
    return Float64Array.from({ length: draws }, (_, t) => {
      before = rho * before + Number(z[c * draws + t]);
      return before + shift * c;
    });
  });
}

function near(actual: number, expected: number | null, tolerance: number, what: string): void {
  if (expected === null) assert.ok(Number.isNaN(actual), `${what}: ${actual}, expected NaN`);
  else {
    const error = Math.abs(actual - expected) / Math.max(1e-3, Math.abs(expected));
    assert.ok(error <= tolerance, `${what}: ${actual}, ArviZ has ${expected}`);
  }
}

describe("ArviZ's statistics", () => {
  for (const [name, expected] of Object.entries(golden.cases)) {
    test(name, () => {
      const chains = chainsOf(expected);
      const { columns, rows } = summaryFrame({ x: chains });
      assert.deepEqual(columns, Object.keys(expected.summary));
      for (const [i, value] of Object.values(expected.summary).entries()) {
        near(rows[0]![i]!, value, 1e-9, columns[i]!);
      }
      for (const [p, value] of Object.entries(expected.ess)) {
        near(essQuantile(chains, Number(p)), value, 1e-9, `ess of the quantile ${p}`);
      }
      for (const [i, value] of hdi(chains, 0.5).entries()) near(value, expected.hdi[i]!, 1e-12, "hdi");
      const { grid, pdf, bandwidth } = kde(flat(chains));
      near(bandwidth, expected.kde.bandwidth, 1e-6, "bandwidth");
      for (const [i, value] of expected.kde.pdf.entries()) {
        near(grid[37 * i]!, expected.kde.grid[i]!, 1e-9, `grid[${37 * i}]`);
        near(pdf[37 * i]!, value, 1e-5, `pdf[${37 * i}]`);
      }
    });
  }

  test("the printed summary", () => {
    const { typical, independent, antithetic } = golden.cases;
    const scaled = (process: Process, loc: number, scale: number): Chains =>
      chainsOf(process).map((chain) => chain.map((x) => loc + scale * x));
    const posterior = {
      Intercept: scaled(typical, 3, 0.04),
      x0: scaled(independent, 1.1, 0.006),
      sigma: scaled(antithetic, 0.5, 0.02),
    };
    assert.equal(summary(posterior), golden.printed);
    assert.equal(summary(posterior, { hdiProb: 0.8 }), golden.printed80);
  });

  test("chains that cannot be judged", () => {
    assert.ok(Number.isNaN(rhat([[1, 2, 3]])));
    assert.ok(
      Number.isNaN(
        rhat([
          [1, 2, Number.NaN, 4, 5],
          [1, 2, 3, 4, 5],
        ]),
      ),
    );
    assert.throws(
      () =>
        rhat([
          [1, 2, 3, 4],
          [1, 2, 3],
        ]),
      /different lengths: 4, 3/,
    );
    assert.throws(() => kde([1, 1, 1]), /single value/);
  });

  test("pandas' columns", () => {
    const text = frameText({
      index: ["a", "long"],
      columns: ["x", "name"],
      rows: [
        [1, Number.NaN],
        [2.25, 1e-3],
      ],
    });
    assert.equal(text, "         x   name\na     1.00    NaN\nlong  2.25  0.001");
    assert.deepEqual(
      [0.5, 1.5, 2.5, -0.5].map((x) => round(x)),
      [0, 2, 2, -0],
    );
  });
});
