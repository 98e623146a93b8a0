/** Jacobians, Hessians and transposes of linear functions in pages. It exports the transformations. */
export * from "../transforms/jacobian.ts";
export * from "../transforms/linear-transpose.ts";
