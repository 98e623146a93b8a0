/** Operations that move elements: their lowering is an index expression and nothing else. */
import { broadcastInDim, rev, transpose } from "./axes.ts";
import { concatenate } from "./concatenate.ts";
import { dynamicSlice, dynamicUpdateSlice } from "./dynamic.ts";
import { reshape } from "./reshape.ts";
import { pad, slice } from "./slicing.ts";
import { constant, iota } from "./sources.ts";

export const movementPrimitives = {
  reshape,
  transpose,
  broadcast_in_dim: broadcastInDim,
  slice,
  dynamic_slice: dynamicSlice,
  dynamic_update_slice: dynamicUpdateSlice,
  pad,
  rev,
  concatenate,
  iota,
  constant,
};
