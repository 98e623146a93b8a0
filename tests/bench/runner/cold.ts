/** The first compilation of a fresh process, when V8 has not yet optimised the compiler. */

import { jit, type NdArray, numpy as np, spec } from "weft";
import { trainingLoops } from "../workloads/training.ts";
import type { WeftFunction } from "../workloads/workload.ts";
import { now } from "./clock.ts";
import type { CompileFigures } from "./contender.ts";

/** Functions that are compiled in fresh processes. Sizes are numbers of equations. */
export interface ColdItem {
  readonly name: string;
  readonly item: "adam" | "graph";
  readonly size: number;
  /** Most processes; the time of one says how many are worth while. */
  readonly runs: number;
}

export const COLD_ITEMS: readonly ColdItem[] = [
  { name: "1–128–1 Adam step", item: "adam", size: 0, runs: 5 },
  { name: "graph of 1 000 equations", item: "graph", size: 1000, runs: 5 },
  { name: "graph of 10 000 equations", item: "graph", size: 10_000, runs: 3 },
  { name: "graph of 100 000 equations", item: "graph", size: 100_000, runs: 1 },
];

const WIDTH = 64;
const BLOCK = 10;

/** Ten equations a block, elementwise work and a reduction, so that kernels are neither one nor as many as equations. */
function graphOf(equations: number): WeftFunction {
  return (x: NdArray) => {
    for (let i = 0; i < equations / BLOCK; i++) {
      const y = x.mul(0.5 + (i % 7) / 10).add(x);
      const w = np.tanh(y).mul(x);
      const e = np.exp(np.maximum(w, y));
      x = e.div(np.sum(e)).add(w);
    }
    return x;
  };
}

export function coldFigures(item: string, size: number): CompileFigures & { equations?: number } {
  const { f, specs } = item === "graph" ? { f: graphOf(size), specs: [spec([WIDTH])] } : adamStep();
  const jitted = jit(f);
  const started = now();
  const lowered = jitted.lower(...specs);
  const traced = now();
  const compiled = lowered.compile();
  const finished = now();
  return {
    trace: traced - started,
    compile: finished - traced,
    moduleBytes: compiled.memoryAnalysis().generatedCodeSize,
    // A loop is one equation, however many its body has.
    ...(item === "graph" && { equations: lowered.graph.equations.length }),
  };
}

function adamStep() {
  const workload = trainingLoops.workloads[1];
  return { f: workload.weft(1), specs: workload.inputs().map((x) => spec(x.shape)) };
}
