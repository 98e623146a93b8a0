/** Indexing by run-time values: gather and the scatter family. */
import { OTHER_SCATTER_CASES, REPEATED_SCATTER_CASES, UNIQUE_SCATTER_CASES } from "./cases.ts";
import { gather } from "./gather.ts";
import { scatterPrimitive } from "./scatter.ts";
import {
  extremeTranspose,
  scatterAddJvp,
  scatterAddTranspose,
  scatterExtremeJvp,
  scatterJvp,
  scatterMulJvp,
  scatterMulTranspose,
  scatterTranspose,
} from "./scatter-rules.ts";

const CASES = [...UNIQUE_SCATTER_CASES, ...REPEATED_SCATTER_CASES, ...OTHER_SCATTER_CASES];

export const indexingPrimitives = {
  gather,
  scatter: scatterPrimitive("scatter", { jvp: scatterJvp, transpose: scatterTranspose, cases: CASES }),
  scatter_add: scatterPrimitive("scatter_add", {
    jvp: scatterAddJvp,
    transpose: scatterAddTranspose,
    cases: CASES,
  }),
  // Its derivative needs unique indices, so floats are tested with those.
  scatter_mul: scatterPrimitive("scatter_mul", {
    jvp: scatterMulJvp,
    transpose: scatterMulTranspose,
    cases: [...UNIQUE_SCATTER_CASES, ...OTHER_SCATTER_CASES],
  }),
  scatter_min: scatterPrimitive("scatter_min", {
    jvp: scatterExtremeJvp("scatter_min"),
    transpose: extremeTranspose("scatter_min"),
    cases: CASES,
  }),
  scatter_max: scatterPrimitive("scatter_max", {
    jvp: scatterExtremeJvp("scatter_max"),
    transpose: extremeTranspose("scatter_max"),
    cases: CASES,
  }),
};
