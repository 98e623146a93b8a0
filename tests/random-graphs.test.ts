/** Random graphs: every pass keeps the oracle's result, and plan and buffers compute it too. */
import { describe, test } from "node:test";
import { assemble } from "../compiler/assembly/assemble.ts";
import { fuse } from "../compiler/fusion/fuse.ts";
import type { Graph } from "../compiler/graph/graph.ts";
import type { RefTensor } from "../compiler/graph/reference.ts";
import { runProgram } from "../compiler/interpret/program-interpreter.ts";
import { interpretGraph } from "../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../compiler/interpret/tensors.ts";
import { WASM_FUSION } from "../compiler/lowering/fusion-target.ts";
import { GRAPH_PASSES } from "../compiler/pipeline.ts";
import { verifyProgram } from "../compiler/verify/index.ts";
import { assertClose } from "./helpers/compare.ts";
import { assertSameInGrains, FINE_GRAINS } from "./helpers/fine-grains.ts";
import { Random } from "./helpers/random.ts";
import { randomGraph } from "./helpers/random-graph.ts";
import { runVariants } from "./helpers/run-wasm.ts";
import { randomTensor } from "./helpers/tensors.ts";

const GRAPHS = 120;

function inputsFor(graph: Graph, random: Random): RefTensor[] {
  return graph.inputs.map(({ type }) => randomTensor(random, type, [-2, 2]));
}

describe("random graphs", () => {
  for (let seed = 0; seed < GRAPHS; seed++) {
    test(`seed ${seed}`, () => {
      const random = new Random(`graph ${seed}`);
      const graph = randomGraph(random, 3 + (seed % 12));
      const inputs = inputsFor(graph, random);
      const want = interpretGraph(graph, inputs);
      let current = graph;
      for (const pass of GRAPH_PASSES) {
        current = pass.run(current, { donated: [] });
        const got = interpretGraph(current, inputs);
        assertClose(got, want, { ulp: 0, absolute: 1e-9 }, `after ${pass.name}`);
      }
      const donated = graph.inputs.map(() => random.chance(0.5));
      const { program } = assemble(fuse(current, WASM_FUSION), donated);
      verifyProgram(program);
      const bytes = inputs.map(toBytes);
      const runs: [string, Uint8Array[]][] = [["the plan", runProgram(program, bytes)]];
      const variants = runVariants(program, bytes);
      for (const { variant, outputs } of variants) runs.push([variant, outputs]);
      assertSameInGrains(assemble(fuse(current, WASM_FUSION), donated, FINE_GRAINS).program, bytes, variants);
      for (const [name, got] of runs) {
        const results = want.map(({ type }, i) => fromBytes(type, got[i]));
        assertClose(results, want, { ulp: 64, absolute: 2e-4 }, name);
      }
    });
  }
});
