/** The family of reductions and prefix operations. */
import { argmax, argmin } from "./arg.ts";
import { cumulativePrimitives } from "./cumulative.ts";
import { reduceAnd, reduceMax, reduceMin, reduceOr, reduceProd, reduceSum } from "./reduce.ts";

export const reductionPrimitives = {
  reduce_sum: reduceSum,
  reduce_prod: reduceProd,
  reduce_max: reduceMax,
  reduce_min: reduceMin,
  reduce_and: reduceAnd,
  reduce_or: reduceOr,
  argmax,
  argmin,
  ...cumulativePrimitives,
};
