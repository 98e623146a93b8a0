/**
 * `sklearn.datasets.make_classification` (I. Guyon, "Design of experiments for the NIPS 2003 variable selection
 * benchmark", 2003), step by step as scikit-learn 1.9 does it, so that a seed gives the same samples.
 */
import { RandomState } from "../numpy/random-state.ts";
import { type Matrix, matrix, takeColumns, takeRows, zeros } from "./matrix.ts";
import { sampleWithoutReplacement } from "./sample-without-replacement.ts";

export interface ClassificationOptions {
  readonly nSamples?: number;
  readonly nFeatures?: number;
  readonly nInformative?: number;
  readonly nRedundant?: number;
  readonly nRepeated?: number;
  readonly nClasses?: number;
  readonly nClustersPerClass?: number;
  /** The share of each class, the last of which may be left out. By default all are equal. */
  readonly weights?: readonly number[];
  /** The share of labels that are drawn anew. */
  readonly flipY?: number;
  readonly classSep?: number;
  readonly hypercube?: boolean;
  /** Added to each feature; `null`: at random. */
  readonly shift?: number | readonly number[] | null;
  /** Each feature is multiplied by it after the shift; `null`: at random. */
  readonly scale?: number | readonly number[] | null;
  readonly shuffle?: boolean;
  /** The seed. scikit-learn may do without; here the numbers are always the same again. */
  readonly randomState: number;
}

export interface Classification {
  readonly x: Matrix;
  /** The class of each sample. */
  readonly y: Int32Array;
}

/** A random classification problem with clusters about the corners of a hypercube. Throws as scikit-learn does. */
export function makeClassification(options: ClassificationOptions): Classification {
  const {
    nSamples = 100,
    nFeatures = 20,
    nInformative = 2,
    nRedundant = 2,
    nRepeated = 0,
    nClasses = 2,
    nClustersPerClass = 2,
    flipY = 0.01,
    classSep = 1,
    hypercube = true,
    shuffle = true,
  } = options;
  const generator = new RandomState(options.randomState);
  if (nInformative + nRedundant + nRepeated > nFeatures) {
    throw new RangeError(
      "Number of informative, redundant and repeated features must sum to less than the number of total features",
    );
  }
  if (nInformative < Math.log2(nClasses * nClustersPerClass)) {
    throw new RangeError(
      `n_classes(${nClasses}) * n_clusters_per_class(${nClustersPerClass}) must be smaller or equal ` +
        `2**n_informative(${nInformative})=${2 ** nInformative}`,
    );
  }
  const counts = samplesPerCluster(nSamples, classWeights(options.weights, nClasses), nClustersPerClass);
  let x = zeros(nSamples, nFeatures);
  let y = new Int32Array(nSamples);
  const set = (values: Matrix, firstRow: number, firstColumn: number): void => {
    for (let i = 0; i < values.rows; i++) {
      const row = values.data.subarray(i * values.columns, (i + 1) * values.columns);
      x.data.set(row, (firstRow + i) * nFeatures + firstColumn);
    }
  };

  const centroids = hypercubeCorners(counts.length, nInformative, generator);
  centroids.data.forEach((corner, i) => {
    centroids.data[i] = corner * (2 * classSep) - classSep;
  });
  if (!hypercube) {
    const byCluster = generator.randomSample(counts.length);
    const byFeature = generator.randomSample(nInformative);
    centroids.data.forEach((each, i) => {
      const [cluster, feature] = [Math.floor(i / nInformative), i % nInformative];
      centroids.data[i] = each * byCluster[cluster]! * byFeature[feature]!;
    });
  }

  // Clusters of normal points, sheared at random and moved to their corners.
  const normals = matrix(nSamples, nInformative, generator.standardNormal(nSamples * nInformative));
  let stop = 0;
  counts.forEach((count, k) => {
    const start = stop;
    stop += count;
    y.fill(k % nClasses, start, stop);
    const shear = signedUniform(generator, nInformative, nInformative);
    const cluster = dot(rowsOf(normals, start, stop), shear);
    cluster.data.forEach((value, i) => {
      cluster.data[i] = value + centroids.data[k * nInformative + (i % nInformative)]!;
    });
    set(cluster, start, 0);
  });
  const informative = takeColumns(x, range(nInformative));

  // Combinations of them, copies, noise.
  if (nRedundant > 0) {
    set(dot(informative, signedUniform(generator, nInformative, nRedundant)), 0, nInformative);
  }
  const useful = nInformative + nRedundant;
  if (nRepeated > 0) {
    const copied = generator.randomSample(nRepeated).map((u) => Math.trunc((useful - 1) * u + 0.5));
    set(takeColumns(x, copied), 0, useful);
  }
  const nRandom = nFeatures - useful - nRepeated;
  if (nRandom > 0) {
    set(matrix(nSamples, nRandom, generator.standardNormal(nSamples * nRandom)), 0, nFeatures - nRandom);
  }

  if (flipY >= 0) {
    const flipped = range(nSamples);
    const chance = generator.randomSample(nSamples);
    const chosen = flipped.filter((i) => chance[i]! < flipY);
    const labels = generator.randints(0, nClasses, chosen.length);
    chosen.forEach((sample, i) => {
      y[sample] = labels[i]!;
    });
  }

  const shift = perFeature(options.shift, 0, nFeatures, () =>
    generator.randomSample(nFeatures).map((u) => (2 * u - 1) * classSep),
  );
  const scale = perFeature(options.scale, 1, nFeatures, () =>
    generator.randomSample(nFeatures).map((u) => 1 + 100 * u),
  );
  x.data.forEach((value, i) => {
    x.data[i] = (value + shift[i % nFeatures]!) * scale[i % nFeatures]!;
  });

  if (shuffle) {
    const order = generator.permutation(nSamples);
    x = takeRows(x, order);
    y = Int32Array.from(order, (i) => y[i]!);
    x = takeColumns(x, generator.permutation(nFeatures));
  }
  return { x, y };
}

