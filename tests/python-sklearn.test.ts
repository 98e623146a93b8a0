/** samples/python/sklearn and NumPy's RandomState against the originals (tests/golden/samples/scikit-learn.py). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatFixed } from "../samples/python/format.ts";
import { RandomState } from "../samples/python/numpy/random-state.ts";
import {
  accuracyScore,
  type ClassificationOptions,
  Confusion,
  classificationReport,
  type Matrix,
  makeClassification,
  matrix,
  StandardScaler,
  trainTestSplit,
} from "../samples/python/sklearn/index.ts";
import { near, sampleGolden } from "./helpers/run-sample.ts";

type Numbers = readonly number[];

interface Golden {
  readonly randomStates: readonly Record<string, number & Numbers>[];
  readonly classifications: readonly {
    readonly options: Record<string, never>;
    readonly x: readonly Numbers[];
    readonly y: Numbers;
  }[];
  readonly documentSized: { rows: Numbers; x: readonly Numbers[]; y: Numbers; sums: Numbers };
  readonly splits: readonly {
    readonly n: number;
    readonly options: Record<string, never>;
    readonly train: Numbers;
    readonly test: Numbers;
  }[];
  readonly scalers: readonly {
    readonly options: Record<string, boolean>;
    readonly columns: number;
    readonly x: readonly (number | null)[];
    readonly mean: Numbers | null;
    readonly var: Numbers | null;
    readonly scale: Numbers | null;
    readonly transformed: readonly (number | null)[];
    readonly inverse: readonly (number | null)[];
  }[];
  readonly reports: readonly {
    readonly yTrue: Numbers;
    readonly yPred: Numbers;
    readonly options: Record<string, never>;
    readonly text: string;
    readonly accuracy: number;
    readonly correct: number;
    readonly averages: Record<"micro" | "macro" | "weighted", Numbers>;
  }[];
  readonly formatted: readonly { readonly x: number; readonly text: readonly string[] }[];
}

const golden = sampleGolden<Golden>("scikit-learn");

/** Options by their Python names, in camelCase. */
function camelOptions<T>(options: Record<string, unknown>): T {
  const entries = Object.entries(options).map(([name, value]) => [
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value === "nan" ? Number.NaN : value,
  ]);
  return Object.fromEntries(entries) as T;
}

/** BLAS adds the terms of a product in another order than ours, with fused multiply-adds: a few units in the last place. */
function sameRow(actual: Matrix, row: number, expected: Numbers): void {
  near(actual.data.subarray(row * actual.columns, (row + 1) * actual.columns), expected, 2e-14);
}

describe("numpy.random.RandomState", () => {
  for (const expected of golden.randomStates) {
    test(`seed ${expected.seed}`, () => {
      const r = new RandomState(expected.seed!);
      const same = (name: string, actual: ArrayLike<number>): void =>
        assert.deepEqual(Array.from(actual), expected[name], name);
      const weights = [0.1, 0, 0.4, 0.2, 0.3];
      same("randomSample", r.randomSample(5));
      same("standardNormal", r.standardNormal(7));
      same("uniform", r.uniform(-2, 5, 4));
      same(
        "randint",
        [1, 2, 3, 10, 1000, 2 ** 31 - 1].map((n) => r.randint(0, n)),
      );
      same("randints", r.randints(-5, 12, 9));
      same("normal", r.normal(3, 0.5, 4));
      same("permutation", r.permutation(17));
      const list = Array.from({ length: 9 }, (_, i) => 10 + i);
      r.shuffle(list);
      same("shuffled", list);
      same("choice", r.choice(7, 12));
      same("choiceWithout", r.choice(20, 6, { replace: false }));
      same("choiceWeighted", r.choice(5, 15, { p: weights }));
      same("choiceWeightedWithout", r.choice(5, 4, { replace: false, p: weights }));
      same("rest", r.randomSample(3000).subarray(-3));
    });
  }

  test("wrong arguments", () => {
    assert.throws(() => new RandomState(-1), /Seed must be between 0 and 2\*\*32 - 1/);
    const r = new RandomState(0);
    assert.throws(() => r.randint(3, 3), /low >= high/);
    assert.throws(() => r.choice(3, 4, { replace: false }), /Cannot take a larger sample than population/);
    assert.throws(() => r.choice(3, 2, { p: [0.5, 0.6, 0.1] }), /probabilities do not sum to 1/);
    assert.throws(() => r.choice(3, 3, { p: [0.5, 0.5, 0], replace: false }), /Fewer non-zero entries in p/);
  });
});

describe("sklearn.datasets.make_classification", () => {
  for (const { options, x, y } of golden.classifications) {
    test(JSON.stringify(options), () => {
      const made = makeClassification(camelOptions<ClassificationOptions>(options));
      assert.deepEqual(Array.from(made.y), y);
      assert.equal(made.x.rows, x.length);
      for (const [i, row] of x.entries()) sameRow(made.x, i, row);
    });
  }

  test("500 samples of 20 features", () => {
    const { rows, x, y, sums } = golden.documentSized;
    const made = makeClassification({ nClasses: 2, nSamples: 500, randomState: 0 });
    assert.deepEqual(Array.from(made.y), y);
    for (const [i, row] of rows.entries()) sameRow(made.x, row, x[i]!);
    const actual = sums.map((_, j) =>
      made.x.data.reduce((sum, value, i) => sum + (i % 20 === j ? value : 0), 0),
    );
    near(actual, sums, 1e-13);
  });

  test("what cannot be made is refused in scikit-learn's words", () => {
    const make = (options: Partial<ClassificationOptions>) => () =>
      makeClassification({ randomState: 0, ...options });
    assert.throws(make({ nFeatures: 3 }), /must sum to less than the number of total features/);
    assert.throws(
      make({ nClasses: 3 }),
      /n_classes\(3\) \* n_clusters_per_class\(2\) must be smaller or equal/,
    );
    assert.throws(make({ weights: [0.2, 0.3, 0.5] }), /Weights specified but incompatible/);
  });
});

