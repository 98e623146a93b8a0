/** All workloads, by topic. */
import { convolutions } from "./convolution.ts";
import { elementwise, reductions } from "./elementwise.ts";
import { loops } from "./loops.ts";
import { matmul } from "./matmul.ts";
import { networks } from "./networks.ts";
import { ordering } from "./ordering.ts";
import { rows } from "./rows.ts";
import { trainingLoops } from "./training.ts";
import type { Topic } from "./workload.ts";

export const TOPICS: readonly Topic[] = [
  matmul,
  convolutions,
  rows,
  elementwise,
  reductions,
  ordering,
  loops,
  trainingLoops,
  networks,
];
