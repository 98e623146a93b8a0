/** `sklearn.model_selection.train_test_split`, with the same samples for the same seed. */
import { RandomState } from "../numpy/random-state.ts";
import { type Matrix, takeRows } from "./matrix.ts";

/** What can be split by samples: a matrix by rows, a list by elements. */
export type Samples = Matrix | Int32Array | Float64Array | readonly unknown[];

export interface SplitOptions {
  /** How many samples to test with, or, below 1, which share. Default: what is not trained with, or a quarter. */
  readonly testSize?: number;
  /** How many samples to train with, or, below 1, which share. Default: all others. */
  readonly trainSize?: number;
  readonly shuffle?: boolean;
  /** The class of each sample: both parts get the same share of each class. */
  readonly stratify?: ArrayLike<number>;
  /** The seed. Needed where samples are shuffled. */
  readonly randomState?: number;
}

/** For each of the given arrays its training part and its test part, one after the other. */
export type SplitParts<T extends readonly Samples[]> = T extends readonly [
  infer First,
  ...infer Rest extends readonly Samples[],
]
  ? [train: First, test: First, ...SplitParts<Rest>]
  : [];

/**
 * Splits all arrays in the same way.
 *
 *     const [xTrain, xTest, yTrain, yTest] = trainTestSplit([x, y], { randomState: 0 });
 */
export function trainTestSplit<const T extends readonly [Samples, ...Samples[]]>(
  arrays: T,
  options: SplitOptions = {},
): SplitParts<T> {
  const n = lengthOf(arrays[0]);
  for (const array of arrays) {
    if (lengthOf(array) !== n) {
      const lengths = arrays.map(lengthOf).join(", ");
      throw new RangeError(`Found input variables with inconsistent numbers of samples: [${lengths}]`);
    }
  }
  const { train, test } = splitIndices(n, options);
  return arrays.flatMap((array) => [take(array, train), take(array, test)]) as SplitParts<T>;
}

interface Indices {
  readonly train: ArrayLike<number>;
  readonly test: ArrayLike<number>;
}

function splitIndices(
  n: number,
  { testSize, trainSize, shuffle = true, stratify, randomState }: SplitOptions,
): Indices {
  const { nTrain, nTest } = partSizes(n, testSize, trainSize);
  if (!shuffle) {
    if (stratify !== undefined) {
      throw new RangeError("Stratified train/test split is not implemented for shuffle=False");
    }
    const all = Array.from({ length: n }, (_, i) => i);
    return { train: all.slice(0, nTrain), test: all.slice(nTrain, nTrain + nTest) };
  }
  if (randomState === undefined) throw new RangeError("randomState: a seed is needed to shuffle with");
  const rng = new RandomState(randomState);
  if (stratify !== undefined) return stratifiedIndices(stratify, nTrain, nTest, rng);
  const permutation = rng.permutation(n);
  return { test: permutation.slice(0, nTest), train: permutation.slice(nTest, nTest + nTrain) };
}

/** The sizes of both parts, checked as scikit-learn checks them. */
function partSizes(
  n: number,
  testSize: number | undefined,
  trainSize: number | undefined,
): { nTrain: number; nTest: number } {
  if (testSize === undefined && trainSize === undefined) testSize = 0.25;
  for (const [name, size] of [
    ["test_size", testSize],
    ["train_size", trainSize],
  ] as const) {
    if (size !== undefined && !(size > 0 && (size < 1 || (Number.isInteger(size) && size < n)))) {
      throw new RangeError(
        `${name}=${size} should be either positive and smaller than the number of samples ${n} or a float in ` +
          "the (0, 1) range",
      );
    }
  }
  const isShare = (size: number | undefined): size is number => size !== undefined && size < 1;
  if (isShare(testSize) && isShare(trainSize) && trainSize + testSize > 1) {
    throw new RangeError(
      `The sum of test_size and train_size = ${trainSize + testSize}, should be in the (0, 1) range. Reduce ` +
        "test_size and/or train_size.",
    );
  }
  const test = isShare(testSize) ? Math.ceil(testSize * n) : testSize;
  const train = isShare(trainSize) ? Math.floor(trainSize * n) : trainSize;
  const nTrain = train ?? n - test!;
  const nTest = test ?? n - nTrain;
  if (nTrain + nTest > n) {
    throw new RangeError(
      `The sum of train_size and test_size = ${nTrain + nTest}, should be smaller than the number of samples ` +
        `${n}. Reduce test_size and/or train_size.`,
    );
  }
  if (nTrain === 0) {
    throw new RangeError(
      `With n_samples=${n}, test_size=${testSize ?? "None"} and train_size=${trainSize ?? "None"}, the ` +
        "resulting train set will be empty. Adjust any of the aforementioned parameters.",
    );
  }
  return { nTrain, nTest };
}

