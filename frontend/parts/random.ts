/** Choices and the distributions beyond uniform, normal and Bernoulli numbers in pages. It exports the functions. */
export * from "../random/discrete.ts";
export * from "../random/distributions.ts";
