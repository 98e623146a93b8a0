/**
 * `bmb.Model('y ~ x0 + x1', data=df)`: a linear model with normal noise and bambi's default priors, which are weak and
 * scaled to the data. The predictors are centred while sampling, as bambi does it.
 */
import { type NdArray, numpy as np, random, scipy } from "weft";

/** Columns by name: f64[n] each. */
export type DataFrame = Readonly<Record<string, NdArray>>;

export interface Normal {
  readonly mu: number;
  readonly sigma: number;
}

export interface HalfStudentT {
  readonly nu: number;
  readonly sigma: number;
}

export interface Priors {
  readonly Intercept: Normal;
  readonly common: Readonly<Record<string, Normal>>;
  readonly sigma: HalfStudentT;
}

/** A place in the unbounded space that is sampled, each number a float32 scalar; `sigma_log` is log sigma. */
export type Position = Readonly<Record<string, NdArray>>;

/** Values of the model's parameters, in bambi's order. */
export type Posterior = Readonly<Record<string, NdArray>>;

export class Model {
  readonly formula: string;
  readonly response: string;
  /** Names of the predictors. */
  readonly terms: readonly string[];
  readonly priors: Priors;
  readonly observations: number;
  /** f32[n] */
  readonly #y: NdArray;
  /** Centred: f32[n, terms] */
  readonly #x: NdArray;
  readonly #xMean: readonly number[];

  /**
   * @param formula `response ~ term + term`; an intercept is part of it
   * @param data holds a column for each name of the formula
   */
  constructor(formula: string, data: DataFrame) {
    const [response, terms] = parseFormula(formula);
    for (const name of [response, ...terms]) {
      if (!(name in data))
        throw new Error(`the formula names ${name}, but the data have ${Object.keys(data).join(", ")}`);
    }
    const y = data[response]!;
    const columns = terms.map((term) => data[term]!);
    this.formula = formula;
    this.response = response;
    this.terms = terms;
    this.observations = y.length;
    this.priors = defaultPriors(y, terms, columns);
    this.#xMean = columns.map((column) => np.mean(column).item());
    this.#y = y.astype("float32");
    this.#x = np
      .stack(
        columns.map((column) => column.sub(np.mean(column))),
        { axis: 1 },
      )
      .astype("float32");
  }

  /** The logarithm of prior times likelihood, in the unbounded space: a scalar. */
  logDensity(position: Position): NdArray {
    const { norm } = scipy.stats;
    const { Intercept, common, sigma: sigmaPrior } = this.priors;
    const slopes = np.stack(this.terms.map((term) => position[term]!));
    const sigma = np.exp(position.sigma_log!);
    const mu = position.Intercept!.add(this.#x.matmul(slopes));
    const parts = [
      norm.logpdf(position.Intercept!, Intercept.mu, Intercept.sigma),
      ...this.terms.map((term) => norm.logpdf(position[term]!, common[term]!.mu, common[term]!.sigma)),
      // d sigma / d log sigma
      halfStudentT(sigma, sigmaPrior).add(position.sigma_log!),
      np.sum(norm.logpdf(this.#y, mu, sigma)),
    ];
    return parts.reduce((sum, part) => sum.add(part));
  }

  /** Where chains start: the centre of the priors, with jitter within one unit of the unbounded space. */
  initialPosition(key: NdArray): Position {
    const { Intercept, common, sigma } = this.priors;
    const centre = {
      Intercept: Intercept.mu,
      ...Object.fromEntries(this.terms.map((term) => [term, common[term]!.mu])),
      sigma_log: Math.log(sigma.sigma),
    };
    const names = Object.entries(centre);
    const jitter = random.uniform(key, [names.length], { minval: -1, maxval: 1 });
    return Object.fromEntries(names.map(([name, value], i) => [name, jitter.slice(i).add(value)]));
  }

  /** The model's parameters at positions with any leading axes; the intercept that of predictors not centred. */
  posterior(draws: Position): Posterior {
    const slopes = this.terms.map((term) => draws[term]!);
    const shift = slopes.reduce((sum, slope, i) => sum.add(slope.mul(this.#xMean[i]!)), np.array(0));
    return {
      sigma: np.exp(draws.sigma_log!),
      Intercept: draws.Intercept!.sub(shift),
      ...Object.fromEntries(this.terms.map((term, i) => [term, slopes[i]!])),
    };
  }

  /** Names of the parameters, in bambi's order. */
  get parameters(): readonly string[] {
    return ["sigma", "Intercept", ...this.terms];
  }

  /** As bambi prints a model. */
  toString(): string {
    const { Intercept, common, sigma } = this.priors;
    const normal = ({ mu, sigma: sd }: Normal): string => `Normal(mu: ${python(mu)}, sigma: ${python(sd)})`;
    return [
      `       Formula: ${this.formula}`,
      "        Family: gaussian",
      "          Link: mu = identity",
      `  Observations: ${this.observations}`,
      "        Priors: ",
      "    target = mu",
      "        Common-level effects",
      `            Intercept ~ ${normal(Intercept)}`,
      ...this.terms.map((term) => `            ${term} ~ ${normal(common[term]!)}`),
      "        ",
      "        Auxiliary parameters",
      `            sigma ~ HalfStudentT(nu: ${python(sigma.nu)}, sigma: ${python(sigma.sigma)})`,
    ].join("\n");
  }
}

/** bambi's weakly informative priors (bambi/priors/scaler.py, after rstanarm). */
function defaultPriors(y: NdArray, terms: readonly string[], columns: readonly NdArray[]): Priors {
  const ySd = np.std(y).item();
  const slopes = columns.map((column) => ({ mu: 0, sigma: (2.5 * ySd) / np.std(column).item() }));
  // The intercept's own spread, and what the slopes add to it at the mean of the predictors.
  const variance = columns.reduce(
    (sum, column, i) => sum + (slopes[i]!.sigma * np.mean(column).item()) ** 2,
    (2.5 * ySd) ** 2,
  );
  return {
    Intercept: { mu: np.mean(y).item(), sigma: Math.sqrt(variance) },
    common: Object.fromEntries(terms.map((term, i) => [term, slopes[i]!])),
    sigma: { nu: 4, sigma: ySd },
  };
}

/** The log density of the positive half of Student's t. */
function halfStudentT(x: NdArray, { nu, sigma }: HalfStudentT): NdArray {
  return scipy.stats.t.logpdf(x, nu, 0, sigma).add(Math.LN2);
}

function parseFormula(formula: string): [response: string, terms: string[]] {
  const [response, right, ...more] = formula.split("~").map((side) => side.trim());
  const terms = (right ?? "").split("+").map((term) => term.trim());
  const name = /^[A-Za-z_]\w*$/;
  if (more.length > 0 || !name.test(response!) || !terms.every((term) => name.test(term))) {
    throw new Error(`expected a formula such as "y ~ x0 + x1", got "${formula}"`);
  }
  return [response!, terms];
}

/** Four decimals at most and one at least. */
function python(x: number): string {
  const rounded = Number(x.toFixed(4));
  return Number.isInteger(rounded) ? rounded.toFixed(1) : String(rounded);
}
