/** The binary functions that JAX has as universal functions, with their methods: `np.add.reduce(x)`. */
import type { NdArray } from "../core/index.ts";
import { IndexUpdate } from "./at.ts";
import type { Index } from "./indexing.ts";
import * as logic from "./logic.ts";
import * as reductions from "./reductions.ts";
import { type Ufunc, type UfuncParts, ufunc } from "./ufunc-methods.ts";
import * as ufuncs from "./ufuncs.ts";

const at = (x: NdArray, indices: readonly Index[]): IndexUpdate => new IndexUpdate(x, indices);

const SUM: UfuncParts = {
  identity: 0,
  reduce: reductions.sum,
  accumulate: reductions.cumsum,
  at: (x, indices, y) => at(x, indices).add(y),
};
const PRODUCT: UfuncParts = {
  identity: 1,
  reduce: reductions.prod,
  accumulate: reductions.cumprod,
  at: (x, indices, y) => at(x, indices).mul(y),
};

/** x + y; on bool the logical or (`jnp.add`). */
export const add: Ufunc = /* @__PURE__ */ ufunc("add", ufuncs.add, SUM);
/** x · y; on bool the logical and (`jnp.multiply`). */
export const multiply: Ufunc = /* @__PURE__ */ ufunc("multiply", ufuncs.multiply, PRODUCT);
/** x − y; bool is refused (`jnp.subtract`). */
export const subtract: Ufunc = /* @__PURE__ */ ufunc("subtract", ufuncs.subtract, {
  at: (x, indices, y) => at(x, indices).sub(y),
});
/** The greater; NaN if either is (`jnp.maximum`). */
export const maximum: Ufunc = /* @__PURE__ */ ufunc("maximum", ufuncs.maximum, {
  reduce: reductions.max,
  at: (x, indices, y) => at(x, indices).max(y),
});
/** The lesser; NaN if either is (`jnp.minimum`). */
export const minimum: Ufunc = /* @__PURE__ */ ufunc("minimum", ufuncs.minimum, {
  reduce: reductions.min,
  at: (x, indices, y) => at(x, indices).min(y),
});
/** log(eˣ + eʸ) without overflow (`jnp.logaddexp`). */
export const logaddexp: Ufunc = /* @__PURE__ */ ufunc("logaddexp", ufuncs.logaddexp, {
  identity: Number.NEGATIVE_INFINITY,
});
/** log₂(2ˣ + 2ʸ) without overflow (`jnp.logaddexp2`). */
export const logaddexp2: Ufunc = /* @__PURE__ */ ufunc("logaddexp2", ufuncs.logaddexp2, {
  identity: Number.NEGATIVE_INFINITY,
});
/** x ≠ 0 and y ≠ 0 (`jnp.logical_and`). */
export const logicalAnd: Ufunc = /* @__PURE__ */ ufunc("logical_and", logic.logicalAnd, {
  identity: 1,
  reduce: reductions.all,
});
/** x ≠ 0 or y ≠ 0 (`jnp.logical_or`). */
export const logicalOr: Ufunc = /* @__PURE__ */ ufunc("logical_or", logic.logicalOr, {
  identity: 0,
  reduce: reductions.any,
});
/** Exactly one of x and y ≠ 0 (`jnp.logical_xor`). */
export const logicalXor: Ufunc = /* @__PURE__ */ ufunc("logical_xor", logic.logicalXor, { identity: 0 });
/** Bitwise and; bool and integers (`jnp.bitwise_and`). */
export const bitwiseAnd: Ufunc = /* @__PURE__ */ ufunc("bitwise_and", logic.bitwiseAnd, { identity: -1 });
/** Bitwise or; bool and integers (`jnp.bitwise_or`). */
export const bitwiseOr: Ufunc = /* @__PURE__ */ ufunc("bitwise_or", logic.bitwiseOr, { identity: 0 });
/** Bitwise exclusive or; bool and integers (`jnp.bitwise_xor`). */
export const bitwiseXor: Ufunc = /* @__PURE__ */ ufunc("bitwise_xor", logic.bitwiseXor, { identity: 0 });
