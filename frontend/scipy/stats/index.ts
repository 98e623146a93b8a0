/** `scipy.stats`: probability distributions and statistics (`jax.scipy.stats`). */
export * as bernoulli from "./bernoulli.ts";
export * as beta from "./beta.ts";
export * as betabinom from "./betabinom.ts";
export * as binom from "./binom.ts";
export * as cauchy from "./cauchy.ts";
export * as chi2 from "./chi2.ts";
export * as dirichlet from "./dirichlet.ts";
export * as expon from "./expon.ts";
export * as gamma from "./gamma.ts";
export * as gennorm from "./gennorm.ts";
export * as geom from "./geom.ts";
export * as gumbelL from "./gumbel-l.ts";
export * as gumbelR from "./gumbel-r.ts";
export * as halfcauchy from "./halfcauchy.ts";
export * as halfnorm from "./halfnorm.ts";
export { type BandwidthMethod, GaussianKde, gaussianKde, type KdeOptions } from "./kde.ts";
export * as laplace from "./laplace.ts";
export * as logistic from "./logistic.ts";
export * as multinomial from "./multinomial.ts";
export * as multivariateNormal from "./multivariate-normal.ts";
export * as nbinom from "./nbinom.ts";
export * as norm from "./norm.ts";
export type { Loc, LocOptions, LocScale, LocScaleOptions } from "./parameters.ts";
export * as pareto from "./pareto.ts";
export * as poisson from "./poisson.ts";
export {
  type ModeOptions,
  mode,
  type NanPolicy,
  type RankMethod,
  type RankOptions,
  rankdata,
  type SemOptions,
  sem,
} from "./ranks.ts";
export * as t from "./t.ts";
export * as truncnorm from "./truncnorm.ts";
export * as uniform from "./uniform.ts";
export * as vonmises from "./vonmises.ts";
export * as wrapcauchy from "./wrapcauchy.ts";
