/** The family of sliding-window operations: pooling and its derivatives. */
import { reduceWindowMax, reduceWindowMin, reduceWindowProd, reduceWindowSum } from "./reduce-window.ts";
import { selectAndGatherAdd, selectAndScatterAdd } from "./select.ts";

export const windowPrimitives = {
  reduce_window_sum: reduceWindowSum,
  reduce_window_prod: reduceWindowProd,
  reduce_window_max: reduceWindowMax,
  reduce_window_min: reduceWindowMin,
  select_and_scatter_add: selectAndScatterAdd,
  select_and_gather_add: selectAndGatherAdd,
};
