/** Updates that keep parameters or themselves in bounds (optax's `transforms/_constraining.py`). */
import { asArray, type NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { isnan, where } from "../numpy/logic.ts";
import { any } from "../numpy/reductions.ts";
import { add } from "../numpy/ufuncs.ts";
import { type GradientTransformation, transformation, withParams } from "./base.ts";
import { mapTree, type OptState } from "./trees.ts";

/** Updates that take parameters not below 0 (`optax.keep_params_nonnegative`). Needs the parameters. */
export function keepParamsNonnegative(): GradientTransformation {
  return withParams("keepParamsNonnegative", (u, p) => where(lax.lt(add(p, u), 0), lax.neg(p), u));
}

/** `optax.ZeroNansState`: for each leaf whether it had NaN in the last step. */
export interface ZeroNansState extends OptState {
  readonly foundNan: unknown;
}

/** 0 in place of NaN (`optax.zero_nans`). */
export function zeroNans(): GradientTransformation<ZeroNansState> {
  return transformation<ZeroNansState>(
    ["foundNan"],
    (params) => ({ foundNan: mapTree(() => asArray(false), params) }),
    (updates) => [
      mapTree((g: NdArray) => where(isnan(g), 0, g), updates),
      { foundNan: mapTree((g: NdArray) => any(isnan(g)), updates) },
    ],
  );
}
