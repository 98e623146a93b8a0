/** All elementwise primitives, by name. */
import * as arithmetic from "./arithmetic.ts";
import * as bitwise from "./bitwise.ts";
import * as comparison from "./comparison.ts";
import * as conversion from "./conversion.ts";
import * as exponential from "./exponential.ts";
import * as fused from "./fused.ts";
import * as identity from "./identity.ts";
import { reduce_precision } from "./reduce-precision.ts";
import * as rounding from "./rounding.ts";
import * as selection from "./selection.ts";
import * as special from "./special.ts";
import * as trigonometric from "./trigonometric.ts";

export const elementwisePrimitives = {
  ...rounding,
  reduce_precision,
  ...exponential,
  ...trigonometric,
  ...special,
  ...arithmetic,
  ...bitwise,
  ...comparison,
  ...selection,
  ...fused,
  ...conversion,
  ...identity,
} as const;
