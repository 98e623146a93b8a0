/** `sklearn.metrics`: accuracy, and precision, recall and F1 of each class with their averages. */

export interface WeightOptions {
  readonly sampleWeight?: ArrayLike<number>;
}

/** The share of predictions that are right, or with `normalize: false` their number. */
export function accuracyScore(
  yTrue: ArrayLike<number>,
  yPred: ArrayLike<number>,
  { normalize = true, sampleWeight }: WeightOptions & { readonly normalize?: boolean } = {},
): number {
  checkLengths(yTrue, yPred, sampleWeight);
  let right = 0;
  let total = 0;
  for (let i = 0; i < yTrue.length; i++) {
    const weight = sampleWeight?.[i] ?? 1;
    if (yTrue[i] === yPred[i]) right += weight;
    total += weight;
  }
  return normalize ? right / total : right;
}

export interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface ClassScores extends Scores {
  readonly label: number;
  /** How many samples, or which weight of samples, are of the class. */
  readonly support: number;
}

export interface ScoreOptions extends WeightOptions {
  /** What stands where a quotient is 0/0; NaN is left out of averages. */
  readonly zeroDivision?: number;
}

/** Weights of samples by class: predicted rightly, predicted, and true. */
interface Sums {
  readonly right: number;
  readonly predicted: number;
  readonly true: number;
}

/** The scores of some classes, and their averages. */
export class Confusion {
  readonly #labels: readonly number[];
  readonly #sums: readonly Sums[];
  readonly #zeroDivision: number;

  constructor(
    yTrue: ArrayLike<number>,
    yPred: ArrayLike<number>,
    labels: readonly number[],
    { sampleWeight, zeroDivision = 0 }: ScoreOptions = {},
  ) {
    checkLengths(yTrue, yPred, sampleWeight);
    this.#labels = labels;
    this.#zeroDivision = zeroDivision;
    this.#sums = labels.map((label) => {
      const sums = { right: 0, predicted: 0, true: 0 };
      for (let i = 0; i < yTrue.length; i++) {
        const weight = sampleWeight?.[i] ?? 1;
        if (yPred[i] === label) sums.predicted += weight;
        if (yTrue[i] === label) sums.true += weight;
        if (yTrue[i] === label && yPred[i] === label) sums.right += weight;
      }
      return sums;
    });
  }

  byClass(): ClassScores[] {
    return this.#sums.map((sums, i) => ({
      label: this.#labels[i]!,
      ...this.#scores(sums),
      support: sums.true,
    }));
  }

  /** `micro`: of all classes together. `macro`: the mean of the classes' scores. `weighted`: by support. */
  average(kind: "micro" | "macro" | "weighted"): Scores {
    if (kind === "micro") {
      const total = (of: keyof Sums): number => this.#sums.reduce((sum, each) => sum + each[of], 0);
      return this.#scores({ right: total("right"), predicted: total("predicted"), true: total("true") });
    }
    const classes = this.byClass();
    const mean = (of: keyof Scores): number => {
      const present = classes.filter((each) => !Number.isNaN(each[of]));
      if (present.length === 0) return Number.NaN;
      const weights = present.map((each) => (kind === "weighted" ? each.support : 1));
      // Where nothing has weight, all count alike.
      const sum = weights.reduce((a, b) => a + b, 0);
      const used = sum === 0 ? weights.map(() => 1) : weights;
      const total = present.reduce((a, each, i) => a + each[of] * used[i]!, 0);
      return total / used.reduce((a, b) => a + b, 0);
    };
    return { precision: mean("precision"), recall: mean("recall"), f1: mean("f1") };
  }

  #scores(sums: Sums): Scores {
    const quotient = (above: number, below: number): number =>
      below === 0 ? this.#zeroDivision : above / below;
    return {
      precision: quotient(sums.right, sums.predicted),
      recall: quotient(sums.right, sums.true),
      f1: quotient(2 * sums.right, sums.true + sums.predicted),
    };
  }
}

function checkLengths(
  yTrue: ArrayLike<number>,
  yPred: ArrayLike<number>,
  sampleWeight: ArrayLike<number> | undefined,
): void {
  const lengths = [yTrue, yPred, ...(sampleWeight === undefined ? [] : [sampleWeight])].map((y) => y.length);
  if (lengths.some((n) => n !== yTrue.length)) {
    throw new RangeError(
      `Found input variables with inconsistent numbers of samples: [${lengths.join(", ")}]`,
    );
  }
}