function classWeights(weights: readonly number[] | undefined, nClasses: number): number[] {
  if (weights === undefined) return new Array(nClasses).fill(1 / nClasses);
  if (weights.length === nClasses) return [...weights];
  if (weights.length !== nClasses - 1) {
    throw new RangeError("Weights specified but incompatible with number of classes.");
  }
  return [...weights, 1 - weights.reduce((a, b) => a + b, 0)];
}

function samplesPerCluster(
  nSamples: number,
  weights: readonly number[],
  nClustersPerClass: number,
): number[] {
  const nClusters = weights.length * nClustersPerClass;
  const counts = Array.from({ length: nClusters }, (_, k) =>
    Math.trunc((nSamples * weights[k % weights.length]!) / nClustersPerClass),
  );
  const missing = nSamples - counts.reduce((a, b) => a + b, 0);
  for (let i = 0; i < missing; i++) counts[i % nClusters]! += 1;
  return counts;
}

/** Distinct corners of the unit hypercube, as rows of zeros and ones. */
function hypercubeCorners(count: number, dimensions: number, rng: RandomState): Matrix {
  // Corners are numbered by at most 30 bits; further coordinates are drawn one by one, and stand before them.
  const numbered = Math.min(dimensions, 30);
  const free = dimensions - numbered;
  const bits = rng.randints(0, 2, count * free);
  const numbers = sampleWithoutReplacement(2 ** numbered, count, rng);
  const corners = zeros(count, dimensions);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < dimensions; j++) {
      const bit = j < free ? bits[i * free + j]! : (numbers[i]! >>> (dimensions - 1 - j)) & 1;
      corners.data[i * dimensions + j] = bit;
    }
  }
  return corners;
}

/** Uniform on [-1, 1). */
function signedUniform(rng: RandomState, rows: number, columns: number): Matrix {
  return matrix(
    rows,
    columns,
    rng.randomSample(rows * columns).map((u) => 2 * u - 1),
  );
}

/** The matrix product, in the order of the terms. NumPy's BLAS may round differently in the last place. */
function dot(a: Matrix, b: Matrix): Matrix {
  const product = zeros(a.rows, b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      const factor = a.data[i * a.columns + k]!;
      for (let j = 0; j < b.columns; j++) {
        product.data[i * b.columns + j]! += factor * b.data[k * b.columns + j]!;
      }
    }
  }
  return product;
}

function rowsOf({ columns, data }: Matrix, start: number, stop: number): Matrix {
  return { rows: stop - start, columns, data: data.subarray(start * columns, stop * columns) };
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

function perFeature(
  given: number | readonly number[] | null | undefined,
  usual: number,
  nFeatures: number,
  draw: () => ArrayLike<number>,
): ArrayLike<number> {
  if (given === null) return draw();
  if (typeof given === "object") {
    if (given.length !== nFeatures) {
      throw new RangeError(
        `operands could not be broadcast together with shapes (${nFeatures},) (${given.length},)`,
      );
    }
    return given;
  }
  return new Array<number>(nFeatures).fill(given ?? usual);
}
