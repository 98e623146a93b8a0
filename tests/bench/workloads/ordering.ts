/** Sorting, cumulative sums and gathering. */
import { type NdArray, numpy as np } from "weft";
import { integers, uniform } from "./tensor.ts";
import type { Topic } from "./workload.ts";

const ELEMENTS = 2 ** 20;
const VOCABULARY = 32_768;
const WIDTH = 128;
const TOKENS = 16_384;

export const ordering: Topic = {
  name: "order",
  title: "Sorting, cumulative sums, gathering",
  workloads: [
    {
      name: "sort 1 M",
      op: "sort",
      params: {},
      inputs: () => [uniform([ELEMENTS], 1)],
      weft: () => (x: NdArray) => np.sort(x),
      tolerance: 0,
    },
    {
      name: "cumulative sum 1 M",
      op: "cumsum",
      params: {},
      inputs: () => [uniform([ELEMENTS], 1)],
      weft: () => (x: NdArray) => np.cumsum(x),
      tolerance: 1e-4,
      bytes: 2 * 4 * ELEMENTS,
      bound: "memory",
    },
    {
      name: `embedding ${TOKENS} of ${VOCABULARY}×${WIDTH}`,
      op: "gather",
      params: {},
      inputs: () => [uniform([VOCABULARY, WIDTH], 1), integers([TOKENS], 2, VOCABULARY)],
      weft: () => (table: NdArray, indices: NdArray) => np.take(table, indices, { axis: 0 }),
      tolerance: 0,
      bytes: 2 * 4 * TOKENS * WIDTH,
      bound: "memory",
    },
  ],
};