/** `StratifiedShuffleSplit`, its first split. */
function stratifiedIndices(
  classes: ArrayLike<number>,
  nTrain: number,
  nTest: number,
  rng: RandomState,
): Indices {
  const labels = [...new Set(Array.from(classes))].sort((a, b) => a - b);
  const members = labels.map((label) => Array.from(classes, (each, i) => (each === label ? i : -1)));
  const byClass = members.map((each) => each.filter((i) => i >= 0));
  const rare = labels.filter((_, i) => byClass[i]!.length < 2);
  if (rare.length > 0) {
    throw new RangeError(
      "The least populated classes in y have only 1 member, which is too few. The minimum number of groups for " +
        `any class cannot be less than 2. Classes with too few members are: [${rare.join(", ")}]`,
    );
  }
  for (const [name, size] of [
    ["train_size", nTrain],
    ["test_size", nTest],
  ] as const) {
    if (size < labels.length) {
      throw new RangeError(
        `The ${name} = ${size} should be greater or equal to the number of classes = ${labels.length}`,
      );
    }
  }
  const counts = byClass.map((each) => each.length);
  const inTrain = approximateMode(counts, nTrain, rng);
  const inTest = approximateMode(
    counts.map((count, i) => count - inTrain[i]!),
    nTest,
    rng,
  );
  const train: number[] = [];
  const test: number[] = [];
  byClass.forEach((indices, i) => {
    const permuted = Array.from(rng.permutation(indices.length), (each) => indices[each]!);
    train.push(...permuted.slice(0, inTrain[i]));
    test.push(...permuted.slice(inTrain[i], inTrain[i]! + inTest[i]!));
  });
  rng.shuffle(train);
  rng.shuffle(test);
  return { train, test };
}

/** The most likely numbers of each class in so many draws without replacement; ties are broken at random. */
function approximateMode(counts: readonly number[], draws: number, rng: RandomState): number[] {
  const total = counts.reduce((a, b) => a + b, 0);
  const continuous = counts.map((count) => (count / total) * draws);
  const floored = continuous.map(Math.floor);
  let missing = Math.trunc(draws - floored.reduce((a, b) => a + b, 0));
  const remainders = continuous.map((each, i) => each - floored[i]!);
  const falling = [...new Set(remainders)].sort((a, b) => b - a);
  for (const value of missing > 0 ? falling : []) {
    const tied = remainders.map((each, i) => (each === value ? i : -1)).filter((i) => i >= 0);
    const added = Math.min(tied.length, missing);
    for (const each of rng.choice(tied.length, added, { replace: false })) floored[tied[each]!]! += 1;
    missing -= added;
    if (missing === 0) break;
  }
  return floored;
}

function isMatrix(array: Samples): array is Matrix {
  return "rows" in array;
}

function lengthOf(array: Samples): number {
  return isMatrix(array) ? array.rows : array.length;
}

function take(array: Samples, indices: ArrayLike<number>): Samples {
  if (isMatrix(array)) return takeRows(array, indices);
  if (array instanceof Int32Array) return Int32Array.from(indices, (i) => array[i]!);
  if (array instanceof Float64Array) return Float64Array.from(indices, (i) => array[i]!);
  return Array.from(indices, (i) => array[i]);
}