describe("sklearn.model_selection.train_test_split", () => {
  for (const { n, options, train, test: expected } of golden.splits) {
    const { stratify, ...shown } = options as Record<string, unknown>;
    test(`${n} samples, ${JSON.stringify(shown)}${stratify ? ", stratified" : ""}`, () => {
      const all = Int32Array.from({ length: n }, (_, i) => i);
      const rows = matrix(
        n,
        2,
        Array.from({ length: 2 * n }, (_, i) => i),
      );
      const [a, b, c, d] = trainTestSplit([all, rows], camelOptions(options));
      assert.deepEqual([Array.from(a), Array.from(b)], [train, expected]);
      assert.deepEqual(
        Array.from(c.data),
        train.flatMap((i) => [2 * i, 2 * i + 1]),
      );
      assert.equal(d.rows, expected.length);
    });
  }

  test("what cannot be split is refused in scikit-learn's words", () => {
    const ten = Array.from({ length: 10 }, (_, i) => i);
    assert.throws(
      () => trainTestSplit([ten, [1]], { randomState: 0 }),
      /inconsistent numbers of samples: \[10, 1\]/,
    );
    assert.throws(
      () => trainTestSplit([ten], { testSize: 10, randomState: 0 }),
      /test_size=10 should be either/,
    );
    assert.throws(
      () => trainTestSplit([ten], { testSize: 0.6, trainSize: 0.6, randomState: 0 }),
      /The sum of test_size and train_size = 1\.2/,
    );
    assert.throws(
      () => trainTestSplit([ten], { stratify: [0, ...new Array(9).fill(1)], randomState: 0 }),
      /members are: \[0\]/,
    );
  });
});

describe("sklearn.preprocessing.StandardScaler", () => {
  for (const [i, { options, columns, x, ...expected }] of golden.scalers.entries()) {
    test(`case ${i}: ${x.length / columns} × ${columns}, ${JSON.stringify(options)}`, () => {
      const numbers = (values: readonly (number | null)[]): number[] => values.map((v) => v ?? Number.NaN);
      const data = matrix(x.length / columns, columns, numbers(x));
      const scaler = new StandardScaler(camelOptions(options)).fit(data);
      for (const [actual, wanted] of [
        [scaler.mean, expected.mean],
        [scaler.variance, expected.var],
        [scaler.scale, expected.scale],
      ] as const) {
        if (wanted !== null) assert.deepEqual(Array.from(actual), wanted);
      }
      const transformed = scaler.transform(data);
      assert.deepEqual(Array.from(transformed.data), numbers(expected.transformed));
      assert.deepEqual(Array.from(scaler.inverseTransform(transformed).data), numbers(expected.inverse));
    });
  }

  test("wrong use", () => {
    const scaler = new StandardScaler();
    assert.throws(() => scaler.transform(matrix(1, 1, [0])), /is not fitted yet/);
    scaler.fit(matrix(2, 2, [1, 2, 3, 4]));
    assert.throws(
      () => scaler.transform(matrix(1, 1, [0])),
      /X has 1 features, but StandardScaler is expecting 2/,
    );
  });
});

describe("sklearn.metrics", () => {
  for (const { yTrue, yPred, options, text, accuracy, correct, averages } of golden.reports) {
    test(`classification_report ${JSON.stringify({ yTrue, yPred, ...options })}`, () => {
      const given = camelOptions<{ sampleWeight?: Numbers }>(options);
      assert.equal(classificationReport(yTrue, yPred, given), text);
      const { sampleWeight } = given;
      near([accuracyScore(yTrue, yPred, { sampleWeight })], [accuracy], 1e-15);
      near([accuracyScore(yTrue, yPred, { sampleWeight, normalize: false })], [correct], 1e-15);
      const labels = [...new Set([...yTrue, ...yPred])].sort((a, b) => a - b);
      const confusion = new Confusion(yTrue, yPred, labels, { sampleWeight });
      for (const kind of ["micro", "macro", "weighted"] as const) {
        const { precision, recall, f1 } = confusion.average(kind);
        near([precision, recall, f1], averages[kind], 1e-15);
      }
    });
  }

  test("wrong arguments", () => {
    assert.throws(() => accuracyScore([1, 2], [1]), /inconsistent numbers of samples: \[2, 1\]/);
    assert.throws(
      () => classificationReport([0, 1], [0, 1], { targetNames: ["one"] }),
      /Number of classes, 2, does not match size of target_names, 1/,
    );
  });
});

test("Python's fixed format", () => {
  for (const { x, text } of golden.formatted) {
    assert.deepEqual(
      text.map((_, digits) => formatFixed(x, digits)),
      text,
      String(x),
    );
  }
});
